// @ts-check
/** The desk: fragments kept up to date, keys, the sound and the title of a call that rings. */

import { keepDrafts } from "./drafts.js";
import { Live, takesText } from "./live.js";
import { ringWhereChosen } from "./sound.js";
import { searchLists } from "./search.js";

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const keys = /** @type {HTMLDialogElement} */ (document.getElementById("keys"));
const live = new Live(desk);
const searchAgain = searchLists(desk);
const title = document.title;
const RING_MS = 3000;
/** A key is an answer to an offer only after so long a look at it, and so long without a key. */
const QUIET_MS = 700;
/** Who wrote so lately is still writing. */
const WRITING_MS = 2000;

// ------------------------------------------------------------------ keys

/**
 * The names under which a key may be asked for. A Thai keyboard writes letters where others have
 * digits, so the place of the key counts as well as what it writes.
 * @param {KeyboardEvent} event
 */
function namesOf(event) {
  const place = /^(?:Digit|Numpad|Key)([0-9A-Z])$/.exec(event.code)?.[1]?.toLowerCase();
  const names = [event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (place && !event.shiftKey) names.push(place);
  if (event.code === "Slash" && event.shiftKey) names.push("?");
  return event.ctrlKey ? names.map((name) => `Control+${name}`) : names;
}

/** @param {string} name */
function ofKey(name) {
  const found = [...desk.querySelectorAll(`[data-key="${CSS.escape(name)}"]`)];
  return found.find((element) => element instanceof HTMLElement && element.checkVisibility() && !element.matches(":disabled"));
}

let quiet = false;
/** @type {number | undefined} */
let quieting;
/** Whether the last key was pressed when it was quiet. */
let meant = false;

/** Something happened that a key pressed right now cannot yet be an answer to. */
function disturb() {
  quiet = false;
  desk.classList.remove("quiet");
  clearTimeout(quieting);
  quieting = setTimeout(() => desk.classList.toggle("quiet", (quiet = true)), QUIET_MS);
}

/**
 * A click that no pointer made answers an offer only when it was meant for it: an Enter that ends a
 * sentence is not.
 * @param {MouseEvent} event
 */
function onClick(event) {
  if (event.detail > 0 || meant || quiet) return;
  if (!(event.target instanceof Element && event.target.closest(".ring"))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

let typedAt = -Infinity;
/** @type {Element | undefined} */
let field;

/** @param {Event} event */
function onTyping(event) {
  if (!(event.target instanceof Element && takesText(event.target))) return;
  if (event instanceof KeyboardEvent && event.ctrlKey) return;
  typedAt = performance.now();
  field = event.target;
}

/** Somebody types on although the field is gone (its time was over): none of it is a command. */
function typesIntoNothing() {
  if (meant) field = undefined;
  return field !== undefined && !field.isConnected;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (typesIntoNothing()) return;
  if (event.isComposing || event.repeat || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Escape" && closeMenus()) return;
  if (takesText(target) && !event.ctrlKey && !/^F\d+$/.test(event.key)) {
    // out of the field, so that the next key acts
    if (event.key === "Escape" && target instanceof HTMLElement) target.blur();
    return;
  }
  // Enter on a button, a link or a choice already means that one
  if (event.key === "Enter" && !event.ctrlKey && target.closest("button, a, summary, input")) return;
  const element = namesOf(event).map(ofKey).find(Boolean);
  if (!(element instanceof HTMLElement)) return;
  event.preventDefault();
  if (element instanceof HTMLInputElement && element.type === "radio") element.focus();
  element.click();
  focusNext(element);
}

/**
 * An outcome that needs something more leads there.
 * @param {HTMLElement} element the one just chosen
 */
function focusNext(element) {
  if (!(element instanceof HTMLInputElement) || !element.dataset.then) return;
  const next = element.form?.elements.namedItem(element.dataset.then);
  if ((next instanceof HTMLSelectElement || next instanceof HTMLInputElement) && !next.value) next.focus();
}

/** @returns {boolean} whether one was open */
function closeMenus() {
  const open = desk.querySelectorAll("details.menu[open]");
  for (const menu of open) menu.removeAttribute("open");
  return open.length > 0;
}

// ------------------------------------------------------------------ ringing

/** @type {AudioContext | undefined} */
let audio;

/** Two soft tones, a fourth apart; silent until the browser has seen a key or a click here. */
function ring() {
  if (audio?.state !== "running") return;
  ringWhereChosen(audio);
  for (const [start, frequency] of [[0, 523.25], [0.28, 698.46]]) {
    const at = audio.currentTime + start;
    const tone = new OscillatorNode(audio, { frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.linearRampToValueAtTime(0.12, at + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.45);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.5);
  }
}

let state = "";
/** @type {WeakSet<Element>} */
const answered = new WeakSet();
/** @type {number | undefined} */
let ringing;

/** @type {number | undefined} */
let patience;
let offer = "";

/** An offer that has just come: from now on it can be looked at. */
function noticeOffer() {
  const now = desk.querySelector(".ring")?.parentElement?.id ?? "";
  if (now === offer) return;
  offer = now;
  meant = false;
  disturb();
}

/** The answer to an offer takes the focus once, so that Enter means it; not from who is writing. */
function offerAnswer() {
  clearTimeout(patience);
  const answer = ofKey("Enter");
  if (state !== "offered" || !(answer instanceof HTMLElement) || answered.has(answer)) return;
  const left = typedAt + WRITING_MS - performance.now();
  if (left > 0) {
    patience = setTimeout(offerAnswer, left);
    return;
  }
  answered.add(answer);
  answer.focus();
}

function onChange() {
  searchAgain();
  follow();
  noticeOffer();
  offerAnswer();
}

/** What the window is called: seen also from another one. @param {string} [status] @param {string} [now] */
function name(status, now) {
  const said = now === "offered" ? desk.dataset.ringing : now === "idle" && status === "missed" ? desk.dataset.missed : "";
  return said ? `${said} · ${title}` : title;
}

/** Let title and sound follow the agent's state. */
function follow() {
  const strip = document.getElementById("state")?.dataset;
  const now = strip?.state ?? "";
  document.title = name(strip?.status, now);
  if (now === state) return;
  const first = state === "";
  state = now;
  clearInterval(ringing);
  if (now === "offered") {
    ring();
    ringing = setInterval(ring, RING_MS);
  }
  // the call's own fragment is behind by up to a second: it has changed as well
  if (!first) live.refresh();
}

document.addEventListener("keydown", () => ((meant = quiet), disturb()), { capture: true });
document.addEventListener("visibilitychange", disturb);
document.addEventListener("click", onClick, { capture: true });
document.addEventListener("keydown", onKey);
// after onKey, which asks about the field before
for (const typing of ["keydown", "input"]) document.addEventListener(typing, onTyping);
desk.addEventListener("submit", () => (field = undefined));
for (const gesture of ["pointerdown", "keydown"]) {
  document.addEventListener(gesture, () => ((audio ??= new AudioContext()), audio.resume()), { passive: true });
}
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element && event.target.closest("details.menu"))) closeMenus();
});
document.getElementById("show-keys")?.addEventListener("click", () => keys.showModal());
keepDrafts(desk);
live.addEventListener("changed", onChange);
onChange();
live.start();
