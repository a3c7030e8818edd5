// @ts-check
/** The wallboard: fragments kept up to date, alarms that are seen and heard, and a clock that shows that it lives. */

import { Live, clockTime } from "./live.js";

/** The same alarm, gone and back, does not sound again within so long: a figure may waver about its limit. */
const AGAIN_MS = 60_000;
const SOUND = "hotline-wallboard-sound";

class Wall extends Live {
  /** The browser sends it: who leaves the wallboard on comes back as a screen. */
  async send() {}
}

const board = /** @type {HTMLElement} */ (document.getElementById("wallboard"));
const asOf = /** @type {HTMLElement} */ (document.getElementById("as-of"));
const face = /** @type {HTMLElement} */ (document.getElementById("clock"));
const away = /** @type {HTMLElement} */ (document.getElementById("stream-away"));
const told = /** @type {HTMLElement} */ (document.getElementById("alarms"));
const sound = /** @type {HTMLButtonElement} */ (document.getElementById("sound-of-alarms"));
const words = /** @type {HTMLElement} */ (sound.querySelector("span"));
const live = new Wall(board);

// ------------------------------------------------------------------ the sound

/** @type {AudioContext | undefined} */
let audio;
let wanted = localStorage.getItem(SOUND) === "on";

/** A browser lets a page sound only after somebody has touched it: once after each load. */
function showSound() {
  const on = wanted && audio?.state === "running";
  sound.setAttribute("aria-pressed", String(on));
  words.textContent = (on ? words.dataset.on : wanted ? words.dataset.asks : words.dataset.off) ?? "";
  sound.classList.toggle("asks", wanted && !on);
}

async function hear() {
  audio ??= new AudioContext();
  audio.onstatechange = showSound;
  await audio.resume();
  showSound();
}

/** Three short tones, going up: unlike a telephone. */
function alarm() {
  if (!wanted || audio?.state !== "running") return;
  for (const [start, frequency] of [[0, 659.26], [0.16, 783.99], [0.32, 1046.5]]) {
    const at = audio.currentTime + start;
    const tone = new OscillatorNode(audio, { frequency, type: "triangle" });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.linearRampToValueAtTime(0.25, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.35);
  }
  board.dispatchEvent(new CustomEvent("alarm"));
}

sound.addEventListener("click", async () => {
  const on = wanted && audio?.state === "running";
  wanted = !on;
  localStorage.setItem(SOUND, wanted ? "on" : "off");
  if (wanted) await hear();
  showSound();
});
// one that was switched on before needs any touch of the page
for (const gesture of ["pointerdown", "keydown"]) {
  document.addEventListener(gesture, () => wanted && audio?.state !== "running" && hear(), { passive: true });
}

// ------------------------------------------------------------------ alarms

/** When each alarm was last on, in milliseconds of `performance.now()`. @type {Map<string, number>} */
const lastOn = new Map();

/** Waits break their limits by themselves; whatever is new sounds, once for all that came together. */
function watch() {
  const now = live.now();
  const at = performance.now();
  const fresh = [];
  for (const word of board.querySelectorAll(".alarm")) {
    if (!(word instanceof HTMLElement)) continue;
    const { from, limit, name } = word.dataset;
    if (from) word.hidden = now - Date.parse(from) <= Number(limit) * 1000;
    if (word.hidden) continue;
    if (at - (lastOn.get(word.id) ?? -Infinity) > AGAIN_MS) fresh.push(`${name}: ${word.textContent}`);
    lastOn.set(word.id, at);
  }
  for (const word of board.querySelectorAll(".warning[data-from]")) {
    if (!(word instanceof HTMLElement)) continue;
    const waited = (now - Date.parse(word.dataset.from ?? "")) / 1000;
    // the alarm takes its place; a warning never sounds
    word.hidden = !(waited > Number(word.dataset.limit) && waited <= Number(word.dataset.until ?? Infinity));
  }
  for (const [id, on] of lastOn) if (at - on > AGAIN_MS) lastOn.delete(id);
  if (!fresh.length) return;
  told.textContent = fresh.join(" · ");
  alarm();
}

// ------------------------------------------------------------------ the rest

function tick() {
  face.textContent = clockTime(live.now(), board.dataset.zone);
  asOf.textContent = clockTime(live.seen, board.dataset.zone);
  away.hidden = live.stream.up || !board.dataset.stream;
  watch();
}

const full = /** @type {HTMLButtonElement} */ (document.getElementById("full-screen"));
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : board.requestFullscreen()));
const buttons = /** @type {HTMLElement} */ (full.parentElement);
buttons.hidden = false;

showSound();
// at once, and not with the next tick: all that is shown is of one moment
live.addEventListener("changed", tick);
live.start();
setInterval(tick, 250);
