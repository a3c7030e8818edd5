// @ts-check
/**
 * The crew's page. Each form in it works by itself, over a line; here what it would send is written down first and sent when
 * there is a line, and the page shows it as done at once.
 */

import { distance, pause, shown, stateAfter, troubled } from "./queue.js";
import { moment } from "./moment.js";
import { preview, smaller } from "./photo.js";
import { Positions } from "./position.js";
import { sendAll } from "./sender.js";
import * as store from "./store.js";

/** @typedef {import("./queue.js").Action} Action */
/** @typedef {import("./queue.js").Act} Act */

const main = /** @type {HTMLElement} */ (document.getElementById("field"));
/** @type {Record<string, string>} */
const words = JSON.parse(main.dataset.words ?? "{}");
const account = main.dataset.account ?? "";
const photoSize = { side: Number(main.dataset.photoSide), quality: Number(main.dataset.photoQuality) / 100 };
/** So often the hotline is asked whether there is something new, in milliseconds. */
const LOOK_EVERY = 30_000;
const PREVIEW = 96;
/** The same tap once more within so many milliseconds is none. */
const SECOND_TAP = 1000;
/** Steps with which it matters where the crew is. @type {Set<Act>} */
const ASKS_WHERE = new Set(["on_way", "here", "done", "help"]);

/** @type {Action[]} */
let queue = [];
/** @type {import("./sender.js").Outcome} */
let outcome = "sent";
let attempt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** What the hotline has by now, while the page still shows the jobs from before. @type {Action[]} */
let landed = [];

