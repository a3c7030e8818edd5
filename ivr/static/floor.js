// @ts-check
/**
 * The supervisor's page: its fragments, and a clock that shows that they are alive. Its forms are sent
 * as any form is, and the page that comes back says what happened.
 */

import { Live, clockTime } from "/static/agents/live.js";

class Floor extends Live {
  /** The browser sends it. */
  async send() {}
}

const root = /** @type {HTMLElement} */ (document.getElementById("floor"));
const asOf = /** @type {HTMLElement} */ (document.getElementById("as-of"));
const live = new Floor(root);

live.start();
setInterval(() => (asOf.textContent = clockTime(live.seen, root.dataset.zone)), 250);
