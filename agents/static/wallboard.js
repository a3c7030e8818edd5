// @ts-check
/** The wallboard: two fragments, and a clock that shows that they are alive. */

import { Live, clockTime } from "./live.js";

const board = /** @type {HTMLElement} */ (document.getElementById("wallboard"));
const asOf = /** @type {HTMLElement} */ (document.getElementById("as-of"));
const live = new Live(board);

live.start();
setInterval(() => (asOf.textContent = clockTime(live.seen, board.dataset.zone)), 250);