/** @param {string} name @param {Record<string, string | number>} [values] */
function say(name, values = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

// ---------------------------------------------------------------- what somebody does

/**
 * Write down what was done, and only then anything else.
 * @param {number} job
 * @param {Act} act
 * @param {Partial<Action>} [more]
 */
async function note(job, act, more = {}) {
  const card = document.querySelector(`[data-job="${job}"]`);
  const title = card instanceof HTMLElement ? (card.dataset.title ?? "") : "";
  const happened_at = moment();
  await store.add({ key: uuid(), account, job, title, act, happened_at, state: "waiting", tries: 0, ...more });
  void send();
}

/** A UUID; `randomUUID` is there on a page over TLS alone. */
function uuid() {
  if ("randomUUID" in crypto) return crypto.randomUUID();
  const bytes = /** @type {Crypto} */ (crypto).getRandomValues(new Uint8Array(16));
  bytes[6] = (/** @type {number} */ (bytes[6]) & 15) | 64;
  bytes[8] = (/** @type {number} */ (bytes[8]) & 63) | 128;
  return [...bytes].map((byte, n) => ([4, 6, 8, 10].includes(n) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
}

/** @param {SubmitEvent} event */
async function onSubmit(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.act) return;
  event.preventDefault();
  const card = /** @type {HTMLElement} */ (form.closest("[data-job]"));
  const text = form.querySelector("textarea");
  if (isSecondTap(form) || !ready(form, card, text)) return;
  const act = /** @type {Act} */ (form.dataset.act);
  const job = Number(card.dataset.job);
  const place = positions.last();
  await note(job, act, { ...(text?.value.trim() ? { text: text.value.trim() } : {}), ...(place ? { place } : {}) });
  form.reset();
  const folded = form.closest("details.fold");
  if (folded instanceof HTMLDetailsElement) folded.open = false;
  if (!place && ASKS_WHERE.has(act)) positions.once((found) => note(job, "position", { place: found }));
}

/** @type {{ act: string, at: number }} */
let tapped = { act: "", at: -Infinity };

/**
 * A finger that trembles says a thing once. (What is shown in the place of what was tapped waits a moment: field.css.)
 * @param {HTMLFormElement} form
 */
function isSecondTap(form) {
  const before = tapped;
  tapped = { act: form.action, at: performance.now() };
  return before.act === tapped.act && tapped.at - before.at < SECOND_TAP;
}

/**
 * Whether what a step needs is there: where a photo of what was done is wanted, it is taken before.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} card
 * @param {HTMLTextAreaElement | null} text
 */
function ready(form, card, text) {
  if (!text || form.dataset.act !== "done") return true;
  const lacks = card.dataset.wantsPhoto === "1" && photosAfter(card) === 0;
  text.setCustomValidity(lacks ? say("photo_first") : "");
  if (lacks) text.reportValidity();
  return !lacks;
}

/** @param {HTMLElement} card */
function photosAfter(card) {
  const job = Number(card.dataset.job);
  const waiting = [...landed, ...queue].filter((each) => each.job === job && each.side === "after" && each.state !== "refused");
  return Number(card.dataset.after) + waiting.length;
}

/** @param {Event} event */
async function onChange(event) {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || input.type !== "file") return;
  const card = /** @type {HTMLElement | null} */ (input.closest("[data-job]"));
  if (!card) return;
  const side = input.dataset.side === "before" ? "before" : "after";
  const files = [...(input.files ?? [])];
  const place = positions.last();
  input.disabled = true;
  try {
    for (const file of files) {
      const photo = await smaller(file, photoSize);
      await note(Number(card.dataset.job), "photo", { side, photo, ...(place ? { place } : {}) });
    }
    input.value = "";
  } catch (error) {
    tell(say("not_kept")); // the telephone is full
    console.warn(error);
  } finally {
    input.disabled = false;
  }
}

// ---------------------------------------------------------------- sending

async function send() {
  clearTimeout(timer);
  outcome = await sendAll();
  attempt = outcome === "sent" || outcome === "busy" ? 0 : attempt + 1;
  await read();
  const left = queue.some((each) => each.account === account && each.state === "waiting");
  if (outcome === "sent") await look();
  await show();
  if (!left || outcome === "sign-in") return;
  await sendInBackground();
  // another tab that is at it may be closed before it ends
  timer = setTimeout(send, outcome === "busy" ? 3000 : pause(attempt, Math.random()));
}

/** When the page is closed before there is a line, the browser wakes the worker, where it can. */
async function sendInBackground() {
  const registration = await navigator.serviceWorker?.getRegistration("/field").catch(() => undefined);
  const sync = /** @type {{ register(tag: string): Promise<void> } | undefined} */ (
    /** @type {any} */ (registration)?.sync
  );
  await sync?.register("field-send").catch(() => undefined);
}

/** Ask whether the jobs are others than shown, and show them. */
async function look() {
  try {
    const known = part("jobs").dataset.etag;
    const headers = { "If-None-Match": `"${known}"` };
    const answer = await fetch("/api/field/jobs", { headers, cache: "no-store", signal: AbortSignal.timeout(15_000) });
    if (answer.status === 401) outcome = "sign-in";
    else if (outcome === "offline") outcome = "sent";
    if (answer.status !== 200) return;
    const said = await answer.json();
    if (said.account !== account) location.reload(); // somebody else has signed in
    else await renew();
  } catch {
    outcome = "offline";
  }
}

/** Put the jobs as they are now in the place of those before. */
async function renew() {
  const answer = await fetch("/field", { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(15_000) });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const jobs = fresh.getElementById("jobs"), at = fresh.getElementById("as-of");
  if (!jobs) return;
  keepTyped(jobs);
  // without a line the worker gives what it has kept: that knows nothing of what has arrived
  if (jobs.dataset.etag !== part("jobs").dataset.etag) landed = [];
  // a telephone in a pocket: what came, and what was taken, is felt
  if (marks(jobs).some((each) => !marks(part("jobs")).includes(each))) navigator.vibrate?.([300, 150, 300]);
  part("jobs").replaceWith(document.adoptNode(jobs));
  if (at) part("as-of").replaceWith(document.adoptNode(at));
  await keep();
}

/** The jobs that are there, and those that were taken away. @param {HTMLElement} jobs */
function marks(jobs) {
  return [...jobs.querySelectorAll("[data-job], [data-taken]")].map((each) => each.id || each.getAttribute("data-taken"));
}

/** What is open stays open, what is typed stays typed. @param {HTMLElement} fresh */
function keepTyped(fresh) {
  for (const card of document.querySelectorAll("#jobs [data-job]")) {
    const now = fresh.querySelector(`#${CSS.escape(card.id)}`);
    if (!now) continue;
    const details = [...now.querySelectorAll("details")], before = [...card.querySelectorAll("details")];
    details.forEach((each, n) => (each.open = before[n]?.open ?? each.open));
    const fields = [...now.querySelectorAll("textarea")], typed = [...card.querySelectorAll("textarea")];
    fields.forEach((each, n) => (each.value = typed[n]?.value ?? ""));
  }
}

/** The page is kept, with the photos of its jobs and no others: it opens without a line then. */
async function keep() {
  if (!("caches" in window)) return;
  try {
    const pages = await caches.open("field-page");
    if (!(await pages.match("/field"))) await keepPage(pages);
    const photos = await caches.open("field-photos");
    const here = new Set([...document.querySelectorAll("#jobs img")].map((each) => /** @type {HTMLImageElement} */ (each).src));
    for (const each of await photos.keys()) if (!here.has(each.url)) await photos.delete(each);
    for (const each of here) if (!(await photos.match(each))) await photos.add(each);
  } catch (error) {
    console.warn("not all is kept", error); // no line: the next time
  }
}

/** @param {Cache} pages */
async function keepPage(pages) {
  const answer = await fetch("/field", { headers: { Accept: "text/html" } });
  if (answer.ok && !answer.redirected) await pages.put("/field", answer);
}

// ---------------------------------------------------------------- what is shown

async function show() {
  await read();
  const mine = queue.filter((each) => each.account === account);
  for (const card of document.querySelectorAll("#jobs [data-job]")) {
    if (card instanceof HTMLElement) showCard(card, mine.filter((each) => each.job === Number(card.dataset.job)));
  }
  showLine(mine);
  showWaiting(shown(mine));
  showTroubled(troubled(mine));
  const others = queue.length - mine.length;
  part("others").hidden = others === 0;
  part("others").textContent = others ? say("others", { n: others }) : "";
  showPosition();
}

/** What waits now; what waited and is gone has arrived, since what is refused stays. */
async function read() {
  const before = queue;
  queue = await store.all();
  const there = new Set(queue.map((each) => each.key));
  landed.push(...shown(before).filter((each) => !there.has(each.key)));
}

/** @param {HTMLElement} card @param {Action[]} waiting */
function showCard(card, waiting) {
  const job = Number(card.dataset.job);
  const state = stateAfter(card.dataset.state ?? "", [...landed.filter((each) => each.job === job), ...waiting]);
  card.dataset.now = state;
  for (const each of card.querySelectorAll("[data-when]")) {
    if (each instanceof HTMLElement) each.hidden = !(each.dataset.when ?? "").split(" ").includes(state);
  }
  for (const step of card.querySelectorAll("[data-step]")) {
    if (step instanceof HTMLElement) step.toggleAttribute("aria-current", step.dataset.step === state);
    if (step.hasAttribute("aria-current")) step.setAttribute("aria-current", "step");
  }
  const state_word = card.querySelector(".state");
  if (state_word) state_word.textContent = say(`state_${state}`);
  const count = shown(waiting).length;
  const tag = card.querySelector(".unsent");
  if (tag instanceof HTMLElement) {
    tag.hidden = count === 0;
    tag.textContent = say("waiting", { n: count });
  }
  showPhotos(card, waiting.filter((each) => each.photo && each.state === "waiting"));
  showDistance(card);
}

/** Photos that the hotline does not have yet. @param {HTMLElement} card @param {Action[]} photos */
function showPhotos(card, photos) {
  const list = card.querySelector(".unsent-photos");
  if (!list) return;
  const there = new Map([...list.querySelectorAll("canvas")].map((each) => [each.dataset.key, each]));
  for (const [key, canvas] of there) if (!photos.some((each) => each.key === key)) canvas.parentElement?.remove();
  for (const each of photos) {
    if (there.has(each.key) || !each.photo) continue;
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const canvas = document.createElement("canvas");
    canvas.dataset.key = each.key;
    canvas.setAttribute("aria-hidden", "true"); // its caption says all that can be said of it
    caption.textContent = say(`photo_${each.side}`);
    figure.append(canvas, caption);
    list.append(figure);
    void preview(each.photo, canvas, PREVIEW);
  }
}

/** @param {HTMLElement} card */
function showDistance(card) {
  const told = card.querySelector("[data-distance]"), here = positions.last();
  if (!told || !here || !card.dataset.latitude) return;
  const metres = distance(here, { latitude: Number(card.dataset.latitude), longitude: Number(card.dataset.longitude) });
  told.textContent = metres < 1000
    ? say("metres", { n: Math.round(metres / 10) * 10 })
    : say("kilometres", { n: (metres / 1000).toFixed(1) });
}

/** @param {Action[]} mine */
function showLine(mine) {
  const line = part("line"), count = shown(mine).length;
  sayPosition(); // with no line nobody sees where the crew is
  const state = !navigator.onLine && outcome !== "sign-in" ? "offline" : outcome === "busy" ? "sent" : outcome;
  // what was refused was sent, and is not done: "all sent" above it would not be true
  const clear = count ? "sending" : troubled(mine).length ? "troubled" : "sent";
  line.dataset.state = state === "sent" ? clear : state;
  const where = say(`line_${line.dataset.state}`);
  const text = count ? `${where} · ${say("waiting", { n: count })}` : where;
  if (line.textContent !== text) line.textContent = text;
  part("sign-in-again").hidden = outcome !== "sign-in";
}

/** @param {Action[]} waiting */
function showWaiting(waiting) {
  part("waiting").hidden = waiting.length === 0;
  part("waiting-count").textContent = say("waiting", { n: waiting.length });
  fill(part("waiting-list"), waiting, () => []);
}

/** @param {Action[]} actions */
function showTroubled(actions) {
  part("trouble").hidden = actions.length === 0;
  fill(part("trouble-list"), actions, (action) => [
    ...(action.state === "failed" ? [button(say("again"), () => store.put({ ...action, state: "waiting", tries: 0 }).then(send))] : []),
    button(say("put_aside"), () => store.remove(action)),
  ]);
}

/** @param {HTMLElement} list @param {Action[]} actions @param {(action: Action) => HTMLElement[]} buttons */
function fill(list, actions, buttons) {
  const before = new Map([...list.children].map((each) => [/** @type {HTMLElement} */ (each).dataset.key, each]));
  const lines = actions.map((action) => {
    const known = before.get(action.key + action.state);
    if (known) return known;
    const line = document.createElement("li");
    line.dataset.key = action.key + action.state;
    const what = document.createElement("strong");
    what.textContent = say(action.act === "photo" ? `act_photo_${action.side}` : `act_${action.act}`);
    const rest = document.createElement("span");
    rest.textContent = [action.title, time(action.happened_at), action.text].filter(Boolean).join(" · ");
    line.append(what, rest);
    if (action.why) {
      const why = document.createElement("span");
      why.className = "why";
      why.textContent = action.why;
      line.append(why);
    }
    line.append(...buttons(action));
    return line;
  });
  list.replaceChildren(...lines);
}

/** @param {string} text @param {() => unknown} act */
function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

/** @param {string} iso */
function time(iso) {
  return new Date(iso).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: main.dataset.zone });
}

