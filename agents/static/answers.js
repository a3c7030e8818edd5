// @ts-check
/**
 * The search of answers in the right panel: typed into, walked with the arrows, opened with Enter,
 * left with Esc. The list and the answer are fragments of the room that keeps them.
 */

import { fill } from "./context.js";
import { takesText } from "./live.js";

const desk = /** @type {HTMLElement} */ (document.getElementById("desk"));
const PAUSE_MS = 120;
const GIVE_UP_MS = 8000;
/** What a key of an open answer does, by its place: a Thai keyboard writes other letters there. */
const KEYS = { Enter: "told", NumpadEnter: "told", KeyN: "note", KeyS: "sms", Escape: "close" };

/** @type {number | undefined} */
let pause;
/** @type {AbortController | undefined} */
let asking;

const box = () => /** @type {HTMLElement | null} */ (desk.querySelector(".answers"));

/**
 * @param {HTMLElement} answers
 * @param {string} selector
 * @returns {any} an element that is always there
 */
const part = (answers, selector) => answers.querySelector(selector);

/**
 * @param {string} path
 * @param {HTMLElement} answers
 * @param {Record<string, string>} [more]
 */
async function fetched(path, answers, more = {}) {
  asking?.abort();
  asking = new AbortController();
  const query = new URLSearchParams({ ...more, spoken: answers.dataset.spoken ?? "", lang: document.documentElement.lang });
  const response = await fetch(`${path}?${query}`, { headers: { Accept: "text/html" }, signal: asking.signal });
  return response.ok ? response.text() : "";
}

/** @param {HTMLElement} answers */
async function search(answers) {
  const input = part(answers, "input[type=search]");
  const list = part(answers, ".answers-found");
  const question = /** @type {HTMLInputElement} */ (input).value.trim();
  try {
    list.innerHTML = question ? await fetched("/answers/found", answers, { q: question }) : "";
  } catch {
    return; // somebody types on, or the network is away: what was found stays
  }
  part(answers, ".answers-card").replaceChildren();
  show(answers, question !== "");
  choose(answers, list.querySelector("[data-answer]"));
}

/**
 * @param {HTMLElement} answers
 * @param {boolean} open
 */
function show(answers, open) {
  answers.classList.toggle("open", open);
  part(answers, ".answers-found").hidden = !open;
  part(answers, "input[type=search]").setAttribute("aria-expanded", String(open));
}

/**
 * @param {HTMLElement} answers
 * @param {Element | null | undefined} option
 */
