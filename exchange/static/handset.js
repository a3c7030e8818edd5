// @ts-check
/** The handset: dials, presses keys, shows what is heard. */
import { Sound } from "/static/sound.js";
import { word } from "/static/words.js";

/**
 * @typedef {{at: string, kind: string, text: string, language: string, voice: string, heard: boolean}} Line
 * @typedef {{at: string, code: number, message: string, url: string}} Fault
 * @typedef {{sid: string, at: string, from: string, to: string, body: string}} Text
 * @typedef {{sid: string, from: string, to: string, status: string, where: string,
 *   created_at: string, answered_at: string | null, ended_at: string | null, end_cause: string,
 *   hearing: boolean,
 *   queue: string | null, conference: string | null, errors?: Fault[], transcript?: Line[]}} Call
 */

/** @template {HTMLElement} T @param {string} id @returns {T} */
const $ = (id) => /** @type {T} */ (document.getElementById(id));
const to = /** @type {HTMLInputElement} */ ($("to"));
const from = /** @type {HTMLInputElement} */ ($("from"));
const words = /** @type {HTMLInputElement} */ ($("words"));
const textBody = /** @type {HTMLInputElement} */ ($("text-body"));
const transcript = $("transcript");

/** @type {import("/static/words.js").Language} */
let language = localStorage.getItem("language") === "en" ? "en" : "th";
/** @type {Call | null} */
let call = null;
/** @type {EventSource | null} */
let events = null;
/** @type {EventSource | null} */
let rings = null;
/** @type {Call | null} */
let ringing = null;
/** @type {Sound | null} */
let sound = null;
/** From a button to the call: the browser may be asking whether the microphone is allowed. */
let busy = false;
/** Where the exchange's clock stands, and how fast it runs. */
let clock = { virtual: Date.now(), wall: Date.now(), speed: 1 };

const t = (/** @type {string} */ name) => word(language, name);
const now = () => clock.virtual + (Date.now() - clock.wall) * clock.speed;
const talking = () => call !== null && call.ended_at === null;

/* ---- words and colours ---------------------------------------------------------------- */

function speak() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = t(/** @type {HTMLElement} */ (node).dataset.text ?? "");
  }
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(/** @type {HTMLElement} */ (node).dataset.label ?? ""));
  }
  const other = $("language");
  other.textContent = t("other");
  other.lang = language === "th" ? "en" : "th";
  paint();
  show();
  for (const node of transcript.children) node.replaceChildren(...entry(lines.get(node) ?? null));
  for (const [node, text] of texts) node.replaceChildren(...bubble(text));
}

function paint() {
  const theme = localStorage.getItem("theme") ?? "auto";
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  $("theme").textContent = t(`theme-${theme}`);
}

/* ---- state ---------------------------------------------------------------------------- */

function show() {
  const live = talking();
  const ringingOut = live && call?.answered_at === null;
  const state = call === null ? "idle" : live ? (ringingOut ? "ringing" : "live") : "ended";
  $("display").dataset.state = state;
  document.body.classList.toggle("talking", live);
  to.readOnly = live;
  /** @type {HTMLButtonElement} */ ($("call")).disabled = live;
  /** @type {HTMLButtonElement} */ ($("hangup")).disabled = !live;
  const hearing = live && call?.hearing === true;
  words.disabled = !hearing;
  /** @type {HTMLButtonElement} */ ($("say")).disabled = !hearing;
  const end = atEnd();
  $("speech").classList.toggle("hearing", hearing); // takes room from what is heard on a small screen
  if (end) transcript.scrollTop = transcript.scrollHeight;
  const listening = $("speech-state");
  listening.dataset.text = hearing ? "speech-now" : "speech-help";
  if (listening.textContent !== t(listening.dataset.text)) listening.textContent = t(listening.dataset.text);
  $("state-words").textContent = stateWords(ringingOut);
  tick();
}

function stateWords(/** @type {boolean} */ ringingOut) {
  if (call === null) return t("idle");
  if (call.ended_at !== null) return `${t("ended")}: ${t(call.end_cause)}`;
  if (ringingOut) return t("ringing");
  const name = call.where === "queue" ? call.queue : null;
  return name ? `${t(call.where)}: ${name}` : t(call.where);
}

