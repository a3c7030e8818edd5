// @ts-check
/**
 * Whether somebody came with this matter already: asked while the form is filled in, and one key
 * adds the caller to what is offered. The place for it is another room's fragment
 * (`[data-matters]`, its value the address to ask).
 */

import { fieldsOf } from "./live.js";

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const PAUSE_MS = 300;
const GIVE_UP_MS = 8000;
/** What is asked about: a form has more fields, and none of these says who calls. */
const ASKED = /^(category|place_.*)$/;

/** @type {number | undefined} */
let pause;
/** @type {AbortController | undefined} */
let asking;
/** What was asked about last, by the place that shows it. @type {WeakMap<Element, string>} */
const asked = new WeakMap();
/** Nothing is added twice while the first answer is on its way. */
let adding = false;

/** The place, and the form that it is about; undefined while there is none. */
function here() {
  const place = desk.querySelector("[data-matters]");
  const form = desk.querySelector("form[data-draft]");
  return place instanceof HTMLElement && form instanceof HTMLFormElement ? { place, form } : undefined;
}

/** @param {HTMLFormElement} form */
function fields(form) {
  const all = fieldsOf(form);
  const sent = new URLSearchParams({ text: all.get("note") ?? "", csrf_token: all.get("csrf_token") ?? "" });
  for (const [name, value] of all) if (ASKED.test(name) && value) sent.append(name, value);
  return sent;
}

/** @param {boolean} [again] also when nothing was typed since */
async function ask(again = false) {
  const found = here();
  if (!found) return;
  const { place, form } = found;
  const body = fields(form);
  const mark = body.toString();
  if (!again && asked.get(place) === mark) return;
  asked.set(place, mark);
  asking?.abort(); // what is older must not arrive later
  const mine = (asking = new AbortController());
  const address = new URL(place.dataset.matters ?? "", location.origin);
  address.searchParams.set("lang", document.documentElement.lang);
  try {
    const response = await fetch(address, {
      method: "POST",
      body,
      headers: { Accept: "text/html" },
      signal: AbortSignal.any([mine.signal, AbortSignal.timeout(GIVE_UP_MS)]),
    });
    if (!response.ok || response.redirected) throw new Error(`${response.status}`);
    const news = place.querySelector("[data-news]");
    const wanted = news instanceof HTMLInputElement ? news.checked : true;
    place.innerHTML = await response.text();
    const now = place.querySelector("[data-news]");
    if (now instanceof HTMLInputElement) now.checked = wanted;
  } catch {
    // somebody types on, or the network is away: what was offered stays
    if (asking === mine) asked.delete(place);
  }
}

/**
 * @param {HTMLElement} place
 * @param {string} words
 */
function refuse(place, words) {
  const told = place.querySelector("[data-refused]");
  if (!(told instanceof HTMLElement)) return;
  told.textContent = words;
  told.hidden = false;
}

/**
 * @param {string} address
 * @param {Record<string, string>} more
 */
async function post(address, more) {
  const found = here();
  if (!found || adding) return;
  const { place, form } = found;
  adding = true;
  try {
    const body = new URLSearchParams({ ...more, csrf_token: fields(form).get("csrf_token") ?? "" });
    const response = await fetch(`${address}?lang=${document.documentElement.lang}`, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
    const told = await response.json();
    if (!response.ok) return refuse(place, told.error?.message ?? `${response.status}`);
    follow(form, told.ticket_shown ?? "", more.was ?? "");
    await ask(true);
  } catch {
    await ask(true); // whether it arrived, the answer shows
  } finally {
    adding = false;
  }
}

/**
 * The outcome that is about a ticket, and which: so that finishing needs no more keys.
 * @param {HTMLFormElement} form
 * @param {string} ticket as it is shown; empty: it was taken back
 * @param {string} was what stood there
 */
function follow(form, ticket, was) {
  const number = form.elements.namedItem("ticket");
  const links = form.querySelector('input[name="outcome"][data-then="ticket"]');
  if (!(number instanceof HTMLInputElement && links instanceof HTMLInputElement)) return;
  if (!ticket && was && number.value !== was) return;
  links.checked = ticket !== "";
  number.value = ticket;
  number.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {Event} event */
function onClick(event) {
  const button = event.target instanceof Element ? event.target.closest("[data-same-matter], [data-another-matter]") : null;
  const found = here();
  if (!(button instanceof HTMLElement) || !found?.place.contains(button)) return;
  const { sameMatter, anotherMatter, ticket } = button.dataset;
  const news = found.place.querySelector("[data-news]");
  const wanted = news instanceof HTMLInputElement && news.checked ? "1" : "";
  if (sameMatter) post(sameMatter, { ticket: ticket ?? "", news: wanted });
  else if (anotherMatter) post(anotherMatter, { was: found.place.querySelector(".matter-added a")?.textContent ?? "" });
}

desk.addEventListener("click", onClick);
for (const typing of ["input", "change"]) {
  desk.addEventListener(typing, (event) => {
    if (!(event.target instanceof Element && event.target.closest("form[data-draft]"))) return;
    clearTimeout(pause);
    pause = setTimeout(ask, PAUSE_MS);
  });
}
// of a call that is finished nothing is asked: it would be refused
desk.addEventListener("submit", (event) => {
  if (!(event.target instanceof Element && event.target.matches("form[data-draft]"))) return;
  clearTimeout(pause);
  asking?.abort();
});
// a form that comes with a draft in it, or a call that was added before the page was loaded again
new MutationObserver(() => {
  const found = here();
  if (found && !asked.has(found.place)) ask();
}).observe(desk, { childList: true, subtree: true });
