// @ts-check
/**
 * The bell in the header counts by itself: it asks again when the stream says that something has
 * come. A page that listens to a stream of its own (the desk) has no room for a second: there, and
 * wherever the stream is away, it asks now and then.
 */

const ASK_MS = 45_000;

/** @param {HTMLElement} bell */
function watch(bell) {
  let asking = false;
  const ask = async () => {
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
  };
  setInterval(ask, ASK_MS);
  document.addEventListener("visibilitychange", ask);
  const { stream, topic } = bell.dataset;
  if (!stream || !topic || document.querySelector("main [data-stream]")) return;
  const events = new EventSource(`${stream}?topics=${encodeURIComponent(topic)}`, { withCredentials: true });
  events.addEventListener("changed", ask);
  addEventListener("pagehide", () => events.close());
}

const bell = document.getElementById("bell");
if (bell) watch(bell);