function choose(answers, option) {
  for (const each of answers.querySelectorAll("[data-answer]")) each.setAttribute("aria-selected", String(each === option));
  const input = part(answers, "input[type=search]");
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

/**
 * @param {HTMLElement} answers
 * @param {number} steps
 */
function walk(answers, steps) {
  const options = [...answers.querySelectorAll("[data-answer]")];
  const at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
  if (options.length) choose(answers, options[(at + steps + options.length) % options.length]);
}

/**
 * @param {HTMLElement} answers
 * @param {Element | null} option
 */
async function open(answers, option) {
  const path = option instanceof HTMLElement ? option.dataset.answer : undefined;
  if (!path) return;
  const place = part(answers, ".answers-card");
  try {
    place.innerHTML = await fetched(path, answers);
  } catch {
    return;
  }
  part(answers, ".answers-found").hidden = true;
  const sms = place.querySelector("[data-act=sms]");
  if (sms instanceof HTMLElement) sms.hidden = !answers.dataset.sms;
  /** @type {HTMLElement | null} */ (place.querySelector(".answer-card"))?.focus();
}

/**
 * Back by one: from an answer to the list, from the list to the call.
 * @param {HTMLElement} answers
 */
function back(answers) {
  const place = part(answers, ".answers-card");
  const input = /** @type {HTMLInputElement} */ (part(answers, "input[type=search]"));
  if (place.childElementCount) {
    place.replaceChildren();
    show(answers, true);
    input.focus();
    return;
  }
  input.value = "";
  part(answers, ".answers-found").replaceChildren();
  show(answers, false);
  input.blur();
}

/** @param {HTMLElement} answers */
function leave(answers) {
  part(answers, ".answers-card").replaceChildren();
  back(answers);
}

/**
 * @param {HTMLElement} answers
 * @param {string} path
 * @param {Record<string, string>} said
 * @returns {Promise<string>} what went wrong, in words; empty when nothing did
 */
async function post(answers, path, said) {
  const token = /** @type {HTMLInputElement} */ (part(answers, "[name=csrf_token]")).value;
  try {
    const response = await fetch(path, {
      method: "POST",
      body: new URLSearchParams({ ...said, csrf_token: token }),
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
    return response.ok ? "" : (await response.json()).error.message;
  } catch {
    return desk.dataset.unsent ?? "";
  }
}

/**
 * @param {HTMLElement} answers
 * @param {string} what
 */
async function act(answers, what) {
  const card = answers.querySelector(".answer-card");
  if (!(card instanceof HTMLElement)) return;
  if (what === "close") return back(answers);
  const said = /** @type {HTMLElement} */ (card.querySelector("[data-in]:not([hidden])"));
  const words = said.querySelector(".words")?.textContent ?? "";
  const answer = card.dataset.id ?? "";
  const button = /** @type {HTMLButtonElement | null} */ (card.querySelector(`[data-act=${what}]`));
  if (!button || button.hidden || button.disabled) return;
  button.disabled = true;
  const problem = await (what === "sms"
    ? post(answers, answers.dataset.sms ?? "", { answer, language: said.dataset.in ?? "", key: card.dataset.key ?? "" })
    : post(answers, answers.dataset.use ?? "", { answer, how: what }));
  const done = card.querySelector(".done");
  if (done) done.textContent = problem;
  if (problem) button.disabled = false;
  else if (what !== "sms") leave(answers);
  if (!problem && what === "note") fill("note", (before) => (before.trim() ? `${before.trimEnd()}\n${words}` : words));
}

/**
 * @param {HTMLElement} answers
 * @param {KeyboardEvent} event
 * @returns {boolean} whether it meant something here
 */
function onKeyInside(answers, event) {
  const card = event.target instanceof Element ? event.target.closest(".answer-card") : null;
  if (card) {
    // Enter on a button means that button
    if (event.key === "Enter" && event.target !== card) return false;
    const what = KEYS[/** @type {keyof typeof KEYS} */ (event.code)];
    if (what) act(answers, what);
    return what !== undefined;
  }
  const input = part(answers, "input[type=search]");
  if (event.target !== input) return false;
  const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (steps) walk(answers, steps);
  else if (event.key === "Enter") open(answers, answers.querySelector("[aria-selected=true]"));
  else if (event.key === "Escape" && answers.classList.contains("open")) back(answers);
  else return false;
  return true;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const answers = box();
  if (!answers || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = event.target instanceof Element && takesText(event.target);
  const asks = event.key === "F3" || (event.code === "Slash" && !event.shiftKey && !typing);
  if (asks) part(answers, "input[type=search]").focus();
  if (!asks && !onKeyInside(answers, event)) return;
  event.preventDefault();
  event.stopPropagation();
}

// before the desk's own keys, which leave a field at Esc
desk.addEventListener("keydown", onKey, { capture: true });
document.addEventListener("keydown", (event) => event.target === document.body && onKey(event));
desk.addEventListener("input", (event) => {
  const answers = box();
  if (!answers || event.target !== part(answers, "input[type=search]")) return;
  clearTimeout(pause);
  pause = setTimeout(() => search(answers), PAUSE_MS);
});
desk.addEventListener("click", (event) => {
  const answers = box();
  const target = event.target instanceof Element ? event.target : null;
  if (!answers || !target || !answers.contains(target)) return;
  const option = target.closest("[data-answer]");
  if (option) open(answers, option);
  const button = target.closest("button");
  if (button?.dataset.act) act(answers, button.dataset.act);
  if (button?.dataset.say) speak(/** @type {HTMLElement} */ (button.closest(".answer-card")), button.dataset.say);
});

/**
 * Show an answer in another language.
 * @param {HTMLElement} card
 * @param {string} language
 */
function speak(card, language) {
  for (const each of card.querySelectorAll("[data-in]")) /** @type {HTMLElement} */ (each).hidden = /** @type {HTMLElement} */ (each).dataset.in !== language;
  for (const each of card.querySelectorAll("[data-say]")) each.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (each).dataset.say === language));
}
