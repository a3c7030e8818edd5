// @ts-check
/**
 * The telephone of the desk: the carrier's SDK (`Twilio`, loaded before this), registered under the
 * agent's name. A call comes here only when its agent has accepted the offer, so it is answered by
 * itself. The desk rings; the SDK does not.
 */

import { choices, letGo, useChoice } from "./sound.js";
import { keypad } from "./keypad.js";

/** Between two tries for a token, in milliseconds: doubled from the first up to the last. A caller may be waiting. */
const PAUSES = { first: 1000, last: 4000 };
/** A question that went into a network that was cut is not answered when that is back: it is asked anew. */
const GIVE_UP_MS = 4000;
/** So long before its end a token is exchanged for a new one: time for many tries. */
const REFRESH_MS = 120_000;
/** What the SDK says of a token that is over or wrong (Twilio, "Error dictionary"). */
const TOKEN_ERRORS = [20101, 20102, 20103, 20104, 20151, 20157, 31201, 31202, 31204, 31205];
/** The microphone was taken away while the page was open. */
const MICROPHONE_ERRORS = [31401, 31402];
/** Why a telephone cannot be answered, as the server is told it: only the agent or the administrator helps. */
const TROUBLES = ["refused", "asked", "none", "insecure", "off"];
/** The states in which there is no telephone here. */
const BROKEN = [...TROUBLES, "elsewhere"];
/** The telephone system is not reached for so long: no blink, and no page that is loaded again. */
const AWAY_MS = 5000;
/** A microphone that is not there for so long is being asked for, and nobody has said yes or no. */
const ASKING_MS = 4000;
/** How often one that is allowed and yet not to be had (another program has it) is tried again, in seconds. */
const TRY_SECONDS = 5;
/** Held by the one tab of this browser that has the telephone. */
const LOCK = "softphone";
/** Who talks for so many seconds, and not here, talks in another browser; before, it may be connecting. */
const ELSEWHERE_SECONDS = 6;

/** Tells "changed" whenever it is otherwise than before, and "sound" with the microphone's level. */
export class Softphone extends EventTarget {
  /** @type {any} */
  #device = null;
  /** @type {any} */
  #call = null;
  /** What the SDK warns of just now, by name. @type {Set<string>} */
  #poor = new Set();
  /** Why the microphone is not to be had; empty when it is. */
  #trouble = "";
  /** A local exchange answers in our place, so that all but the sound can be tried. */
  #silent = false;
  #questions = 0;
  /** The carrier no longer takes our token: what the SDK says of being registered is not true. */
  #refused = false;
  /** @type {Promise<void> | null} */
  #renewing = null;
  /** Whether it is this tab that answers. */
  #mine = false;
  /** For how many seconds the agent has been in a call that is not had here. */
  #without = 0;
  /** Whether the browser allows the microphone, as far as it tells. @type {PermissionStatus | undefined} */
  #allowed;
  #looks = 0;
  /** The trouble that the server was told. */
  #told = "";
  /** Since when the telephone system has not been reached; null while it is. @type {number | null} */
  #awaySince = performance.now();
  #telling = false;

  /** @param {HTMLElement} box */
  constructor(box) {
    super();
    this.box = box;
    this.says = /** @type {HTMLElement} */ (box.querySelector("[role=status]"));
    this.level = /** @type {HTMLMeterElement} */ (box.querySelector("meter"));
    this.mute = /** @type {HTMLButtonElement} */ (box.querySelector("#mute"));
    /** @type {Record<string, string>} */
    this.words = JSON.parse(box.dataset.words ?? "{}");
  }

  /** The call that is had, or null. @returns {any} */
  get call() {
    return this.#call;
  }

  /** What the SDK knows of microphones and speakers, or undefined. @returns {any} */
  get audio() {
    return this.#device?.audio;
  }