function tick() {
  const start = call?.answered_at ?? call?.created_at;
  const end = call?.ended_at ? Date.parse(call.ended_at) : now();
  $("timer").textContent = start ? span(end - Date.parse(start)) : "0:00";
}

/** @param {number} milliseconds */
function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** @param {string} name */
function problem(name) {
  $("problem").hidden = !name;
  $("problem").textContent = name ? t(name) : "";
}

/* ---- what is heard -------------------------------------------------------------------- */

/** The line behind each node, so that a change of language can write it anew. @type {Map<Element, Line>} */
const lines = new Map();

const atEnd = () => transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < 80;

/** @param {Line} line */
function hear(line) {
  const node = document.createElement("li");
  const styles = { say: "said", key: "pressed", speech: "pressed spoken" };
  node.className = styles[/** @type {keyof typeof styles} */ (line.kind)] ?? `note ${line.kind}`;
  lines.set(node, line);
  node.append(...entry(line));
  const end = atEnd();
  transcript.append(node);
  if (end) transcript.scrollTop = transcript.scrollHeight;
  if (line.kind === "say" && !line.heard) aloud(line);
}

/** @param {Line | null} line @returns {Node[]} */
function entry(line) {
  if (line === null) return [];
  const at = make("time", span(Date.parse(line.at) - Date.parse(call?.created_at ?? line.at)));
  at.setAttribute("datetime", line.at);
  if (line.kind === "say") {
    const text = make("p", line.text, "words");
    text.lang = line.language;
    const meta = make("p", "", "meta");
    meta.append(make("span", languageName(line.language), "tag"), at);
    return [meta, text];
  }
  if (line.kind === "key" || line.kind === "speech") {
    return [at, make("span", t(`kind-${line.kind}`), "hidden"), make("span", line.text, "words")];
  }
  const detail = line.kind === "play" ? line.text.split("/").pop() ?? "" : t(line.text);
  const note = detail ? `${t(`kind-${line.kind}`)}: ${detail}` : t(`kind-${line.kind}`);
  return [make("span", note), at];
}

/** @param {string} name @param {string} text @param {string} [style] */
function make(name, text, style = "") {
  const node = document.createElement(name);
  node.textContent = text;
  if (style) node.className = style;
  return node;
}

/** @param {string} code */
function languageName(code) {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code.split("-")[0]) ?? code;
  } catch {
    return code;
  }
}

/** @param {Fault[]} faults */
function blame(faults) {
  $("faults").hidden = faults.length === 0;
  $("fault-list").replaceChildren(
    ...faults.map((f) => make("li", `${f.code} · ${f.message}${f.url ? ` · ${f.url}` : ""}`)),
  );
}

/** @param {string} tag a language, as `th-TH` or `th_TH` @returns {string} as `th` */
const primary = (tag) => tag.split(/[-_]/)[0].toLowerCase();

/** What the exchange has no voice for is said by the browser's, where that has one. @param {Line} line */
function aloud(line) {
  if (!(/** @type {HTMLInputElement} */ ($("aloud")).checked) || !("speechSynthesis" in window)) return;
  const voice = speechSynthesis.getVoices().find((each) => primary(each.lang) === primary(line.language));
  if (!voice) return; // another language's would be understood by nobody
  const speech = new SpeechSynthesisUtterance(line.text);
  speech.voice = voice;
  speech.lang = line.language;
  speechSynthesis.speak(speech);
}

/* ---- calls ---------------------------------------------------------------------------- */

/** @param {string} path @param {object} [body] */
async function post(path, body = {}) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { ok: answer.ok, status: answer.status, body: await answer.json() };
}

async function dial() {
  if (talking() || busy) return;
  problem("");
  const number = from.value.replace(/[\s().-]/g, "");
  if (!/^(\+[1-9]\d{4,14}|\d{2,15})$/.test(number)) {
    problem("bad-number");
    from.focus();
    return;
  }
  localStorage.setItem("from", number);
  busy = true;
  try {
    // Somebody who types needs longer than a script's five seconds to say something to a machine.
    const script = { speak: 20 };
    sound = await Sound.open();
    const made = await post("/handset/calls", { from: number, to: textTo(), script, ...sound?.offer });
    if (made.ok) await begun(made.body);
    else {
      silence();
      problem(made.status === 404 ? "nobody" : "bad-number");
    }
  } catch {
    silence();
    problem("lost");
  } finally {
    busy = false;
  }
}

