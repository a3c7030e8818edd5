// @ts-check
/**
 * Sends what waits, in the order in which it happened, from the page or from the worker behind it. Of several tabs one
 * sends at a time (Web Locks); where a browser has no locks, the keys keep it harmless.
 */

import { moment } from "./moment.js";
import { nextBatch, settled, stumbled, surplus } from "./queue.js";
import * as store from "./store.js";

/**
 * @typedef {import("./queue.js").Action} Action
 * @typedef {"sent" | "offline" | "sign-in" | "failing" | "busy"} Outcome busy: another tab is at it
 */

const LOCK = "saidduan-field-send";
/** After so long a line is none, in milliseconds. */
const STEPS_WITHIN = 20_000, PHOTO_WITHIN = 180_000;

/** Whose session this is, and its token; a new session has another. @type {{ account: string, csrf_token: string } | undefined} */
let session;

/**
 * Send all that waits of whoever is signed in.
 * @returns {Promise<Outcome>}
 */
export async function sendAll() {
  if (!("locks" in navigator)) return run();
  /** @type {Outcome} */
  let outcome = "busy";
  await navigator.locks.request(LOCK, { ifAvailable: true }, async (lock) => {
    if (lock) outcome = await run();
  });
  return outcome;
}

/** @returns {Promise<Outcome>} */
async function run() {
  try {
    for (const each of surplus(await store.all())) await store.remove(each);
    session ??= await signedIn();
    for (let renewed = false; ; ) {
      const { account, csrf_token } = session;
      const batch = nextBatch((await store.all()).filter((each) => each.account === account));
      if (!batch.length) return "sent";
      const answer = await post(batch, csrf_token);
      if (answer.status === 401) throw new SignIn();
      if (answer.status === 403) {
        if (renewed) throw new SignIn();
        renewed = true; // signed in anew meanwhile, perhaps as somebody else
        session = await signedIn();
        continue;
      }
      if (!(await taken(batch, answer))) return "failing";
    }
  } catch (error) {
    if (!(error instanceof SignIn)) return "offline";
    session = undefined;
    return "sign-in";
  }
}

class SignIn extends Error {}

async function signedIn() {
  const answer = await fetch("/api/field/jobs", { cache: "no-store", signal: AbortSignal.timeout(STEPS_WITHIN) });
  if (answer.status === 401 || answer.status === 403) throw new SignIn();
  const said = answer.ok ? await answer.json() : {};
  if (!said.account) throw new Error(`no session: ${answer.status}`);
  return { account: String(said.account), csrf_token: String(said.csrf_token) };
}

/**
 * @param {Action[]} batch
 * @param {string} token
 */
function post(batch, token) {
  const sent_at = moment();
  const [first] = batch;
  const headers = { "X-CSRF-Token": token, Accept: "application/json" };
  if (first?.photo) {
    const body = new FormData();
    body.set("actions", JSON.stringify([plain(first)]));
    body.set("account", first.account);
    body.set("sent_at", sent_at);
    body.set("photo", first.photo, "photo");
    return fetch("/api/field/actions", { method: "POST", headers, body, signal: AbortSignal.timeout(PHOTO_WITHIN) });
  }
  const body = JSON.stringify({ account: first?.account, sent_at, actions: batch.map(plain) });
  return fetch("/api/field/actions", {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body,
    signal: AbortSignal.timeout(STEPS_WITHIN),
  });
}

/** What the hotline is told of an action. @param {Action} action */
function plain({ key, job, act, happened_at, text, place, side }) {
  return { key, job, act, happened_at, text, side, ...place };
}

/**
 * Write down what the hotline said of each.
 * @param {Action[]} batch
 * @param {Response} answer
 * @returns {Promise<boolean>} whether to go on with the next
 */
async function taken(batch, answer) {
  const said = await answer.json().catch(() => null);
  if (answer.ok && !Array.isArray(said?.answers)) throw new Error("this was not the hotline: somebody's sign-in page");
  if (answer.ok) return settleAll(batch, said.answers);
  const [first] = batch;
  // a gateway that finds nobody behind it says nothing of what was sent
  if (!first || answer.status === 429 || [502, 503, 504].includes(answer.status)) return false;
  const why = String(said?.error?.message ?? answer.status);
  const refused = answer.status < 500 && (batch.length === 1 || first.tries > 0);
  await store.put(refused ? { ...first, state: "refused", why } : stumbled(first, why));
  return answer.status < 500;
}

/**
 * @param {Action[]} batch
 * @param {import("./queue.js").Answer[]} answers
 */
async function settleAll(batch, answers) {
  const said = new Map(answers.map((answer) => [answer.key, answer]));
  for (const action of batch) {
    const answer = said.get(action.key);
    if (!answer) return false; // it stopped before this one
    const left = settled(action, answer);
    if (left) await store.put(left);
    else await store.remove(action);
    if (answer.state === "failed") return false;
  }
  return true;
}
