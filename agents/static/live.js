// @ts-check
/**
 * Fragments that keep themselves up to date: asked for by URL, merged in without disturbing what
 * somebody is typing, with ages and limits counted here. docs/desk.md says what a fragment may do.
 */

import { numeralsOf } from "/static/floor/numerals.js";
import { Stream } from "/static/floor/stream.js";

const HIDDEN_SECONDS = 5;
/** How often what listens to a stream asks by itself: something may have been lost. */
const LISTENING_SECONDS = 15;
const GIVE_UP_MS = 8000;
const TICK_MS = 250;
/** What is less is no fault of a clock. */
const CLOCK_OFF_MS = 1000;

/**
 * The hotline's clock, which may run faster than the wall.
 * @param {HTMLElement} root has data-now (when the server rendered it) and data-speed
 * @returns {() => number} the moment now, in milliseconds since 1970
 */
export function clockOf(root) {
  const rendered = Date.parse(root.dataset.now ?? "");
  const speed = Number(root.dataset.speed ?? 1);
  const [page] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  const received = performance.timeOrigin + (page?.responseStart ?? 0);
  return () => rendered + (Date.now() - received) * speed;
}

/**
 * 2:10, or 1:02:10 from an hour on; the same as the server writes it.
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** @param {Element} element whether it is a field that one writes in */
export function takesText(element) {
  return element.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])");
}

// ------------------------------------------------------------------ merging

const same = (/** @type {Node} */ one, /** @type {Node} */ other) =>
  one.nodeName === other.nodeName &&
  (!(one instanceof Element) || !(other instanceof Element) || one.id === other.id);

/** @param {Element} element a time that this page counts by itself */
const counted = (element) => element.matches("time[data-since], time[data-until]");

/**
 * Make `from` what `to` is, keeping every element that is in both.
 * @param {Node} from
 * @param {Node} to
 */
function merge(from, to) {
  if (!(from instanceof Element) || !(to instanceof Element)) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (to.hasAttribute("data-kept")) return; // what is in it is a script's
  if (counted(to)) /** @type {HTMLElement} */ (to).title ||= to.textContent ?? "";
  // what somebody has typed is theirs, and its caret with it
  if (from instanceof HTMLTextAreaElement && from.value !== from.defaultValue) return;
  const before = from.getAttribute("data-fragment");
  mergeAttributes(from, to);
  if (counted(to) || (before && before === to.getAttribute("data-fragment"))) return;
  mergeChildren(from, to);
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function mergeAttributes(from, to) {
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    // what a reader has opened stays open
    if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
  }
}

/**
 * @param {Element | DocumentFragment} from
 * @param {Element | DocumentFragment} to
 */
export function mergeChildren(from, to) {
  let here = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const found = here && same(here, wanted) ? here : later(here, wanted);
    if (!found) {
      from.insertBefore(wanted, here);
      continue;
    }
    if (found !== here) from.insertBefore(found, here);
    merge(found, wanted);
    here = found.nextSibling;
  }
  while (here) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
}

/**
 * The element with the wanted id further on, so that one that was inserted above does not replace it.
 * @param {ChildNode | null} here
 * @param {Node} wanted
 */
function later(here, wanted) {
  if (!(wanted instanceof Element) || !wanted.id) return null;
  for (let node = here; node; node = node.nextSibling) if (same(node, wanted)) return node;
  return null;
}

// ------------------------------------------------------------------ fragments

/** The server no longer knows who this is. */
class SessionEnded extends Error {}

