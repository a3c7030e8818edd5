// @ts-check
/**
 * The sound of one call: the microphone goes to the exchange, what it plays to the loudspeaker.
 *
 * The offer carries no candidates: the exchange gives its own, and learns ours from what arrives.
 * Without a microphone (none there, or not allowed) one still hears; without WebRTC there is no
 * sound, and the call is what is written on the page.
 */
export class Sound {
  /** @param {RTCPeerConnection} peer @param {MediaStream | null} microphone */
  constructor(peer, microphone) {
    this.peer = peer;
    this.microphone = microphone;
    this.loudspeaker = new Audio();
    peer.addEventListener("track", (event) => {
      this.loudspeaker.srcObject = event.streams[0] ?? new MediaStream([event.track]);
      this.loudspeaker.play().catch(() => {}); // a browser that wants a click first: the dial button was one
    });
  }

  /** @returns {Promise<Sound | null>} */
  static async open() {
    if (!("RTCPeerConnection" in window)) return null;
    const microphone = await navigator.mediaDevices?.getUserMedia({ audio: true }).catch(() => null);
    const sound = new Sound(new RTCPeerConnection(), microphone ?? null);
    try {
      const [track] = microphone?.getAudioTracks() ?? [];
      if (microphone && track) sound.peer.addTrack(track, microphone);
      else sound.peer.addTransceiver("audio", { direction: "recvonly" });
      await sound.peer.setLocalDescription();
    } catch (error) {
      sound.close(); // or the microphone stays on with nobody to turn it off
      throw error;
    }
    return sound;
  }

  /** What goes with the request that makes or answers a call. */
  get offer() {
    return { sdp: this.peer.localDescription?.sdp };
  }

  /** @param {string | undefined} sdp the exchange's answer */
  async begin(sdp) {
    if (sdp) await this.peer.setRemoteDescription({ type: "answer", sdp });
  }

  close() {
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.loudspeaker.srcObject = null;
    this.peer.close();
  }
}
