// @ts-check
/** On every page but the desk: say that a call rings for who has wandered off. */

const banner = /** @type {HTMLElement} */ (document.getElementById("ringing"));
const title = document.title;
const READY_MS = 2000;
/** Who takes no calls is asked for only in case that changes on another page. */
const AWAY_MS = 10_000;
const GIVE_UP_MS = 8000;

/** @param {boolean} rings */
function show(rings) {
  if (banner.hidden === !rings) return;
  banner.hidden = !rings;
  document.title = rings ? `${banner.dataset.title} · ${title}` : title;
}

/** @returns {Promise<number>} when to ask again, in milliseconds; 0: never */
async function ask() {
  try {
    const response = await fetch("/api/presence", { cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (response.status < 500 && !response.ok) return show(false), 0; // signed out meanwhile
    if (!response.ok) return READY_MS;
    const { status, state } = await response.json();
    show(state === "offered");
    return status === "ready" ? READY_MS : AWAY_MS;
  } catch {
    return READY_MS; // the network comes back
  }
}

for (let wait = await ask(); wait; wait = await ask()) await new Promise((wake) => setTimeout(wake, wait));
