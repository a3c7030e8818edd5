// @ts-check
/**
 * The bell in the header counts by itself: it asks again when the stream of its page says that something
 * has come, when that is up (what came before was told to nobody), and now and then. Where the page has no
 * stream of its own (the desk has), it is opened here.
 */

import { Stream, told } from "./stream.js";

const ASK_MS = 45_000;

/** @param {HTMLElement} bell */
function watch(bell) {
  let asking = false;
  let again = false;
  /** Ask, and once more when something came while the answer was on its way. */
  const ask = async () => {
    again = asking;
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch("/notices/bell", { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected) bell.innerHTML = await answer.text();
    } catch {
      // the network is away: asked again later
    } finally {
      asking = false;
    }
    if (again) await ask();
  };
  setInterval(ask, ASK_MS);
  document.addEventListener("visibilitychange", ask);
  told(bell, (why) => why === "down" || ask());
  if (!document.querySelector("main [data-stream]")) new Stream(bell.dataset.stream ?? "").open();
}

const bell = document.getElementById("bell");
if (bell) watch(bell);
