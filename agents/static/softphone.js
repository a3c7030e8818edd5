// @ts-check
/**
 * The telephone of the desk: the carrier's SDK (`Twilio`, loaded before this), registered under the
 * agent's name. A call comes here only when its agent has accepted the offer, so it is answered by
 * itself. The desk rings; the SDK does not.
 */

const box = document.getElementById("softphone");
if (box) start(box);

/** @param {HTMLElement} box */
async function start(box) {
  const says = /** @type {HTMLElement} */ (box.querySelector("[role=status]"));
  const level = /** @type {HTMLMeterElement} */ (box.querySelector("meter"));
  const mute = /** @type {HTMLButtonElement} */ (box.querySelector("button"));
  const words = JSON.parse(box.dataset.words ?? "{}");
  /** @type {any} */
  let call = null;
  /** What the SDK warns of just now, by name. @type {Set<string>} */
  const poor = new Set();

  /** @param {string} state */
  function show(state) {
    if (box.dataset.state === state) return;
    box.dataset.state = state;
    says.textContent = words[state];
  }

  /** What the call, or the line without one, is like. */
  function follow() {
    const muted = Boolean(call?.isMuted());
    level.hidden = mute.hidden = !call;
    mute.setAttribute("aria-pressed", String(muted));
    if (!call) show(device.state === "registered" ? "ready" : "away");
    else if (muted) show("muted");
    else show(poor.size ? "poor" : "talking");
  }

  const trouble = await microphone();
  if (trouble) return show(trouble);

  const { Twilio, carrierOptions } = /** @type {any} */ (globalThis);
  const first = Twilio && (await token());
  if (!first) return show("off");
  const device = new Twilio.Device(first, { ...carrierOptions, closeProtection: true, logLevel: "silent" });
  device.audio.incoming(false);
  device.on("registered", follow);
  device.on("unregistered", follow);
  device.on("error", (/** @type {{code: number}} */ error) => {
    // 31401, 31402: the microphone was taken away while the page was open
    if ([31401, 31402].includes(error.code)) show("refused");
    else follow();
  });
  device.on("tokenWillExpire", async () => {
    const next = await token();
    if (next) device.updateToken(next);
  });
  device.on("incoming", (/** @type {any} */ ringing) => {
    for (const end of ["disconnect", "cancel", "reject", "error"]) {
      ringing.on(end, () => {
        if (call !== ringing) return;
        call = null;
        poor.clear();
        follow();
      });
    }
    ringing.on("accept", () => ((call = ringing), follow()));
    ringing.on("mute", follow);
    ringing.on("volume", (/** @type {number} */ mine) => (level.value = mine));
    ringing.on("warning", (/** @type {string} */ name) => {
      // a level that does not change is no matter of the line: somebody is silent
      if (!name.startsWith("constant-audio")) poor.add(name);
      follow();
    });
    ringing.on("warning-cleared", (/** @type {string} */ name) => (poor.delete(name), follow()));
    ringing.accept();
  });
  mute.addEventListener("click", () => call?.mute(!call.isMuted()));
  device.register().catch(follow); // the SDK goes on trying
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

/** @returns {Promise<string | undefined>} none when we are signed out, or not reached */
async function token() {
  const answer = await fetch("/api/softphone").catch(() => null);
  return answer?.ok ? (await answer.json()).token : undefined;
}