/** @param {string} text */
function tell(text) {
  part("told").textContent = text;
  part("told").hidden = false;
}

// ---------------------------------------------------------------- where the crew is

const positions = new Positions(Number(main.dataset.positionSeconds) * 1000, Number(main.dataset.standingMinutes) * 60_000);

/** While somebody is on the way, the hotline is told where; who is on a unit else, now and then. */
function showPosition() {
  const way = [...document.querySelectorAll("#jobs [data-job]")].find(
    (each) => each instanceof HTMLElement && each.dataset.now === "on_way",
  );
  const job = way instanceof HTMLElement ? Number(way.dataset.job) : 0;
  const stands = !job && positions.standing > 0 && Boolean(part("jobs").dataset.unit);
  part("position").hidden = !positions.there || !(stands || (job && positions.every));
  sayPosition(stands);
  part("position-switch").textContent = say(positions.wanted ? "position_stop" : "position_start");
  positions.follow(job ? (place) => note(job, "position", { place }) : null);
  if (stands && document.visibilityState === "visible") positions.nowAndThen((place) => note(0, "position", { place }));
}

/** @param {boolean} stands */
function sayPosition(stands) {
  const on = stands ? "position_standing" : "position_on";
  const n = (stands ? main.dataset.standingMinutes : main.dataset.positionSeconds) ?? "";
  const text = say(!positions.wanted ? "position_off" : navigator.onLine ? on : "position_later", { n });
  if (part("position-said").textContent !== text) part("position-said").textContent = text;
}

