// @ts-check
/**
 * What the note seems to be about, while it is typed. The place for it is another room's fragment
 * (`[data-suggest]`, its value the address to ask); a button in it puts a category into the form.
 */

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const PAUSE_MS = 250;
const GIVE_UP_MS = 8000;

/** @type {number | undefined} */
let pause;
/** @type {AbortController | undefined} */
let asking;
/** What was asked about last, by the place that shows it. @type {WeakMap<Element, string>} */
const asked = new WeakMap();

/** The place, its form, and the form's fields; undefined while there is none. */
function here() {
  const place = desk.querySelector("form [data-suggest]");
  if (!(place instanceof HTMLElement)) return undefined;
  const form = /** @type {HTMLFormElement} */ (place.closest("form"));
  const note = form.elements.namedItem("note");
  const category = form.elements.namedItem("category");
  const token = form.elements.namedItem("csrf_token");
  if (!(note instanceof HTMLTextAreaElement && category instanceof HTMLSelectElement && token instanceof HTMLInputElement)) return undefined;
  return { place, form, note, category, token };
}

async function ask() {
  const found = here();
  if (!found) return;
  const { place, note, token } = found;
  const text = note.value.trim();
  if (asked.get(place) === text) return;
  asked.set(place, text);
  asking?.abort(); // what is older must not arrive later
  const mine = (asking = new AbortController());
  const query = new URLSearchParams({ lang: document.documentElement.lang });
  try {
    const response = await fetch(`${place.dataset.suggest}?${query}`, {
      method: "POST",
      body: new URLSearchParams({ text, csrf_token: token.value }),
      headers: { Accept: "text/html" },
      signal: AbortSignal.any([mine.signal, AbortSignal.timeout(GIVE_UP_MS)]),
    });
    if (!response.ok || response.redirected) throw new Error(`${response.status}`);
    place.innerHTML = await response.text();
    mark();
  } catch {
    // somebody types on, or the network is away: what was suggested stays, the choice is theirs anyway
    if (asking === mine) asked.delete(place);
  }
}

/** Show which of the suggestions is the one that is chosen. */
function mark() {
  const found = here();
  if (!found) return;
  for (const button of found.place.querySelectorAll("[data-category]")) {
    const chosen = String(/** @type {HTMLElement} */ (button).dataset.category === found.category.value);
    if (button.getAttribute("aria-pressed") !== chosen) button.setAttribute("aria-pressed", chosen);
  }
}

/** @param {Event} event */
function onClick(event) {
  const button = event.target instanceof Element ? event.target.closest("[data-category]") : null;
  const found = here();
  if (!(button instanceof HTMLElement) || !found?.place.contains(button)) return;
  found.category.value = button.dataset.category ?? "";
  found.category.dispatchEvent(new Event("input", { bubbles: true }));
  mark();
}

desk.addEventListener("click", onClick);
desk.addEventListener("input", (event) => {
  const found = here();
  if (!found) return;
  if (event.target === found.category) mark();
  if (event.target !== found.note) return;
  clearTimeout(pause);
  pause = setTimeout(ask, PAUSE_MS);
});
// a form that comes with a draft in it: a call that was passed on, a page that was loaded again
new MutationObserver(() => {
  const found = here();
  if (!found || asked.has(found.place) || !found.note.value.trim()) return;
  ask();
}).observe(desk, { childList: true, subtree: true });
