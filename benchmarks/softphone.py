"""A browser telephone on the local exchange: how soon it rings and is heard, and what sound costs.

The unmodified SDK in headless Chromium. Beside it the same calls without media, which the exchange
answers itself: what a scripted crowd costs. For the cost all calls are in one conference, so that
everybody hears everybody; for how many the machine carries they are two by two, as caller and
agent, until what is heard has holes (the browser's own count of samples that it had to invent).
"""

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from agents.softphone import SDK
from benchmarks import machine
from hotline import ports

ACCOUNT, KEY, SECRET = "AC" + "0" * 32, "SK" + "0" * 32, secrets.token_hex(32)
LEGS = (0, 1, 2, 4, 8)
#: Conversations at once, of two telephones each; more are not tried once sound has holes.
CONVERSATIONS = (1, 2, 4, 6, 8, 12, 16, 24)
#: From this share of invented samples on, a listener hears that something is missing.
HOLES = 0.02
FLAGS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)
KEYS = '<Response><Play digits="555555555555"/></Response>'
ROOM = '<Response><Dial><Conference beep="false" waitUrl="">{}</Conference></Dial></Response>'
PAGE = """<script src="/voice/local.js"></script>
<script>
  let incoming = 0, call = null;
  const peers = [];
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...given) {
      super(...given);
      peers.push(this);
      this.addEventListener("track", ({ track }) => (window.track = track));
    }
  };
  async function register(token) {
    const device = new Twilio.Device(token, { ...globalThis.carrierOptions, logLevel: "silent" });
    device.on("incoming", (ringing) => {
      incoming = Date.now();
      call = ringing;
      if (window.automatic) ringing.accept();
    });
    await device.register();
  }
  /** Of each telephone that is in a call: [samples heard, of them invented because none came]. */
  async function received() {
    const found = [];
    for (const peer of peers.filter((each) => each.connectionState === "connected")) {
      for (const told of (await peer.getStats()).values()) {
        if (told.type !== "inbound-rtp") continue;
        const invented = told.concealedSamples - told.silentConcealedSamples;
        found.push([told.totalSamplesReceived, invented]);
      }
    }
    return found;
  }
  /** Milliseconds from accepting to the first sound. */
  async function heard() {
    const begun = performance.now();
    window.track = null;
    call.accept();
    while (!window.track) await new Promise((done) => setTimeout(done, 1));
    const context = new AudioContext(), analyser = context.createAnalyser();
    analyser.fftSize = 256;
    const stream = new MediaStream([window.track]), keep = new Audio();
    keep.muted = true;
    keep.srcObject = stream;
    context.createMediaStreamSource(stream).connect(analyser);
    const wave = new Float32Array(256);
    for (;;) {
      analyser.getFloatTimeDomainData(wave);
      if (wave.some((x) => Math.abs(x) > 0.01)) break;
      await new Promise((done) => setTimeout(done, 2));
    }
    const took = performance.now() - begun;
    context.close();
    call.disconnect();
    return took;
  }
</script>"""


@dataclass(frozen=True)
class Running:
    """The exchange as a process of its own."""

    url: str
    pid: int
    client: Client

    def rss(self) -> float:
        """Megabytes of memory that it holds."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def call(self, to: str, twiml: str) -> Any:
        return self.client.calls.create(to=to, from_="1337", twiml=twiml)

    def hang_up(self) -> None:
        for call in self.client.calls.list(status="in-progress"):
            call.update(status="completed")


def token(identity: str) -> str:
    made = AccessToken(ACCOUNT, KEY, SECRET, identity=identity)
    made.add_grant(VoiceGrant(incoming_allow=True))
    return str(made.to_jwt())


async def latencies(exchange: Running, page: Page, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds: REST create to `incoming`, accept to first sound."""
    await page.evaluate("token => register(token)", token("bench"))
    rang, heard = [], []
    for _ in range(rounds + 1):  # the first loads what sound needs
        await page.evaluate("incoming = 0")
        begun = time.time()
        await asyncio.to_thread(exchange.call, "client:bench", KEYS)
        await page.wait_for_function("incoming > 0", polling=5)
        rang.append(await page.evaluate("incoming") - begun * 1000)
        heard.append(await page.evaluate("heard()"))
        await asyncio.sleep(0.2)
    return rang[1:], heard[1:]


async def cost(exchange: Running, legs: int, seconds: float) -> tuple[float, float]:
    """Processor seconds a second, and megabytes, with so many legs in one conference."""
    for number in range(legs):
        await asyncio.to_thread(exchange.call, f"client:crowd-{number}", ROOM.format("room"))
    await asyncio.sleep(3 if legs else 1)  # all connected
    before = machine.cpu_seconds(exchange.pid)
    await asyncio.sleep(seconds)
    used = (machine.cpu_seconds(exchange.pid) - before) / seconds
    memory = exchange.rss()
    await asyncio.to_thread(exchange.hang_up)
    await asyncio.sleep(1)
    return used, memory


