// @ts-check
/** The desk: fragments kept up to date, keys, the sound and the title of a call that rings. */

import { Live, takesText } from "./live.js";

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const keys = /** @type {HTMLDialogElement} */ (document.getElementById("keys"));
const live = new Live(desk);
const title = document.title;
const RING_MS = 3000;

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

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.isComposing || event.repeat || event.altKey || event.metaKey || keys.open) return;
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

/** The answer to an offer takes the focus once, so that Enter means it whatever had the focus. */
function offerAnswer() {
  const answer = ofKey("Enter");
  if (state !== "offered" || !(answer instanceof HTMLElement) || answered.has(answer)) return;
  answered.add(answer);
  if (!document.activeElement || !takesText(document.activeElement)) answer.focus();
}

function onChange() {
  follow();
  offerAnswer();
}

/** Let title and sound follow the agent's state. */
function follow() {
  const now = document.getElementById("state")?.dataset.state ?? "";
  if (now === state) return;
  const first = state === "";
  state = now;
  clearInterval(ringing);
  document.title = now === "offered" ? `${desk.dataset.ringing} · ${title}` : title;
  if (now === "offered") {
    ring();
    ringing = setInterval(ring, RING_MS);
  }
  // the call's own fragment is behind by up to a second: it has changed as well
  if (!first) live.refresh();
}

document.addEventListener("keydown", onKey);
for (const gesture of ["pointerdown", "keydown"]) {
  document.addEventListener(gesture, () => ((audio ??= new AudioContext()), audio.resume()), { passive: true });
}
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element && event.target.closest("details.menu"))) closeMenus();
});
document.getElementById("show-keys")?.addEventListener("click", () => keys.showModal());
live.addEventListener("changed", onChange);
onChange();
live.start();