/** The call is made or answered: its sound begins. @param {{sid: string, sdp?: string}} made */
async function begun(made) {
  follow(made.sid);
  await sound?.begin(made.sdp);
}

function silence() {
  sound?.close();
  sound = null;
}

/** @param {string} sid */
function follow(sid) {
  events?.close();
  transcript.replaceChildren();
  lines.clear();
  blame([]);
  events = new EventSource(`/handset/calls/${sid}/events`);
  events.addEventListener("call", (event) => {
    const whole = /** @type {Call} */ (JSON.parse(event.data));
    transcript.replaceChildren();
    lines.clear();
    call = whole;
    for (const line of whole.transcript ?? []) hear(line);
    update(whole);
  });
  events.addEventListener("line", (event) => hear(JSON.parse(event.data)));
  events.addEventListener("state", (event) => update(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    if (!talking()) events?.close();
  });
}

/** @param {Call} state */
function update(state) {
  call = state;
  if (state.errors) blame(state.errors);
  if (state.ended_at !== null) {
    events?.close();
    silence();
    if ("speechSynthesis" in window) speechSynthesis.cancel();
  }
  show();
}

async function hangUp() {
  if (call !== null && talking()) await post(`/handset/calls/${call.sid}/hangup`).catch(() => problem("lost"));
}

/** @param {string} key */
async function press(key) {
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  button?.classList.add("down");
  setTimeout(() => button?.classList.remove("down"), 120);
  if (call !== null && talking()) {
    await post(`/handset/calls/${call.sid}/digits`, { digits: key }).catch(() => problem("lost"));
  } else {
    to.value += key;
    addressText();
  }
}

function addressText() {
  $("text-to").textContent = textTo();
}

async function speakUp() {
  const text = words.value.trim();
  if (!text || call === null || !talking()) return;
  words.value = "";
  await post(`/handset/calls/${call.sid}/speech`, { text }).catch(() => problem("lost"));
}

/* ---- text messages --------------------------------------------------------------------- */

/** The message behind each node, as with `lines`. @type {Map<Element, Text>} */
const texts = new Map();

/** @param {Text[]} all */
function showTexts(all) {
  texts.clear();
  $("text-list").replaceChildren();
  $("texts-empty").hidden = all.length > 0;
  all.forEach(showText);
}

/** @param {Text} text */
function showText(text) {
  const node = document.createElement("li");
  node.className = text.from === from.value ? "mine" : "theirs";
  texts.set(node, text);
  node.append(...bubble(text));
  $("texts-empty").hidden = true;
  $("text-list").append(node);
  $("text-list").scrollTop = $("text-list").scrollHeight;
}

