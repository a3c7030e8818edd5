// @ts-check
/** What is typed in a form with `data-draft` is kept by the server while it is being typed. */

import { fieldsOf } from "./live.js";

const PAUSE_MS = 1000;
/** Who types without a pause loses no more than this. */
const AT_LATEST_MS = 3000;

class Draft {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.unsavedSince = 0;
    /** Since when that was unsaved which is on its way; 0: nothing is. */
    this.underWay = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {AbortController | undefined} */
    this.sending = undefined;
  }

  edited() {
    const now = performance.now();
    this.unsavedSince ||= now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), Math.min(PAUSE_MS, Math.max(0, this.unsavedSince + AT_LATEST_MS - now)));
  }

  /** @param {boolean} [keepalive] the page is left: what is on its way would be cut off with it, and is sent again */
  async save(keepalive = false) {
    clearTimeout(this.timer);
    const since = (keepalive && this.underWay) || this.unsavedSince;
    if (!since || !this.form.isConnected) return;
    this.sending?.abort(); // what is older must not arrive later
    const sending = (this.sending = new AbortController());
    this.underWay = since;
    this.unsavedSince = 0;
    try {
      const response = await fetch(this.form.dataset.draft ?? "", {
        method: "POST",
        body: fieldsOf(this.form),
        headers: { Accept: "application/json" },
        keepalive,
        signal: sending.signal,
      });
      if (response.status >= 500) throw new Error(`${response.status}`);
      if (this.sending === sending) this.underWay = 0;
    } catch {
      if (this.sending !== sending) return; // a newer one is on its way
      this.underWay = 0;
      this.unsavedSince = since;
      this.timer = setTimeout(() => this.save(), PAUSE_MS);
    }
  }
}

/** @param {HTMLElement} root what holds the forms, now or later */
export function keepDrafts(root) {
  /** @type {Map<HTMLFormElement, Draft>} */
  const drafts = new Map();
  /** @param {Event} event */
  const onEdit = (event) => {
    const form = event.target instanceof Element ? event.target.closest("form") : null;
    if (!form?.dataset.draft) return;
    for (const known of drafts.keys()) if (!known.isConnected) drafts.delete(known);
    const draft = drafts.get(form) ?? new Draft(form);
    drafts.set(form, draft);
    draft.edited();
  };
  root.addEventListener("input", onEdit);
  root.addEventListener("change", onEdit);
  // before the next page is asked for, which shows what is kept by then: `pagehide` comes only with its answer
  for (const leaving of ["beforeunload", "pagehide"]) {
    addEventListener(leaving, () => drafts.forEach((draft) => draft.save(true)));
  }
}
