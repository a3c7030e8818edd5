// @ts-check
/**
 * The dispatch board while it is open: it asks again when the stream says that something has changed, and
 * now and then by itself. What somebody is writing, or has opened, is not taken from them: it is said that
 * there is news, which is shown when they have finished.
 *
 * Keys: J and K go through what waits, 1 to 3 send the unit suggested so to the one that has the focus
 * (with none: to the first).
 */

const ASK_MS = 15_000;

class Board {
  /** @param {HTMLElement} frame */
  constructor(frame) {
    this.frame = frame;
    this.asking = false;
    this.again = false;
    /** Something has changed that is not shown yet. */
    this.stale = false;
    this.reveal();
    this.listen();
    setInterval(() => this.ask(), ASK_MS);
    document.addEventListener("visibilitychange", () => this.ask());
    document.addEventListener("keydown", (event) => this.key(event));
    frame.addEventListener("focusout", () => setTimeout(() => this.stale && this.ask()));
    frame.addEventListener("toggle", () => this.stale && this.ask(), true);
  }

  listen() {
    const { stream, topics } = this.frame.dataset;
    if (!stream || !topics) return;
    const events = new EventSource(`${stream}?topics=${encodeURIComponent(topics)}`, { withCredentials: true });
    events.addEventListener("changed", () => this.ask());
    addEventListener("pagehide", () => events.close());
  }

  /** Somebody writes in it, or has opened something to do so. */
  get busy() {
    const { activeElement } = document;
    const writes = activeElement instanceof Element && this.frame.contains(activeElement) && activeElement.matches("input, select, textarea");
    return writes || Boolean(this.frame.querySelector("details[open]"));
  }

  async ask() {
    if (document.hidden) return;
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      const answer = await fetch(`${this.frame.dataset.part}`, { headers: { Accept: "text/html" } });
      if (answer.ok && !answer.redirected) this.show(await answer.text());
    } catch {
      // the network is away: asked again later
    } finally {
      this.asking = false;
    }
    if (this.again) {
      this.again = false;
      this.ask();
    }
  }

  /** @param {string} html */
  show(html) {
    this.stale = this.busy;
    const told = document.getElementById("stale");
    if (told) told.hidden = !this.stale;
    if (this.stale) return;
    const { activeElement } = document;
    const id = activeElement && this.frame.contains(activeElement) ? activeElement.id : "";
    this.frame.innerHTML = html;
    this.reveal();
    if (id) document.getElementById(id)?.focus({ preventScroll: true });
    this.frame.dispatchEvent(new CustomEvent("shown", { bubbles: true }));
  }

  /** What there is to press is shown only where it does something. */
  reveal() {
    for (const each of this.frame.querySelectorAll("[data-scripted]")) each.removeAttribute("hidden");
  }

  /** @returns {HTMLElement[]} */
  waiting() {
    return /** @type {HTMLElement[]} */ ([...this.frame.querySelectorAll("[data-wait]")]);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea, dialog, .map, [contenteditable]")) return;
    // a Thai keyboard writes other letters: the place of the key counts as well
    const name = event.code.replace(/^(Key|Digit|Numpad)/, "").toLowerCase();
    if (name === "j" || name === "k") this.step(name === "j" ? 1 : -1);
    else if (/^[1-3]$/.test(name)) this.send(Number(name));
    else return;
    event.preventDefault();
  }

  /** @param {number} by */
  step(by) {
    const all = this.waiting();
    const here = all.findIndex((each) => each.contains(document.activeElement));
    const next = all[Math.max(0, Math.min(all.length - 1, here + by))];
    const first = next?.querySelector(".suggested-units button") ?? next?.querySelector("a");
    if (first instanceof HTMLElement) first.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} nth */
  send(nth) {
    const all = this.waiting();
    const one = all.find((each) => each.contains(document.activeElement)) ?? all[0];
    const button = one?.querySelectorAll(".suggested-units button")[nth - 1];
    if (button instanceof HTMLButtonElement) button.click();
  }
}

const frame = document.getElementById("board");
if (frame) new Board(frame);