/** @param {Text} text @returns {Node[]} */
function bubble(text) {
  const mine = text.from === from.value;
  const meta = make("p", `${t(mine ? "text-sent" : "text-from")} ${mine ? text.to : text.from} · `, "meta");
  const at = make("time", new Date(text.at).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" }));
  at.setAttribute("datetime", text.at);
  meta.append(at);
  return [meta, make("p", text.body, "words")];
}

async function sendText() {
  const body = textBody.value.trim();
  if (!body) return;
  problem("");
  try {
    const sent = await post("/handset/messages", { from: from.value, to: textTo(), body });
    if (sent.ok) textBody.value = "";
    else problem(sent.status === 404 ? "nobody" : "bad-number");
  } catch {
    problem("lost");
  }
}

const textTo = () => to.value.replace(/[\s().-]/g, "");

/* ---- being called --------------------------------------------------------------------- */

function listen() {
  rings?.close();
  if (!/^(\+[1-9]\d{4,14}|\d{2,15})$/.test(from.value)) return;
  rings = new EventSource(`/handset/stations/${encodeURIComponent(from.value)}/rings`);
  rings.addEventListener("ready", (event) => showTexts(JSON.parse(event.data).messages));
  rings.addEventListener("message", (event) => showText(JSON.parse(event.data)));
  rings.addEventListener("ring", (event) => {
    const coming = /** @type {Call} */ (JSON.parse(event.data));
    if (talking() || busy) {
      post(`/handset/calls/${coming.sid}/decline`).catch(() => {}); // one telephone, one call: busy
      return;
    }
    ringing = coming;
    $("ring-from").textContent = ringing.from;
    $("ring").hidden = false;
    const watched = ringing.sid;
    const until = new EventSource(`/handset/calls/${watched}/events`);
    const over = () => {
      until.close();
      if (ringing?.sid === watched) ringOver();
    };
    until.addEventListener("state", (state) => {
      if (JSON.parse(state.data).status !== "ringing") over();
    });
    until.addEventListener("error", over);
  });
}

function ringOver() {
  ringing = null;
  $("ring").hidden = true;
}

/** @param {"answer" | "decline"} verb */
async function decide(verb) {
  if (ringing === null || busy) return;
  const { sid } = ringing;
  ringOver();
  problem("");
  busy = true;
  try {
    if (verb === "answer") sound = await Sound.open();
    const done = await post(`/handset/calls/${sid}/${verb}`, { ...sound?.offer });
    if (done.ok && verb === "answer") await begun(done.body);
    else silence(); // declined, or it had stopped ringing: the microphone is not needed
  } catch {
    silence();
    problem("lost");
  } finally {
    busy = false;
  }
}

/* ---- the beginning -------------------------------------------------------------------- */

const KEYS = [["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"], ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", "+"], ["#", ""]];

for (const [key, letters] of KEYS) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.key = key;
  const small = make("small", letters);
  small.setAttribute("aria-hidden", "true");
  button.append(key, small);
  button.addEventListener("click", () => press(key));
  $("keys").append(button);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target instanceof HTMLInputElement && event.target.type !== "checkbox" && !event.target.readOnly;
  if (event.key === "Escape") hangUp();
  else if (!typing && !words.disabled && /^\p{L}$/u.test(event.key)) words.focus(); // the letter follows
  else if (/^[0-9*#]$/.test(event.key) && !typing) {
    event.preventDefault();
    press(event.key);
  } else if (event.key === "Backspace" && !typing && !talking()) {
    to.value = to.value.slice(0, -1);
    addressText();
  }
  else if (event.key === "Enter" && event.target === document.body) dial();
});

$("dialler").addEventListener("submit", (event) => {
  event.preventDefault();
  dial();
});
$("speech").addEventListener("submit", (event) => {
  event.preventDefault();
  speakUp();
});
$("text").addEventListener("submit", (event) => {
  event.preventDefault();
  sendText();
});
to.addEventListener("input", addressText);
$("hangup").addEventListener("click", hangUp);
// A page that is closed is a telephone that is hung up: nobody is left in a queue behind it.
addEventListener("pagehide", () => {
  if (call !== null && talking()) navigator.sendBeacon(`/handset/calls/${call.sid}/hangup`);
});
$("answer").addEventListener("click", () => decide("answer"));
$("decline").addEventListener("click", () => decide("decline"));
from.addEventListener("change", listen);
$("language").addEventListener("click", () => {
  language = language === "th" ? "en" : "th";
  localStorage.setItem("language", language);
  speak();
});
$("theme").addEventListener("click", () => {
  const order = ["auto", "light", "dark"];
  const next = order[(order.indexOf(localStorage.getItem("theme") ?? "auto") + 1) % order.length];
  localStorage.setItem("theme", next);
  paint();
});

async function begin() {
  from.value = localStorage.getItem("from") ?? `+668${String(Math.floor(Math.random() * 1e8)).padStart(8, "0")}`;
  speak();
  try {
    const about = await (await fetch("/handset/about")).json();
    clock = { virtual: Date.parse(about.now), wall: Date.now(), speed: about.speed };
    to.value ||= about.numbers[0] ?? "";
    addressText();
    $("numbers").replaceChildren(...about.numbers.map((/** @type {string} */ n) => new Option(n, n)));
  } catch {
    problem("lost");
  }
  if ("speechSynthesis" in window) {
    const offer = () => ($("aloud-box").hidden = speechSynthesis.getVoices().length === 0);
    speechSynthesis.addEventListener("voiceschanged", offer);
    offer();
  }
  listen();
  setInterval(() => talking() && tick(), 250);
}

begin();
