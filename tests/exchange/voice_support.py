"""For the tests of sound: known tones, pages that measure what they hear, a device's page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web
from playwright.async_api import Browser, Page, Playwright, expect
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from exchange.app import make_app
from exchange.clock import RealClock
from exchange.core import Config, Exchange
from exchange.voice import tones
from tests.exchange.conftest import SID, TOKEN, Application

SDK = Path(__file__).parents[2] / "node_modules/@twilio/voice-sdk/dist/twilio.min.js"
KEY, SECRET = "SK" + "1" * 32, "a secret of the tests, long enough for HS256"

PAGE = """<!doctype html><title>device</title>
<script src="{exchange}/voice/local.js"></script>
<script src="/twilio.min.js"></script>
<script>
  const seen = [];
  let call = null;
  const options = {{ ...globalThis.carrierOptions, logLevel: "error" }};
  const device = new Twilio.Device("{token}", options);
  for (const name of ["registered", "unregistered", "error"]) {{
    device.on(name, (detail) => seen.push(name + (detail?.code ? " " + detail.code : "")));
  }}
  function follow(ringing) {{
    call = ringing;
    for (const name of ["accept", "ringing", "cancel", "disconnect", "reject", "error"]) {{
      ringing.on(name, () => seen.push(name));
    }}
  }}
  device.on("incoming", (ringing) => {{
    seen.push("incoming");
    window.incomingAt = Date.now();
    follow(ringing);
  }});
  const register = () => device.register();
  if ({register}) register();
</script>"""

LISTEN = """
  // Every stream that a page hears is also measured: an analyser of what comes in.
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...given) {
      super(...given);
      this.addEventListener("track", (event) => {
        const context = new AudioContext();
        const source = context.createMediaStreamSource(new MediaStream([event.track]));
        const keep = new Audio();
        keep.muted = true;
        keep.srcObject = new MediaStream([event.track]);
        const analyser = context.createAnalyser();
        analyser.fftSize = 8192;
        analyser.smoothingTimeConstant = 0;
        source.connect(analyser);
        window.heard = { context, analyser, keep };
      });
    }
  };
  window.level = () => {
    if (!window.heard) return { rms: 0, peaks: {} };
    const { context, analyser } = window.heard;
    const wave = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(wave);
    const power = (hertz) => { // Goertzel
      const w = 2 * Math.PI * hertz / context.sampleRate, c = 2 * Math.cos(w);
      let a = 0, b = 0;
      for (const x of wave) { const s = x + c * a - b; b = a; a = s; }
      return Math.sqrt(Math.max(0, a * a + b * b - c * a * b)) * 2 / wave.length;
    };
    const peaks = {};
    for (const hertz of [697, 852, 941, 1209, 1477]) peaks[hertz] = power(hertz);
    return { rms: Math.sqrt(wave.reduce((s, x) => s + x * x, 0) / wave.length), peaks };
  };
"""


def token(
    identity: str,
    *,
    ttl: int = 3600,
    secret: str = SECRET,
    account: str = SID,
    incoming: bool = True,
    outgoing: bool = True,
) -> str:
    """As the application makes them, by the carrier's own library."""
    made = AccessToken(account, KEY, secret, identity=identity, ttl=ttl)
    application = "AP" + "0" * 32 if outgoing else None
    made.add_grant(
        VoiceGrant(incoming_allow=incoming or None, outgoing_application_sid=application)
    )
    return str(made.to_jwt())


def power(samples: Any, hertz: float) -> float:
    """How loud a tone is in 16-bit samples at 8 kHz: 1.0 is the loudest that there can be."""
    at = np.arange(len(samples)) / tones.RATE
    wave = np.asarray(samples, np.float64) / 32768
    return float(2 * abs(np.mean(wave * np.exp(-2j * np.pi * hertz * at))))


def unmulaw(data: bytes) -> Any:
    """16-bit samples of mu-law. Source: ITU-T G.711."""
    inverse = ~np.frombuffer(data, np.uint8)
    magnitude = ((inverse & 0x0F).astype(np.int32) * 8 + 0x84) << ((inverse >> 4) & 7)
    return np.where(inverse & 0x80, 0x84 - magnitude, magnitude - 0x84).astype(np.int16)


