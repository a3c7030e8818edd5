// @ts-check
/**
 * What has changed, told by the server (server-sent events): docs/desk.md says how a fragment listens.
 *
 * While a stream is up, fragments ask when they are told to, and now and then by themselves. A stream that
 * says nothing for a while is given up (a proxy may hold it up, a network may be gone without a word); until
 * another one is up, fragments ask as often as without.
 *
 * A page has one stream, whoever opens it: the page's own, else the bell's (notices.js). What else on the page
 * wants to be told has `data-listen` (topics), and hears of it by `told`.
 */

const SILENT_MS = 7000;
const AGAIN_MS = [1000, 2000, 4000, 8000];

/** What the page's stream tells, whoever opened it. */
const page = new EventTarget();
let pageUp = false;
page.addEventListener("up", () => (pageUp = true));
page.addEventListener("down", () => (pageUp = false));

/** @returns {string[]} the topics of all on the page that wants to be told */
function alsoWanted() {
  const elements = document.querySelectorAll("[data-listen]");
  return [...elements].flatMap((element) => /** @type {HTMLElement} */ (element).dataset.listen?.split(" ") ?? []);
}

/**
 * Be told of changes by the stream of this page.
 * @param {HTMLElement} element has `data-listen`
 * @param {(why: "changed" | "up" | "down") => void} act something it listens to has changed; or something may
 *   have been missed, and from now on nothing (up), or anything (down), will be
 * @returns {() => boolean} whether the stream is up
 */
export function told(element, act) {
  const topics = (element.dataset.listen ?? "").split(" ");
  page.addEventListener("changed", (event) => {
    const { detail } = /** @type {CustomEvent<Set<string>>} */ (event);
    if (topics.some((topic) => detail.has(topic))) act("changed");
  });
  page.addEventListener("up", () => act("up"));
  page.addEventListener("down", () => act("down"));
  return () => pageUp;
}

/** Events: `up`, `down` (something may be missed from now on), `changed`, and `beat`: nothing has. */
export class Stream extends EventTarget {
  /** @param {string} address where the stream is; empty: nowhere */
  constructor(address) {
    super();
    this.address = address;
    this.topics = "";
    /** Which time it is up; 0: it is not. */
    this.since = 0;
    this.times = 0;
    /** What the one that has begun tells of. @type {Set<string>} */
    this.heard = new Set();
    /** The mark of what was told last. */
    this.mark = "";
    this.tries = 0;
    /** @type {EventSource | undefined} */
    this.source = undefined;
    /** The one before, which is heard until the next has begun: nothing is missed in between. @type {EventSource | undefined} */
    this.before = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    addEventListener("online", () => this.again(0));
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", (event) => event.persisted && this.again(0));
  }

  get up() {
    return this.since > 0;
  }

  /** @param {string[]} topics @returns {boolean} whether it tells of all these: what is new to it, it does with the next one */
  tells(topics) {
    return topics.every((topic) => this.heard.has(topic));
  }

  /**
   * Listen to these as well from now on.
   * @param {Iterable<string>} topics
   */
  listen(topics) {
    const wanted = new Set(topics);
    const known = this.topics.split(" ").filter(Boolean);
    if (!this.address || [...wanted].every((topic) => known.includes(topic))) return;
    this.topics = [...new Set([...known, ...wanted])].sort().join(" ");
    this.again(0);
  }

  /** The session is over. */
  stop() {
    this.topics = this.address = "";
    this.close();
  }

  open() {
    clearTimeout(this.timer);
    const topics = [...new Set([...this.topics.split(" "), ...alsoWanted()])].filter(Boolean).sort();
    if (!this.address || !topics.length) return;
    const address = new URL(this.address, location.origin);
    address.searchParams.set("topics", topics.join(" "));
    // of those that never began the last one is waited for; one that has is kept until then
    if (this.source?.readyState !== EventSource.OPEN || this.before) this.source?.close();
    else this.before = this.source;
    const source = (this.source = new EventSource(address, { withCredentials: true }));
    /** @param {string} name @param {(event: MessageEvent) => void} act */
    const on = (name, act) =>
      source.addEventListener(name, (event) => {
        if (this.source !== source && this.before !== source) return;
        if (this.source === source) this.watch();
        act(/** @type {MessageEvent} */ (event));
      });
    on("hello", () => {
      if (this.source !== source) return;
      this.before?.close();
      this.before = undefined;
      this.heard = new Set(topics);
      this.isUp(true);
    });
    on("here", () => this.isUp(true));
    on("away", () => this.isUp(false));
    on("beat", () => this.up && this.dispatchEvent(new Event("beat")));
    on("changed", (event) => {
      this.mark = event.lastEventId;
      const changed = new CustomEvent("changed", { detail: new Set(event.data.split(" ")) });
      this.dispatchEvent(changed);
      page.dispatchEvent(new CustomEvent("changed", { detail: changed.detail }));
    });
    // not left to the browser, which never tries again after an answer that is none
    source.addEventListener("error", () => {
      if (this.source === source) return this.lost();
      source.close();
      if (this.before !== source) return;
      this.before = undefined;
      this.isUp(false); // until the next begins
    });
    this.watch();
  }

  /** @param {boolean} up */
  isUp(up) {
    if (up) this.tries = 0;
    if (this.up === up) return;
    this.since = up ? ++this.times : 0;
    this.dispatchEvent(new Event(up ? "up" : "down"));
    page.dispatchEvent(new Event(up ? "up" : "down"));
  }

  /** Give it up when nothing is heard for long. */
  watch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lost(), SILENT_MS);
  }

  lost() {
    this.close();
    this.isUp(false);
    const wait = AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)];
    this.again(wait * (0.75 + Math.random() / 2)); // not all pages in the same moment
  }

  /** @param {number} milliseconds */
  again(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), milliseconds);
  }

  close() {
    clearTimeout(this.timer);
    for (const each of [this.before, this.source]) each?.close();
    this.before = this.source = undefined;
  }
}
