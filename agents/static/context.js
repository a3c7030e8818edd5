// @ts-check
/** What the right panel gives to the form in the middle. */

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));

/**
 * Put a value into a field of the form, as if it had been typed.
 * @param {string} name the field's
 * @param {(before: string) => string} change
 */
export function fill(name, change) {
  const field = desk.querySelector(`.panel.ticket form [name="${CSS.escape(name)}"]`);
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
  field.value = change(field.value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

desk.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-fill]") : null;
  if (button instanceof HTMLButtonElement) fill(button.dataset.fill ?? "", () => button.value);
});