async def holes(
    exchange: Running, page: Page, conversations: int, seconds: float
) -> tuple[list[float], float, float]:
    """With so many conversations at once: the share of invented samples at each telephone; the
    processor seconds a second of the exchange, and the share of the whole machine that is busy.
    """
    for number in range(2 * conversations):
        room = ROOM.format(f"room-{number // 2}")
        await asyncio.to_thread(exchange.call, f"client:crowd-{number}", room)
    await asyncio.sleep(4)  # all connected, and over the first seconds, in which all is invented
    before, used = await page.evaluate("received()"), machine.cpu_seconds(exchange.pid)
    idle = machine.idle_seconds()
    await asyncio.sleep(seconds)
    after = await page.evaluate("received()")
    used = (machine.cpu_seconds(exchange.pid) - used) / seconds
    busy = 1 - (machine.idle_seconds() - idle) / seconds / (os.cpu_count() or 1)
    await asyncio.to_thread(exchange.hang_up)
    await asyncio.sleep(1.5)
    if len(after) < 2 * conversations:
        raise RuntimeError(f"{len(after)} of {2 * conversations} telephones are in a call")
    pairs = zip(before, after, strict=True)
    return [(b[1] - a[1]) / max(1, b[0] - a[0]) for a, b in pairs], used, busy


async def carried(exchange: Running, page: Page, seconds: float, most: int) -> None:
    """Print how what is heard is, with more and more conversations."""
    print(machine.row("conversations", "holes: median", "worst", "exchange CPU", "machine CPU"))
    registered = max(LEGS)
    for number in (each for each in CONVERSATIONS if each <= most):
        for crowd in range(registered, 2 * number):
            await page.evaluate("token => register(token)", token(f"crowd-{crowd}"))
        registered = max(registered, 2 * number)
        shares, used, busy = await holes(exchange, page, number, seconds)
        middle, worst = machine.percentile(shares, 0.5), max(shares)
        told = (f"{middle:.2%}", f"{worst:.2%}", f"{used:.0%}", f"{busy:.0%}")
        print(machine.row(str(number), *told))
        if middle > HOLES:
            return


@asynccontextmanager
async def telephones(exchange: Running) -> AsyncIterator[Page]:
    """A page in which the SDK may register as whom one likes."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=list(FLAGS)
        )
        page = await browser.new_page()
        await page.goto(exchange.url + "/health")  # a page of a place that may use microphones
        await page.set_content(PAGE)
        await page.add_script_tag(path=SDK)  # after local.js
        yield page
        await browser.close()


async def soon(exchange: Running, page: Page, rounds: int) -> None:
    """Print how soon it rings and is heard."""
    rang, heard = await latencies(exchange, page, rounds)
    print(machine.row(f"{rounds} rounds", "p50 ms", "p90 ms", "p99 ms"))
    for name, values in (("REST create to `incoming`", rang), ("accept to first sound", heard)):
        shares = [machine.percentile(values, share) for share in (0.5, 0.9, 0.99)]
        print(machine.row(name, *(f"{share:.0f}" for share in shares)))


async def only_soon(exchange: Running, rounds: int) -> None:
    async with telephones(exchange) as page:
        await soon(exchange, page, rounds)


async def measured(exchange: Running, rounds: int, seconds: float) -> None:
    memory = exchange.rss()
    silent = {legs: await cost(exchange, legs, seconds) for legs in (0, max(LEGS))}
    async with telephones(exchange) as page:
        await soon(exchange, page, rounds)
        await page.evaluate("window.automatic = true")
        for number in range(max(LEGS)):
            await page.evaluate("token => register(token)", token(f"crowd-{number}"))
        sounding = {legs: await cost(exchange, legs, seconds) for legs in LEGS}
        await carried(exchange, page, seconds, most=2 if rounds < 10 else max(CONVERSATIONS))
    print(machine.row("exchange process", "CPU %", "CPU % a leg", "RSS MB"))
    print(machine.row("just started", "", "", f"{memory:.0f}"))
    for legs, (used, held) in silent.items():
        _print(f"{legs} legs without media", legs, used, held, silent[0][0])
    for legs, (used, held) in sounding.items():
        _print(f"{legs} legs with media", legs, used, held, sounding[0][0])


def _print(name: str, legs: int, used: float, held: float, idle: float) -> None:
    each = f"{(used - idle) * 100 / legs:.1f}" if legs else ""
    print(machine.row(name, f"{used * 100:.1f}", each, f"{held:.0f}"))


def main(*, quick: bool = False, latencies: bool = False) -> None:
    """Print the tables; with `latencies` only the first, of enough rounds for its last column."""
    held = ports.Held(ports.LOOPBACK)
    url = held.url
    command = [
        sys.executable,
        "-m",
        "exchange",
        "--port",
        str(held.number),
        "--account-sid",
        ACCOUNT,
    ]
    command += ["--api-key-sid", KEY, "--number", "1337=http://127.0.0.1:9/voice"]
    environment = {"EXCHANGE_AUTH_TOKEN": SECRET, "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not ports.healthy(url):
            time.sleep(0.05)
        client = Client(ACCOUNT, SECRET)
        client.api.base_url = url
        print("A browser telephone on the local exchange: its latencies, and what sound costs.")
        running = Running(url, process.pid, client)
        rounds, seconds = (3, 2.0) if quick else (150 if latencies else 20, 10.0)
        asyncio.run(only_soon(running, rounds) if latencies else measured(running, rounds, seconds))
    finally:
        process.terminate()
        process.wait()
        held.close()
