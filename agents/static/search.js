// @ts-check
/** Lists that are searched by typing: `<input data-searches="NAME">` beside `<select name="NAME" size>`. */

/**
 * Keep such lists to what is typed, now and whenever somebody types.
 * @param {HTMLElement} root
 * @returns {() => void} looks again: after the lists have changed
 */
export function searchLists(root) {
  root.addEventListener("input", (event) => event.target instanceof HTMLInputElement && search(event.target, true));
  root.addEventListener("keydown", onKey);
  // a menu that opens is searched from its first key on
  root.addEventListener("toggle", onToggle, { capture: true });
  return () => root.querySelectorAll("input[data-searches]").forEach((field) => search(/** @type {HTMLInputElement} */ (field), false));
}

/** @param {HTMLInputElement} field */
function listOf(field) {
  const list = field.dataset.searches && field.form?.elements.namedItem(field.dataset.searches);
  return list instanceof HTMLSelectElement ? list : null;
}

/** What was typed and found in no list so far: some of it may still be on its way. @type {WeakSet<Element>} */
const unfound = new WeakSet();

/**
 * Of the list, only what has all the words; when they were just typed, the first of it is chosen, or the
 * first that comes. A number that is in no list is for the server to understand.
 * @param {HTMLInputElement} field
 * @param {boolean} typed
 */
function search(field, typed) {
  const list = listOf(field);
  if (!list) return;
  const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  for (const option of list.options) {
    const text = option.text.toLocaleLowerCase();
    option.hidden = !words.every((word) => text.includes(word));
  }
  for (const group of list.querySelectorAll("optgroup")) group.hidden = !group.querySelector("option:not([hidden])");
  if (!typed && !(unfound.has(field) && list.selectedIndex < 0)) return;
  const first = words.length ? [...list.options].findIndex((option) => !option.hidden && !option.disabled) : -1;
  list.selectedIndex = first;
  if (words.length && first < 0) unfound.add(field);
  else unfound.delete(field);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const field = event.target;
  if (event.key !== "ArrowDown" || !(field instanceof HTMLInputElement)) return;
  const list = listOf(field);
  if (!list) return;
  event.preventDefault();
  list.focus();
  if (list.selectedIndex < 0) list.selectedIndex = [...list.options].findIndex((option) => !option.hidden && !option.disabled);
}

/** @param {Event} event */
function onToggle(event) {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.open) return;
  const field = menu.querySelector("input[data-searches]");
  if (field instanceof HTMLInputElement) field.focus();
}
