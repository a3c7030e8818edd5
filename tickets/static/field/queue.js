// @ts-check
/**
 * What waits on the telephone to be sent: the rules of it. No page, no network, no clock.
 *
 * @typedef {"acknowledge" | "on_way" | "here" | "done" | "decline" | "help" | "help_over" | "note" | "photo" | "position"} Act
 *
 * @typedef {{ latitude: number, longitude: number, accuracy_m?: number }} Place
 *
 * @typedef {object} Action what somebody did, as it is kept until the hotline has it
 * @property {number} [n] its place in the queue, given when it is kept
 * @property {string} key a UUID: with it the hotline knows what it has already
 * @property {string} account whose it is; nobody else's session sends it
 * @property {number} job
 * @property {string} title what the job is called in the list of what waits
 * @property {Act} act
 * @property {string} happened_at ISO 8601, by the telephone's clock
 * @property {string} [text]
 * @property {Place} [place]
 * @property {"before" | "after"} [side] of a photo
 * @property {Blob} [photo]
 * @property {"waiting" | "refused" | "failed"} state refused: it never will be taken; failed: the hotline could not, and may be asked again
 * @property {number} tries how often the hotline stumbled over it
 * @property {string} [why] in words, of what was refused
 *
 * @typedef {{ key: string, state: "done" | "refused" | "failed", message?: string }} Answer
 */

/** So many steps go at once; a photo goes alone. */
export const AT_ONCE = 20;
/** Over which the hotline stumbled so often, that is put beside and no longer stands before the others. */
export const MOST_TRIES = 4;
/** So many positions are kept on a telephone without a line. */
export const MOST_POSITIONS = 60;

/** After each act, the state of the job. @type {Record<string, string>} */
const LEADS_TO = { acknowledge: "acknowledged", on_way: "on_way", here: "here", done: "done", decline: "declined" };
const ORDER = ["sent", "acknowledged", "on_way", "here", "done", "declined", "handed_over"];

/**
 * What goes next: the oldest steps together, or the oldest photo alone. What the hotline stumbled over goes alone too, so
 * that it is known which it was.
 * @param {readonly Action[]} queue in the order in which it happened
 * @returns {Action[]}
 */
export function nextBatch(queue) {
  const waiting = queue.filter((each) => each.state === "waiting");
  const first = waiting[0];
  if (!first) return [];
  if (first.photo || first.tries > 0) return [first];
  const stop = waiting.findIndex((each) => each.photo || each.tries > 0);
  return waiting.slice(0, stop < 0 ? AT_ONCE : Math.min(stop, AT_ONCE));
}

/**
 * How long to wait before the next try, in milliseconds: longer each time, a minute at most, and never the same on all
 * telephones of a city whose line is back.
 * @param {number} attempt from 0
 * @param {number} chance between 0 and 1
 */
export function pause(attempt, chance) {
  return Math.round(Math.min(60_000, 1000 * 2 ** Math.min(attempt, 10)) * (0.5 + chance / 2));
}

/**
 * What becomes of an action after the hotline has answered; null: it has it, and the telephone lets it go.
 * @param {Action} action
 * @param {Answer} answer
 * @returns {Action | null}
 */
export function settled(action, answer) {
  if (answer.state === "done") return null;
  if (answer.state === "refused") return { ...action, state: "refused", why: answer.message ?? "" };
  return stumbled(action, answer.message);
}

/**
 * The same after the hotline could not take it.
 * @param {Action} action
 * @param {string} [why]
 * @returns {Action}
 */
export function stumbled(action, why) {
  const tries = action.tries + 1;
  return tries >= MOST_TRIES ? { ...action, tries, state: "failed", why: why ?? "" } : { ...action, tries };
}

/**
 * The state of a job as its crew sees it: with what they did and the hotline does not know yet. Backwards it does not go.
 * @param {string} state
 * @param {readonly Action[]} queue of this job
 */
export function stateAfter(state, queue) {
  const led = queue.filter((each) => each.state === "waiting").map((each) => LEADS_TO[each.act] ?? state);
  return led.reduce((now, next) => (ORDER.indexOf(next) > ORDER.indexOf(now) ? next : now), state);
}

/**
 * Positions that are let go because there are too many: where somebody was long ago helps nobody. Nothing else is ever
 * let go.
 * @param {readonly Action[]} queue
 * @returns {Action[]}
 */
export function surplus(queue) {
  const positions = queue.filter((each) => each.act === "position" && each.state === "waiting");
  return positions.slice(0, Math.max(0, positions.length - MOST_POSITIONS));
}

/**
 * What a reader is told to wait: positions by themselves are not counted.
 * @param {readonly Action[]} queue
 */
export function shown(queue) {
  return queue.filter((each) => each.act !== "position" && each.state === "waiting");
}

/**
 * What needs a reader's word: it was refused, or cannot be sent.
 * @param {readonly Action[]} queue
 */
export function troubled(queue) {
  return queue.filter((each) => each.act !== "position" && each.state !== "waiting");
}

/** The mean radius of the earth in metres (IUGG). */
const EARTH = 6_371_008.8;

/**
 * The metres between two places (haversine).
 * @param {Place} one
 * @param {Place} other
 */
export function distance(one, other) {
  const rad = Math.PI / 180;
  const half = Math.sin(((other.latitude - one.latitude) * rad) / 2) ** 2;
  const side = Math.sin(((other.longitude - one.longitude) * rad) / 2) ** 2;
  const a = half + Math.cos(one.latitude * rad) * Math.cos(other.latitude * rad) * side;
  return 2 * EARTH * Math.asin(Math.min(1, Math.sqrt(a)));
}
