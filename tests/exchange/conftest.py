"""An exchange driven by hand, an application that answers it, and the real twilio library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from exchange.app import make_app
from exchange.call import Call
from exchange.clock import HandClock
from exchange.core import Config, Exchange

SID = "AC" + "0" * 32
TOKEN = "a token of the tests"
CALLER = "+66812345678"
START = 1_800_000_000.0


@dataclass
class Hit:
    """One request that the application got."""

    path: str
    method: str
    params: dict[str, str]
    headers: dict[str, str]
    url: str

    def __getitem__(self, name: str) -> str:
        return self.params[name]


Answer = str | bytes | web.StreamResponse | Callable[[Hit], Any]


@dataclass
class Application:
    """Answers by path: TwiML verbs, a response, or a function of the request."""

    answers: dict[str, Answer] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    url: str = ""
    validator: RequestValidator = field(default_factory=lambda: RequestValidator(TOKEN))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = dict(parse_qsl(await request.text(), keep_blank_values=True))
        url = f"{self.url}{request.raw_path}"
        signature = request.headers.get("X-Twilio-Signature", "")
        assert self.validator.validate(url, form, signature), f"a forged request to {url}"
        params = form or dict(request.query)
        hit = Hit(request.path, request.method, params, dict(request.headers), url)
        self.hits.append(hit)
        return await self._answer(hit)

    async def _answer(self, hit: Hit) -> web.StreamResponse:
        answer: Any = self.answers.get(hit.path, web.Response(status=404))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(hit)
            if asyncio.iscoroutine(answer):
                answer = await answer
        if isinstance(answer, str):
            return web.Response(text=f"<Response>{answer}</Response>", content_type="text/xml")
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="audio/x-wav")
        assert isinstance(answer, web.StreamResponse)
        return answer

    def to(self, path: str) -> list[Hit]:
        """The requests to one path, in order of arrival."""
        return [hit for hit in self.hits if hit.path == path]

    def __setitem__(self, path: str, answer: Any) -> None:
        self.answers[path] = answer


@dataclass
class Line:
    """The exchange, its clock, and ways to use both."""

    exchange: Exchange
    clock: HandClock
    app: Application
    url: str
    http: aiohttp.ClientSession
    client: Client

    async def call(self, script: dict[str, Any] | None = None, from_: str = CALLER) -> Call:
        """Somebody calls 1337; returns when nothing more happens without time passing."""
        call = self.exchange.dial_in(from_, "1337", script)
        await self.clock.settle()
        return call

    async def after(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await self.clock.settle()

    async def rest(self, work: Callable[[Client], Any]) -> Any:
        """Runs a blocking call of the twilio library."""
        result = await asyncio.to_thread(work, self.client)
        await self.clock.settle()
        return result

    def said(self, call: Call) -> list[str]:
        return [line.text for line in call.transcript if line.kind == "say"]

    def kinds(self, call: Call) -> list[str]:
        return [line.kind for line in call.transcript]


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    async with an_application() as application:
        yield application


@pytest.fixture
async def line(application: Application) -> AsyncIterator[Line]:
    async with a_line(application) as line:
        yield line


@asynccontextmanager
async def an_application() -> AsyncIterator[Application]:
    """Runs in the loop that enters it."""
    application = Application()
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", application.handle)
    runner = web.AppRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    application.url = f"http://{host}:{port}"
    yield application
    await runner.cleanup()


@asynccontextmanager
async def a_line(application: Application) -> AsyncIterator[Line]:
    """The same; nothing is left behind."""
    clock = HandClock(START)
    config = Config(
        account_sid=SID,
        auth_token=TOKEN,
        numbers={"1337": application.url + "/voice"},
        voice_fallback_url=application.url + "/fallback",
        status_callback=application.url + "/status",
    )
    exchange = Exchange(config, clock)
    application["/status"] = lambda _: web.Response(status=204)
    runner = web.AppRunner(make_app(exchange), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    client = Client(SID, TOKEN)
    client.api.base_url = url
    async with aiohttp.ClientSession(url) as http:
        yield Line(exchange, clock, application, url, http, client)
    await runner.cleanup()
    assert exchange.live == 0
    assert exchange.tasks == 0
    client.http_client.session.close()
