// @ts-check
/** Keys towards the far end, as on a telephone: for a switchboard that is talked to by keys. */

/** @param {import("./softphone.js").Softphone} phone */
export function keypad(phone) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("keypad"));
  const opens = /** @type {HTMLElement} */ (document.getElementById("show-keypad"));
  const sent = /** @type {HTMLElement} */ (dialog.querySelector("output"));

  /** @param {string} digit */
  function send(digit) {
    phone.call?.sendDigits(digit);
    sent.textContent += digit;
  }

  opens.addEventListener("click", () => {
    sent.textContent = "";
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => {
    const key = event.target instanceof Element && event.target.closest("[data-digit]");
    if (key instanceof HTMLElement) send(key.dataset.digit ?? "");
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    // a Thai keyboard writes letters where others have digits: there the place of the key counts
    const place = event.shiftKey ? undefined : /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
    const digit = /^[0-9*#]$/.test(event.key) ? event.key : place;
    if (!digit) return;
    event.preventDefault();
    send(digit);
  });
  phone.addEventListener("changed", () => {
    opens.hidden = !phone.call;
    if (!phone.call && dialog.open) dialog.close();
  });
}
