// @ts-check
/**
 * On every page but the desk: say that a call rings for who has wandered off. The page's stream tells that
 * something has changed; while it is away, and on pages without one, this asks by itself.
 */

import { told } from "/static/floor/stream.js";

const banner = /** @type {HTMLElement} */ (document.getElementById("ringing"));
const title = document.title;
const READY_MS = 2000;
/** Who takes no calls is asked for only in case that changes on another page. */
const AWAY_MS = 10_000;
/** While the stream is up: something may have been lost. */
const LISTENING_MS = 60_000;
const GIVE_UP_MS = 8000;

/** @param {boolean} rings */
function show(rings) {
  if (banner.hidden === !rings) return;
  banner.hidden = !rings;
  document.title = rings ? `${banner.dataset.title} · ${title}` : title;
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let asking = false;
let again = false;
let over = false;

/** Ask, and once more when something changed while the answer was on its way. */
async function ask() {
  if (over) return;
  again = asking;
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  const wait = await look();
  asking = false;
  if (over) return;
  if (again) return ask();
  timer = setTimeout(ask, isUp() ? LISTENING_MS : wait);
}

/** @returns {Promise<number>} when to ask again without a stream, in milliseconds */
async function look() {
  try {
    const response = await fetch("/api/presence", { cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (response.status < 500 && !response.ok) {
      over = true; // signed out meanwhile
      show(false);
    }
    if (!response.ok) return READY_MS;
    const { status, state } = await response.json();
    show(state === "offered");
    return status === "ready" ? READY_MS : AWAY_MS;
  } catch {
    return READY_MS; // the network comes back
  }
}

const isUp = told(banner, ask);
ask();
