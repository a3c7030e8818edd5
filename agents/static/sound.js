// @ts-check
/**
 * Which microphone, which speaker, and where it rings: chosen once, remembered by this browser. What
 * is chosen and not plugged in is left out, and comes back with it.
 */

const KINDS = { microphone: "audioinput", speaker: "audiooutput", ring: "audiooutput" };
/** @param {string} name */
const keyOf = (name) => `softphone.${name}`;

/** @param {keyof typeof KINDS} name @returns {string} the device's id, or "" for the browser's own */
export function chosen(name) {
  try {
    return localStorage.getItem(keyOf(name)) ?? "";
  } catch {
    return ""; // a browser that keeps nothing
  }
}

/** Have the SDK use what was chosen, as far as it is there. @param {any} audio */
export async function useChoice(audio) {
  const [microphone, speaker] = [chosen("microphone"), chosen("speaker")];
  try {
    if (audio?.availableInputDevices.has(microphone)) await audio.setInputDevice(microphone);
    if (audio?.isOutputSelectionSupported) {
      const there = audio.availableOutputDevices.has(speaker);
      await audio.speakerDevices.set(there ? speaker : "default");
    }
  } catch (error) {
    console.warn("the sound devices:", error);
  }
}

/** After a call the microphone is nobody's. @param {any} audio */
export function letGo(audio) {
  audio?.unsetInputDevice().catch(() => {});
}

/** Let a ring be heard where that was chosen; where it cannot be, it is heard as ever.
 * @param {AudioContext} context */
export function ringWhereChosen(context) {
  const there = /** @type {any} */ (context);
  there.setSinkId?.(chosen("ring")).catch(() => there.setSinkId("").catch(() => {}));
}

/** The dialog. @param {import("./softphone.js").Softphone} phone */
export function choices(phone) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("sound"));
  const level = /** @type {HTMLMeterElement} */ (dialog.querySelector("meter"));
  const fields = /** @type {HTMLSelectElement[]} */ ([...dialog.querySelectorAll("select")]);
  const usual = dialog.dataset.usual ?? "";
  /** @type {(() => void) | null} */
  let stop = null;

  async function fill() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    for (const field of fields) {
      const name = /** @type {keyof typeof KINDS} */ (field.name);
      const there = devices.filter((device) => device.kind === KINDS[name] && device.deviceId && device.deviceId !== "default");
      field.replaceChildren(new Option(usual, ""), ...there.map((device) => new Option(device.label, device.deviceId)));
      field.value = there.some((device) => device.deviceId === chosen(name)) ? chosen(name) : "";
      field.disabled = KINDS[name] === "audiooutput" && !canChooseOutput();
    }
  }

  function hush() {
    stop?.();
    stop = null;
  }

  async function listen() {
    hush();
    const next = await meter(level).catch(() => null);
    hush(); // two that were begun at once
    stop = next;
    if (!dialog.open) hush();
  }

  document.getElementById("show-sound")?.addEventListener("click", async () => {
    if (!navigator.mediaDevices) return;
    dialog.showModal();
    await fill();
    await listen();
  });
  dialog.addEventListener("close", hush);
  dialog.addEventListener("change", async (event) => {
    if (!(event.target instanceof HTMLSelectElement)) return;
    const { name, value } = event.target;
    try {
      localStorage.setItem(keyOf(name), value);
    } catch {
      // chosen for nothing: a browser that keeps nothing
    }
    if (phone.call) await useChoice(phone.audio);
    if (name === "microphone") await listen();
    else await sample(value);
  });
  navigator.mediaDevices?.addEventListener("devicechange", () => dialog.open && fill());
}

function canChooseOutput() {
  return "setSinkId" in HTMLMediaElement.prototype && "setSinkId" in AudioContext.prototype;
}

/** Let one hear which device it is. @param {string} sink */
async function sample(sink) {
  const context = new AudioContext();
  await /** @type {any} */ (context).setSinkId?.(sink).catch(() => {});
  const tone = new OscillatorNode(context, { frequency: 523.25 });
  const volume = new GainNode(context, { gain: 0.1 });
  tone.connect(volume).connect(context.destination);
  tone.onended = () => context.close();
  tone.start();
  tone.stop(context.currentTime + 0.4);
}

/**
 * Shows how loud the chosen microphone is, until what it gives is called.
 * @param {HTMLMeterElement} level
 */
async function meter(level) {
  const wanted = chosen("microphone");
  const stream = await navigator.mediaDevices
    .getUserMedia({ audio: wanted ? { deviceId: { exact: wanted } } : true })
    .catch(() => navigator.mediaDevices.getUserMedia({ audio: true }));
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaStreamSource(stream).connect(analyser);
  const wave = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(wave);
    level.value = Math.min(1, 3 * Math.sqrt(wave.reduce((sum, each) => sum + each * each, 0) / wave.length));
  }, 100);
  return () => {
    clearInterval(timer);
    level.value = 0;
    for (const track of stream.getTracks()) track.stop();
    context.close();
  };
}
