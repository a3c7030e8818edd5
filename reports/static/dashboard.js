// @ts-check
/** The page where the reports begin: what it says of now stays true. */

import { Live, clockTime } from "/static/agents/live.js";

const root = /** @type {HTMLElement} */ (document.getElementById("dashboard"));
const asOf = /** @type {HTMLElement} */ (document.getElementById("as-of"));
const live = new Live(root);
setInterval(() => (asOf.textContent = clockTime(live.seen, root.dataset.zone)), 1000);
live.start();
