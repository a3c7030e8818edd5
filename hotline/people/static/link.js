// @ts-check
/**
 * The link for a password: a telephone has no Ctrl-C. Without a script its field is there to be
 * marked, and the button is not.
 */

const field = /** @type {HTMLInputElement} */ (document.querySelector("input.link"));
const button = /** @type {HTMLButtonElement} */ (document.getElementById("copy-link"));
const said = /** @type {HTMLElement} */ (document.getElementById("copied"));

button.hidden = false;
button.addEventListener("click", async () => {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // where the page comes without TLS there is no clipboard of that kind
    if (!document.execCommand("copy")) return;
  }
  said.textContent = button.dataset.copied ?? "";
});