class Fragment {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.etag = "";
    this.url = "";
    this.turn = 0;
    /** When it asks by itself, in milliseconds of `performance.now()`; Infinity: never. */
    this.due = 0;
    this.loading = false;
    /** Which time the stream was up when it was asked last. */
    this.since = 0;
    /** What the server's clock showed in its last answer. @type {string | null} */
    this.told = null;
    /** When that was asked, in milliseconds of `performance.now()`. */
    this.asked = 0;
    /** It was told of a change while an answer was on its way. */
    this.again = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.paced = undefined;
    /** Over when what was asked last has been answered. */
    this.answer = Promise.resolve();
  }

  /** What it listens to. */
  get topics() {
    return (this.element.dataset.topics ?? "").split(" ").filter(Boolean);
  }

  get isShut() {
    return this.element.closest("details:not([open])") !== null;
  }

  /**
   * When to ask again.
   * @param {boolean} up whether a stream tells of changes
   */
  wait(up) {
    const every = Number(this.element.dataset.every ?? 0);
    // what stands in a menu that is shut is read by nobody: it is asked for when that opens
    if (!every || this.isShut) return void (this.due = Infinity);
    // what shows more than its topics tell of says how long that may be old
    const seldom = this.element.querySelector("[data-slow]");
    const slow = Number(seldom instanceof HTMLElement ? seldom.dataset.slow : LISTENING_SECONDS);
    const seconds = up && this.topics.length ? Math.max(every, slow) : document.hidden ? Math.max(every, HIDDEN_SECONDS) : every;
    this.due = performance.now() + seconds * 1000 - TICK_MS / 2;
  }

  /**
   * Ask once, and merge what is new.
   * @param {string} [mark] of the change that is asked after
   * @returns {Promise<boolean>} whether anything changed
   */
  async load(mark = "") {
    const address = new URL(this.element.dataset.fragment ?? "", location.origin);
    address.searchParams.set("lang", document.documentElement.lang); // one page, one language
    const url = address.pathname + address.search;
    if (url !== this.url) [this.url, this.etag] = [url, ""];
    const turn = ++this.turn;
    this.asked = performance.now();
    const response = await fetch(url, {
      headers: {
        Accept: "text/html",
        ...(this.etag && { "If-None-Match": this.etag }),
        ...(mark && { "Hotline-After": mark }),
      },
      cache: "no-store",
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
    if (response.redirected || response.status === 401) throw new SessionEnded();
    this.told = response.headers.get("Hotline-Now");
    if (response.status >= 500) throw new Error(`${url}: ${response.status}`);
    if (!response.ok) return false; // 304, or nothing there for this reader
    const text = await response.text();
    if (turn !== this.turn) return false; // a later question has been answered already
    this.etag = response.headers.get("ETag") ?? "";
    const template = document.createElement("template");
    template.innerHTML = text;
    mergeChildren(this.element, template.content);
    return true;
  }
}

export class Live extends EventTarget {
  /** @param {HTMLElement} root what holds the fragments, and data-now, data-speed */
  constructor(root) {
    super();
    this.root = root;
    this.clock = clockOf(root);
    this.write = numeralsOf(root);
    /** By how much that is wrong: machines' clocks drift, and are put right. */
    this.correction = 0;
    /** @type {Map<HTMLElement, Fragment>} */
    this.fragments = new Map();
    this.failures = 0;
    this.seen = this.now();
    /** @type {WeakSet<Element>} */
    this.focused = new WeakSet();
    /** What is being sent, and whether it was meant to be sent again since. @type {WeakMap<HTMLFormElement, boolean>} */
    this.sending = new WeakMap();
    this.stream = new Stream(root.dataset.stream ?? "");
  }

  /** The moment now, in milliseconds since 1970, by the hotline's clock. */
  now() {
    return this.clock() + this.correction;
  }

  /**
   * The server's clock showed `told` at some moment since it was asked: a clock that may be right stays as it is.
   * @param {string | null} told
   * @param {number} took milliseconds from the question until now; more than is waited for: this machine slept
   */
  correct(told, took) {
    const speed = Number(this.root.dataset.speed ?? 1);
    const unsure = took > GIVE_UP_MS ? 0 : (took / 2) * speed;
    const off = Date.parse(told ?? "") + unsure - this.now();
    if (Math.abs(off) > CLOCK_OFF_MS * speed + unsure) this.correction += off;
  }

  /** Begin. Nothing stops it but the end of the session. */
  start() {
    this.adopt();
    setInterval(() => (this.ask(), this.tick()), TICK_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    // a browser mostly knows at once that its network has gone, and that it is back
    for (const change of ["offline", "online"]) addEventListener(change, () => this.refresh());
    // one that is up again needs no question of its own: what was asked without it is due in a moment, and
    // not on all pages at once
    this.stream.addEventListener("down", () => this.ask(true));
    // nothing has changed since, so that what is seen is as of now
    this.stream.addEventListener("beat", () => this.failures || this.isAsking() || (this.seen = this.now()));
    this.stream.addEventListener("changed", (event) => this.heard(/** @type {CustomEvent} */ (event).detail));
    this.root.addEventListener("toggle", (event) => this.opened(/** @type {Element} */ (event.target)), { capture: true });
    this.root.addEventListener("submit", (event) => this.send(/** @type {SubmitEvent} */ (event)));
    this.tick();
  }

  /** Look for fragments that have come, and forget those that have gone. */
  adopt() {
    for (const element of this.fragments.keys()) if (!element.isConnected) this.fragments.delete(element);
    for (const element of this.root.querySelectorAll("[data-fragment]")) {
      if (!(element instanceof HTMLElement) || this.fragments.has(element)) continue;
      const fragment = new Fragment(element);
      this.fragments.set(element, fragment);
      this.load(fragment);
    }
    const also = (this.root.dataset.topics ?? "").split(" ").filter(Boolean);
    this.stream.listen([...also, ...[...this.fragments.values()].flatMap((fragment) => fragment.topics)]);
  }

  /**
   * Ask for what is due.
   * @param {boolean} [sooner] the stream is down: what was put off is due when it is without one
   */
  ask(sooner = false) {
    for (const fragment of this.fragments.values()) {
      if (sooner) fragment.wait(false);
      if (fragment.due <= performance.now() && !fragment.loading) this.load(fragment);
    }
  }

  /** Whether something may have changed that is not seen yet. */
  isAsking() {
    const behind = (/** @type {Fragment} */ fragment) => fragment.topics.length > 0 && fragment.since !== this.stream.since;
    return [...this.fragments.values()].some((each) => each.loading || each.paced !== undefined || behind(each));
  }

  /**
   * Something has changed: who listens to it asks, in turn where many pages would do so at once.
   * @param {Set<string>} topics
   */
  heard(topics) {
    const told = [...this.fragments.values()].filter((each) => each.topics.some((topic) => topics.has(topic)));
    const pace = (/** @type {Fragment} */ each) => Number(each.element.dataset.pace ?? 0);
    this.loadInTurn(told.filter((each) => !pace(each)), this.stream.mark);
    for (const fragment of told.filter(pace)) {
      fragment.paced ??= setTimeout(() => {
        fragment.paced = undefined;
        this.load(fragment, this.stream.mark);
      }, Math.random() * pace(fragment) * 1000);
    }
  }

  /**
   * Ask for these; for one that stands in another of them only after that one, if it is still there. What
   * belongs to a call that is over is refused to its agent.
   * @param {Fragment[]} asked
   * @param {string} [mark] of the change that they are asked after
   */
  async loadInTurn(asked, mark = "") {
    const within = (/** @type {Fragment} */ one) => asked.some((other) => other !== one && other.element.contains(one.element));
    const inner = asked.filter(within);
    const outer = asked.filter((each) => !inner.includes(each));
    await Promise.all(outer.map((each) => this.load(each, mark)));
    await Promise.all(outer.map((each) => each.answer)); // asked again meanwhile: only the last one counts
    const left = inner.filter((each) => this.fragments.get(each.element) === each);
    await Promise.all(left.map((each) => this.load(each, mark)));
  }

  /**
   * @param {Fragment} fragment
   * @param {string} [mark] of the change that it is asked after
   * @returns {Promise<void>} over with its answer, or with that of the question that is under way
   */
  load(fragment, mark = "") {
    if (mark && fragment.loading) fragment.again = true; // or none would ever be the last
    else fragment.answer = this.question(fragment, mark);
    return fragment.answer;
  }

  /**
   * @param {Fragment} fragment
   * @param {string} mark
   */
  async question(fragment, mark) {
    if (this.failures === Infinity) return;
    const since = this.stream.tells(fragment.topics) ? this.stream.since : 0;
    fragment.loading = true;
    fragment.again = false;
    fragment.due = Infinity;
    let answered = false;
    try {
      const changed = await fragment.load(mark);
      answered = true;
      this.failures = 0;
      this.correct(fragment.told, performance.now() - fragment.asked);
      this.seen = this.now();
      this.trouble("");
      if (changed) this.changed(fragment.element);
    } catch (error) {
      if (error instanceof SessionEnded) return this.ended();
      this.failures += 1;
      if (this.failures > 1) this.trouble(`${this.root.dataset.stale} ${this.write(clockTime(this.seen, this.root.dataset.zone))}`);
    } finally {
      fragment.loading = false;
      // nothing can have been missed since it was asked; what was not answered is asked for again soon
      if (answered) fragment.since = since;
      fragment.wait(answered && since > 0 && since === this.stream.since);
    }
    if (fragment.again && this.fragments.has(fragment.element)) this.load(fragment, this.stream.mark);
  }

  /** Ask for everything now that can be seen. */
  async refresh() {
    await this.loadInTurn([...this.fragments.values()].filter((each) => !each.isShut));
  }

  /** A menu was opened: what stands in it is asked for, and kept up to date until it is shut. @param {Element} menu */
  opened(menu) {
    if (!menu.matches("details[open]")) return;
    for (const fragment of this.fragments.values()) if (menu.contains(fragment.element)) this.load(fragment);
  }

  /** @param {HTMLElement} element what has new content */
  changed(element) {
    this.adopt();
    this.tick();
    const wish = element.querySelector("[data-focus]");
    const active = document.activeElement;
    if (wish instanceof HTMLElement && !this.focused.has(wish)) {
      this.focused.add(wish);
      if (!active || !takesText(active)) wish.focus();
      if (wish instanceof HTMLTextAreaElement) wish.setSelectionRange(wish.textLength, wish.textLength);
    }
    this.dispatchEvent(new Event("changed"));
  }

  ended() {
    this.failures = Infinity;
    this.stream.stop();
    this.trouble(this.root.dataset.ended ?? "", location.href);
  }

  /**
   * Say what is wrong above the fragments, or that nothing is; the old truth stays, greyed.
   * @param {string} words
   * @param {string} [href] where to go about it
   */
  trouble(words, href) {
    const notice = this.root.querySelector("#trouble");
    if (!(notice instanceof HTMLElement)) return;
    this.root.classList.toggle("stale", words !== "");
    notice.hidden = words === "";
    if (notice.textContent === words) return;
    notice.replaceChildren(href ? Object.assign(document.createElement("a"), { href, textContent: words }) : words);
  }

  /** Write the ages and what is left of the limits. */
  tick() {
    const now = this.now();
    for (const time of this.root.querySelectorAll("time[data-since], time[data-until]")) {
      const { since, until, soon, long } = /** @type {HTMLElement} */ (time).dataset;
      /** @type {HTMLElement} */ (time).title ||= time.textContent ?? "";
      const left = until ? Date.parse(until) - now : 0;
      const text = this.write(duration(until ? left + 999 : now - Date.parse(since ?? "")));
      if (time.textContent !== text) time.textContent = text;
      if (soon) time.classList.toggle("soon", left < Number(soon) * 1000);
      if (long) time.classList.toggle("soon", now - Date.parse(since ?? "") >= Number(long) * 1000);
    }
  }

  /**
   * Send a form of a fragment in the background.
   * @param {SubmitEvent} event
   */
  async send(event) {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    event.preventDefault();
    if (this.sending.has(form)) return void this.sending.set(form, true);
    const menu = form.closest("details");
    menu?.removeAttribute("open");
    let problem;
    do {
      this.sending.set(form, false);
      problem = await post(form, event.submitter, this.root.dataset.unsent ?? "");
      // somebody who was quicker than the refusal has put it right meanwhile
    } while (problem && this.sending.get(form));
    this.sending.delete(form);
    form.querySelector(".send-problem")?.remove();
    if (problem) {
      menu?.setAttribute("open", ""); // or nobody reads what was wrong
      const notice = Object.assign(document.createElement("p"), { className: "notice bad send-problem", textContent: problem.words });
      notice.setAttribute("role", "alert");
      form.append(notice);
      const field = form.querySelector(`[data-faults~="${CSS.escape(problem.code)}"]`);
      if (field instanceof HTMLElement) field.focus();
    }
    await this.refresh();
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} [submitter]
 */
export function fieldsOf(form, submitter = null) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form, submitter)) fields.append(name, String(value));
  return fields;
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 * @param {string} unsent what to say when no answer came
 * @returns {Promise<{code: string, words: string} | null>} what went wrong
 */
async function post(form, submitter, unsent) {
  try {
    const response = await fetch(form.getAttribute("action") ?? "", {
      method: "POST",
      body: fieldsOf(form, submitter),
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
    if (response.ok) return null;
    const { error } = await response.json();
    return { code: error.code, words: error.message };
  } catch {
    return { code: "", words: unsent };
  }
}

/**
 * @param {number} moment
 * @param {string} [zone] the city's time zone
 */
export function clockTime(moment, zone) {
  return new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: zone }).format(moment);
}