@dataclass
class City:
    """An exchange in real time, the application behind it, and browsers with microphones."""

    exchange: Exchange
    app: Application
    url: str
    client: Client
    playwright: Playwright
    folder: Path
    browsers: list[Browser] = field(default_factory=list)

    async def browser(self, hertz: float) -> Browser:
        """A browser whose microphone hears one tone."""
        path = self.folder / f"{hertz}.wav"
        if not path.exists():
            path.write_bytes(tones.wave(tones.tone((hertz,), 10.0, 12000)))
        browser = await self.playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={path}",
                "--autoplay-policy=no-user-gesture-required",
                "--allow-loopback-in-peer-connection",  # there may be no other network
            ],
        )
        self.browsers.append(browser)
        return browser

    async def device(self, browser: Browser, identity: str, *, register: bool = True) -> Page:
        """A page with the SDK, of another site than the exchange's; registered when it returns."""
        page = await browser.new_page()
        await page.add_init_script(LISTEN)
        path = f"/device-{identity}"
        text = PAGE.format(exchange=self.url, token=token(identity), register=str(register).lower())
        self.app["/twilio.min.js"] = lambda _: web.FileResponse(SDK)
        self.app[path] = lambda _: web.Response(text=text, content_type="text/html")
        await page.goto(self.app.url + path)
        if register:
            await saw(page, "registered")
        return page

    async def handset(self, browser: Browser, number: str = "+66812345678") -> Page:
        page = await browser.new_page()
        await page.add_init_script(LISTEN + f'localStorage.setItem("from", "{number}");')
        await page.goto(self.url + "/")
        await page.wait_for_function("document.querySelector('#to').value === '1337'")
        return page

    async def rest(self, work: Any) -> Any:
        return await asyncio.to_thread(work, self.client)


@asynccontextmanager
async def city(application: Application, playwright: Playwright, tmp: Path) -> AsyncIterator[City]:
    """Everything started; and stopped at the end, with nothing left behind."""
    expect.set_options(timeout=30_000)  # of every page here; usual are five seconds
    config = Config(
        account_sid=SID,
        auth_token=TOKEN,
        api_key_sid=KEY,
        api_key_secret=SECRET,
        numbers={"1337": application.url + "/voice"},
    )
    exchange = Exchange(config, RealClock())
    runner = web.AppRunner(make_app(exchange), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    exchange.base_url = url = f"http://{host}:{port}"
    client = Client(SID, TOKEN)
    client.api.base_url = url
    town = City(exchange, application, url, client, playwright, tmp)
    try:
        yield town
    finally:
        for browser in town.browsers:
            await browser.close()
        await runner.cleanup()
        client.http_client.session.close()
    assert exchange.live == 0
    assert exchange.tasks == 0


async def saw(page: Page, event: str, times: int = 1) -> None:
    """Returns when the device's page has seen the event."""
    await page.wait_for_function(
        "([event, times]) => seen.filter((e) => e === event).length >= times", arg=[event, times]
    )


async def hears(page: Page, hertz: int, above: float = 0.012, within: float = 30.0) -> None:
    """Returns when the page hears the tone; fails when it does not in time.

    Not loud: browsers take a steady tone for noise, and suppress most of it.
    """
    await _level(page, f"peaks['{hertz}'] > {above}", within)


async def hears_no(page: Page, hertz: int, below: float = 0.003, within: float = 30.0) -> None:
    await _level(page, f"peaks['{hertz}'] < {below}", within)


async def hears_something(page: Page, above: float = 0.01, within: float = 30.0) -> None:
    await _level(page, f"rms > {above}", within)


async def _level(page: Page, condition: str, within: float) -> None:
    deadline = time.monotonic() + within
    while True:
        level = await page.evaluate("window.level()")
        peaks, rms = level["peaks"], level["rms"]
        if eval(condition, {"peaks": peaks, "rms": rms}):
            return
        assert time.monotonic() < deadline, f"never {condition}: {level}"
        await asyncio.sleep(0.05)


async def fetch(url: str) -> bytes:
    async with aiohttp.ClientSession() as http, http.get(url) as reply:
        assert reply.status == 200
        return await reply.read()