part("position-switch").addEventListener("click", () => {
  positions.wanted = !positions.wanted;
  positions.asked = -Infinity;
  showPosition();
});

// ---------------------------------------------------------------- leaving

const leaving = /** @type {HTMLDialogElement} */ (part("leaving"));
const signOut = /** @type {HTMLFormElement} */ (part("sign-out"));

signOut.addEventListener("submit", async (event) => {
  event.preventDefault();
  const left = shown((await store.all()).filter((each) => each.account === account));
  if (!left.length) return leave();
  part("leaving-said").textContent = say("leaving", { n: left.length });
  leaving.showModal();
});
part("leave").addEventListener("click", leave);
part("stay").addEventListener("click", () => leaving.close());

/** What is kept of the jobs goes with who leaves; what waits to be sent stays, for them alone. */
async function leave() {
  if ("caches" in window) for (const name of ["field-page", "field-photos"]) await caches.delete(name);
  signOut.submit();
}

// ---------------------------------------------------------------- all begins

async function begin() {
  if (!("indexedDB" in window)) return; // the forms work all the same
  queue = await store.all();
  document.documentElement.classList.add("scripted");
  document.addEventListener("submit", (event) => void onSubmit(event));
  document.addEventListener("change", (event) => void onChange(event));
  document.addEventListener("input", (event) => {
    if (event.target instanceof HTMLTextAreaElement) event.target.setCustomValidity("");
  });
  store.watch(() => void show());
  positions.changed = () => document.querySelectorAll("#jobs [data-job]").forEach((each) => showDistance(/** @type {HTMLElement} */ (each)));
  const goOn = () => {
    attempt = 0;
    void send();
  };
  window.addEventListener("online", goOn);
  window.addEventListener("offline", () => void show());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && goOn());
  part("send-now").addEventListener("click", goOn);
  setInterval(() => document.visibilityState === "visible" && void look().then(show), LOOK_EVERY);
  void navigator.storage?.persist?.();
  await show();
  await send();
  await keepShell();
  await keep();
  await showKept();
}

/** The worker that opens the page without a line. */
async function keepShell() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("/field/worker.js", { scope: "/field", type: "module", updateViaCache: "none" });
  } catch (error) {
    console.warn("no page without a line", error); // an older browser: the queue works all the same
  }
}

/** Whether the page now opens without a line, so that nobody has to find out in a basement. */
async function showKept() {
  if (!("serviceWorker" in navigator) || !(await navigator.serviceWorker.getRegistration("/field"))) return;
  await navigator.serviceWorker.ready;
  part("kept").hidden = !(await caches.match("/field"));
}

// a browser that keeps nothing (some do in private windows) has the forms, which need a line
begin().catch((error) => console.warn(error));
