// @ts-check
/**
 * A ticket's page that stands open says what others have done meanwhile. It is not shown anew by itself:
 * somebody may be writing in it.
 */

const ASK_MS = 20_000;

async function ask() {
  const place = document.querySelector("[data-changed]");
  if (document.hidden || !(place instanceof HTMLElement)) return;
  try {
    const answer = await fetch(`${place.dataset.changed}`, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const html = (await answer.text()).trim();
    // what is said already is not read out once more
    if (html !== place.innerHTML.trim()) place.innerHTML = html;
  } catch {
    // the network is away: asked again later
  }
}

setInterval(ask, ASK_MS);
document.addEventListener("visibilitychange", ask);
// another window of the same screen was looked at meanwhile
addEventListener("focus", ask);
