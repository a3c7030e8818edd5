// @ts-check
/** The page where the reports begin: what it says of now stays true, in figures and in charts. */

import { Live, clockTime } from "/static/agents/live.js";
import { follow } from "./charts.js";

const root = /** @type {HTMLElement} */ (document.getElementById("dashboard"));
const asOf = /** @type {HTMLElement} */ (document.getElementById("as-of"));
const live = new Live(root);

/** Which day the figures are of. */
const day = () => /** @type {HTMLElement | null} */ (root.querySelector("[data-day]"))?.dataset.day;
const begun = day();

// at midnight everything on the page is of another day: what it leads to as well
live.addEventListener("changed", () => (day() === begun ? follow() : location.reload()));
setInterval(() => (asOf.textContent = live.write(clockTime(live.seen, root.dataset.zone))), 1000);
live.start();
