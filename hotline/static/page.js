// @ts-check
/** What every page needs: where one is must be in sight, and a button has its key. */

// on a narrow screen the navigation scrolls
for (const here of document.querySelectorAll("header.site nav [aria-current]")) {
  const bar = here.parentElement;
  // not scrollIntoView: that moves the page too, which a reload has just put back in its place
  if (here instanceof HTMLElement && bar) bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
}

/**
 * A key presses the button that names it (`data-key`, a letter), unless somebody is writing. The desk
 * has keys of its own.
 * @param {KeyboardEvent} event
 */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  if (event.target instanceof Element && event.target.closest("input, select, textarea, [contenteditable]")) return;
  // a Thai keyboard writes other letters: the place of the key counts as well
  const names = [event.key.toLowerCase(), event.code.replace(/^Key/, "").toLowerCase()];
  const button = names.map((name) => document.querySelector(`button[data-key="${CSS.escape(name)}"]:enabled`)).find(Boolean);
  if (!(button instanceof HTMLElement)) return;
  event.preventDefault();
  button.click();
}

if (!document.getElementById("desk")) document.addEventListener("keydown", onKey);