  /** Never throws: a telephone that cannot be had is said so, and the desk goes on without it. */
  async start() {
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#attempt());
    const asked = navigator.permissions?.query({ name: /** @type {any} */ ("microphone") });
    asked?.then((permission) => ((this.#allowed = permission).onchange = () => this.#attempt()), () => {});
    this.mute.addEventListener("click", () => this.#call?.mute(!this.#call.isMuted()));
    setInterval(() => this.#look(), 1000);
    await this.#turn();
    await this.#attempt();
  }

  /** One tab answers: this one, or the one that was there first, until that is closed. */
  #turn() {
    return new Promise((mine) => {
      const keep = () => new Promise(() => mine((this.#mine = true)));
      if (!navigator.locks) return keep();
      navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => {
        if (lock) return keep();
        this.#trouble = "elsewhere";
        this.#follow();
        navigator.locks.request(LOCK, keep);
      });
    });
  }

  /** From the beginning, or again when a microphone has come or gone. */
  async #attempt() {
    if (!this.#mine) return;
    const asking = setTimeout(() => this.#is("asked"), ASKING_MS);
    try {
      await this.#is(await microphone().finally(() => clearTimeout(asking)));
      if (!this.#trouble && !this.#device) await this.#renew();
    } catch (error) {
      console.error("the telephone:", error);
      this.#trouble = "off";
    }
    this.#follow();
  }

  /** @param {string} trouble what is in the way of the microphone; empty: nothing */
  async #is(trouble) {
    const question = ++this.#questions;
    const standsIn = /** @type {any} */ (globalThis).carrierStandsIn;
    const silent = Boolean(trouble && (await standsIn?.(this.box.dataset.client).catch(() => false)));
    if (question !== this.#questions) return; // more is known by now
    this.#silent = silent;
    this.#trouble = trouble;
    this.#follow();
  }

  // ---------------------------------------------------------------- being registered

  /** A new token, however often it has to be asked for; and with it registered, if we are not. */
  #renew() {
    this.#renewing ??= this.#renewed().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewed() {
    const given = await this.#token();
    if (!given) throw new Error("there is no telephone for this agent");
    if (this.#device) this.#device.updateToken(given);
    else this.#device = this.#made(given);
    if (this.#refused && this.#device.state === "registered") await this.#device.unregister();
    this.#refused = false;
    // else the SDK is at it, and goes on trying
    if (this.#device.state === "unregistered") this.#device.register().catch(() => this.#follow());
  }

  /** @returns {Promise<string | undefined>} none when this agent has no telephone here (any more) */
  async #token() {
    for (let pause = PAUSES.first; ; pause = Math.min(2 * pause, PAUSES.last)) {
      const answer = await fetch("/api/softphone", { signal: AbortSignal.timeout(GIVE_UP_MS) }).catch(() => null);
      if (answer?.status === 404) return undefined;
      const given = answer?.ok && (await answer.json().catch(() => null));
      if (given) return given.token;
      this.#follow();
      await quiet(pause);
    }
  }

  /** @param {string} token */
  #made(token) {
    const { Twilio, carrierOptions } = /** @type {any} */ (globalThis);
    if (!Twilio) throw new Error("the SDK was not loaded");
    if (this.box.dataset.carrier && !carrierOptions) throw new Error(`${this.box.dataset.carrier} was not loaded`);
    const more = { closeProtection: true, logLevel: "silent", tokenRefreshMs: REFRESH_MS };
    const device = new Twilio.Device(token, { ...carrierOptions, ...more });
    device.audio.incoming(false);
    for (const told of ["registered", "unregistered"]) device.on(told, () => this.#follow());
    device.on("error", (/** @type {{code: number}} */ error) => this.#onError(error.code));
    device.on("tokenWillExpire", () => this.#again());
    device.on("incoming", (/** @type {any} */ ringing) => this.#answer(ringing));
    return device;
  }

  async #again() {
    try {
      await this.#renew();
    } catch (error) {
      console.error("the telephone:", error);
      this.#trouble = "off";
    }
    this.#follow();
  }

  /**
   * The SDK keeps a call that was cut off, and refuses any other for it as busy, also the one that would
   * bring the caller back: so it is made anew.
   * @param {any} lost
   */
  #cutOff(lost) {
    if (this.#call !== lost) return;
    for (const track of lost.getLocalStream()?.getTracks() ?? []) track.stop(); // the SDK would leave it on
    this.#over(lost);
    this.#device.destroy();
    this.#device = null;
    this.#again();
  }

  /** @param {number} code */
  #onError(code) {
    if (MICROPHONE_ERRORS.includes(code)) this.#trouble = "refused";
    if (TOKEN_ERRORS.includes(code)) {
      this.#refused = true;
      this.#again();
    }
    this.#follow();
  }

  // ---------------------------------------------------------------- the call

  /** @param {any} ringing */
  #answer(ringing) {
    for (const end of ["disconnect", "cancel", "reject"]) ringing.on(end, () => this.#over(ringing));
    // an error need not be the end: while the call lives the microphone does, and so does its key
    ringing.on("error", () => (ringing.status() === "closed" ? this.#over(ringing) : this.#follow()));
    // the SDK says no other word of the end when the line to the carrier is cut, and this one before it is
    ringing.on("transportClose", () => setTimeout(() => ringing.status() === "closed" && this.#cutOff(ringing)));
    ringing.on("accept", () => ((this.#call = ringing), this.#follow()));
    ringing.on("mute", () => this.#follow());
    ringing.on("volume", (/** @type {number} */ mine) => (this.level.value = mine));
    ringing.on("warning", (/** @type {string} */ name) => {
      // a level that does not change is no matter of the line: somebody is silent
      if (!name.startsWith("constant-audio")) this.#poor.add(name);
      this.#follow();
    });
    ringing.on("warning-cleared", (/** @type {string} */ name) => (this.#poor.delete(name), this.#follow()));
    // what was chosen may be unplugged by now: then what the browser has is better than nothing
    useChoice(this.audio).finally(() => ringing.status() === "pending" && ringing.accept());
  }

  /** @param {any} ended */
  #over(ended) {
    if (this.#call !== ended) return;
    this.#call = null;
    this.#poor.clear();
    letGo(this.audio); // no light at the microphone while nobody talks
    this.#follow();
  }

  // ---------------------------------------------------------------- what is shown

  /** What the call, or the line without one, is like. */
  #follow() {
    this.level.hidden = this.mute.hidden = !this.#call;
    this.mute.setAttribute("aria-pressed", String(Boolean(this.#call?.isMuted())));
    const tries = !this.#reached() && !BROKEN.includes(this.#trouble);
    this.#awaySince = tries ? (this.#awaySince ?? performance.now()) : null;
    this.#show(this.#call ? this.#ofCall() : this.#ofLine());
    this.dispatchEvent(new Event("changed"));
  }

  /** A call would come. */
  #reached() {
    return this.#device?.state === "registered" && !this.#refused;
  }

  /** What the server is to know: the trouble; empty when a call can be answered; null: not known yet. */
  #answers() {
    if (this.#silent) return "";
    if (TROUBLES.includes(this.#trouble)) return this.#trouble;
    if (this.#awaySince === null) return "";
    return performance.now() - this.#awaySince < AWAY_MS ? null : "away";
  }

  #ofCall() {
    if (this.#call.isMuted()) return "muted";
    return this.#poor.size ? "poor" : "talking";
  }

  #ofLine() {
    if (BROKEN.includes(this.#trouble)) return this.#silent ? "silent" : this.#trouble;
    if (!this.#reached()) return "away";
    return this.#without < ELSEWHERE_SECONDS ? "ready" : "taken";
  }

  /** The desk knows that the agent is in a call, also when another browser was the first to answer. */
  #look() {
    const talks = document.getElementById("state")?.dataset.state === "on_call" && !document.getElementById("cut-off");
    this.#without = talks && !this.#call && this.#device?.state === "registered" ? this.#without + 1 : 0;
    const again = ++this.#looks % TRY_SECONDS === 0 && this.#allowed?.state === "granted";
    if (again && ["refused", "none"].includes(this.#trouble)) this.#attempt();
    this.#follow();
    this.#tell();
  }

  /**
   * Who cannot answer is offered no calls: the server is told so, and that it works once it does. Of two
   * browsers of one agent one that works is enough: it takes back what the other has said, which then says
   * no more. Who signs out begins anew.
   */
  async #tell() {
    const { status, trouble = "" } = document.getElementById("state")?.dataset ?? {};
    if (!status || !this.#mine || this.#telling) return;
    const mine = this.#answers();
    if (mine === null) return; // it may be over in a moment
    if (status === "signed_out" || this.#told !== mine) this.#told = "";
    if (status === "signed_out" || trouble === mine || (mine && this.#told === mine)) return;
    this.#telling = true;
    const known = await this.#said(mine);
    this.#telling = false;
    if (known === mine) this.#told = mine;
  }

  /** @param {string} trouble @returns {Promise<string | undefined>} what the server knows then, if it has answered */
  async #said(trouble) {
    const answer = await fetch(this.box.dataset.tells ?? "", {
      method: "POST",
      body: JSON.stringify({ trouble }),
      headers: { "Content-Type": "application/json", "X-CSRF-Token": this.box.dataset.csrf ?? "" },
      signal: AbortSignal.timeout(GIVE_UP_MS),
    }).catch(() => null);
    if (answer?.status === 404) return trouble; // there is no telephone here for anybody to ring
    return answer?.ok ? ((await answer.json().catch(() => ({}))).trouble ?? "") : undefined;
  }

  /** @param {string} state */
  #show(state) {
    if (this.box.dataset.state === state) return;
    this.box.dataset.state = state;
    this.says.textContent = this.words[state];
  }
}

/** What is in the way of a microphone; asked for now, and not with a caller on the line. */
async function microphone() {
  if (!navigator.mediaDevices) return "insecure";
  const devices = await navigator.mediaDevices.enumerateDevices();
  if (!devices.some((device) => device.kind === "audioinput")) return "none";
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
  } catch {
    return "refused";
  }
  return "";
}

/** So many milliseconds, or until the network is there again. @param {number} milliseconds */
function quiet(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    addEventListener("online", resolve, { once: true });
  });
}

const box = document.getElementById("softphone");
if (box) {
  const phone = new Softphone(box);
  keypad(phone);
  choices(phone);
  phone.start();
}
