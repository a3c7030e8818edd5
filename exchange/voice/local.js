// @ts-check
/**
 * Makes the local exchange the carrier of `@twilio/voice-sdk`. Load it before the SDK, which keeps
 * the WebSocket that it finds when it is loaded:
 *
 *   <script src="http://127.0.0.1:8437/voice/local.js"></script>
 *   <script src="…/twilio.min.js"></script>
 *   new Twilio.Device(token, { ...globalThis.carrierOptions, … })
 *
 * With the carrier itself the first line is left out, and `carrierOptions` is undefined; so is `carrierStandsIn`,
 * by which a page that has no microphone asks whether its calls are answered all the same.
 */
(() => {
  const here = new URL(/** @type {HTMLScriptElement} */ (document.currentScript).src);
  const sounds = ["incoming", "outgoing", "disconnect"];
  for (const key of "0123456789sh") sounds.push(`dtmf${key}`);

  Object.assign(globalThis, {
    carrierOptions: {
      chunderw: here.host,
      eventgw: here.host,
      publishEvents: false, // the carrier's statistics: nobody here wants them
      sounds: Object.fromEntries(sounds.map((name) => [name, new URL(`sounds/${name}.wav`, here).href])),
    },
    /** @param {string} client @returns {Promise<boolean>} */
    carrierStandsIn: async (client) => {
      const answer = await fetch(new URL(`stand-in/${encodeURIComponent(client)}`, here));
      return answer.ok && (await answer.json()).answers;
    },
  });

  // The SDK always asks for wss; an exchange without a certificate answers ws.
  if (here.protocol === "http:") {
    const secure = `wss://${here.host}/`;
    const Native = globalThis.WebSocket;
    globalThis.WebSocket = class extends Native {
      /** @param {string | URL} url @param {string | string[]} [protocols] */
      constructor(url, protocols) {
        const wanted = String(url);
        super(wanted.startsWith(secure) ? wanted.replace("wss:", "ws:") : wanted, protocols);
      }
    };
  }
})();
