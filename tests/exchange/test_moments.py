"""A hang-up may come at any instant; it ends everything once, and nothing is left behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.call import Call, Settings, Status
from exchange.clock import HandClock
from exchange.core import Config, Exchange
from exchange.recordings import Wish
from exchange.scene import Inline
from exchange.script import Utterance
from exchange.stations import Station
from exchange.webhook import Request
from tests.exchange.conftest import SID, TOKEN, Application, Hit, Line

MOMENTS = {
    "gather": '<Gather timeout="20"><Say>a long prompt</Say></Gather>',
    "say": "<Say>a long prompt</Say>",
    "queue": '<Enqueue action="/after" waitUrl="/wait">q</Enqueue>',
    "music": "<Enqueue>q</Enqueue>",
    "ringing": "<Dial>+66811111111</Dial>",
    "talk": "<Dial><Client>a1</Client></Dial>",
    "whisper": '<Dial><Client url="/wait">a1</Client></Dial>',
    "conference": '<Dial><Conference waitUrl="/wait">c</Conference></Dial>',
    "record": "<Record/>",
    "pause": '<Pause length="9"/>',
    "speech": '<Gather input="dtmf speech" timeout="20"><Say>a long prompt</Say></Gather>',
    "recorded": '<Dial record="record-from-ringing">+66811111111</Dial>',
    "recorded-room": '<Dial><Conference record="record-from-start">c</Conference></Dial>',
    "dial-queue": "<Dial><Queue>empty</Queue></Dial>",
}

NOUNS = {
    "queue": "<Queue>q</Queue>",
    "conference": "<Conference>c</Conference>",
    "talk": "<Client>a2</Client>",
}


def prepare(app: Application) -> None:
    app["/wait"] = '<Pause length="30"/>'
    app["/after"] = "<Hangup/>"
    app["/fallback"] = "<Hangup/>"
    app["/status"] = lambda _: web.Response(status=204)


def nothing_left(line: Line, call: Call) -> None:
    assert call.ended
    assert call.where == "ended"
    assert call.tasks == 0
    assert call.listener is None
    assert call.ear is None
    assert line.exchange.live == 0
    assert line.exchange.tasks == 0
    assert line.clock.pending == 0
    assert all(len(queue) == 0 for queue in line.exchange.queues)
    assert all(conference.ended for conference in line.exchange.conferences)
    assert not any(recording.live for recording in line.exchange.recordings)
    finals = [hit for hit in line.app.to("/status") if hit["CallSid"] == call.sid]
    assert len(finals) == 1
    assert finals[0]["CallStatus"] == call.status.value


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_hangup_at(line: Line, moment: str) -> None:
    prepare(line.app)
    line.exchange.queues.create("empty")
    line.app["/voice"] = MOMENTS[moment]
    call = await line.call()
    await line.after(0.1)
    call.end()
    call.end(Status.FAILED, "twice")
    await line.clock.settle()
    nothing_left(line, call)


@pytest.mark.parametrize("path", ["/voice", "/wait", "/next"])
async def test_a_hangup_while_a_document_is_fetched(line: Line, path: str) -> None:
    prepare(line.app)
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow(_: Hit) -> web.Response:
        asked.set()
        await release.wait()
        return web.Response(text="<Response/>", content_type="text/xml")

    line.app["/voice"] = {
        "/voice": slow,
        "/wait": MOMENTS["queue"],
        "/next": "<Redirect>/next</Redirect>",
    }[path]
    line.app[path] = slow
    call = line.exchange.dial_in("+66812345678", "1337")
    await asked.wait()
    call.end(cause="caller hung up")
    release.set()
    await line.clock.settle()
    nothing_left(line, call)
    assert call.status is (Status.COMPLETED if path == "/wait" else Status.CANCELED)


async def test_a_hangup_in_the_instant_of_a_redirect(line: Line) -> None:
    prepare(line.app)
    line.app["/voice"] = MOMENTS["queue"]
    call = await line.call()
    call.redirect(Request(line.app.url + "/wait"))
    call.end()
    await line.clock.settle()
    nothing_left(line, call)


async def test_the_old_document_is_put_away_before_the_new_one_begins(line: Line) -> None:
    prepare(line.app)
    line.app["/voice"] = MOMENTS["queue"]
    line.app["/wait"] = '<Gather timeout="60"><Pause length="60"/></Gather>'
    call = await line.call()
    call.redirect(Inline("<Response><Enqueue>another</Enqueue></Response>"))
    await line.clock.settle()
    assert (call.where, call.queue) == ("queue", "another")
    await line.after(5)
    assert call.waited_seconds == 5


async def test_two_redirects_in_one_instant_run_the_last(line: Line) -> None:
    prepare(line.app)
    line.app["/voice"] = MOMENTS["queue"]
    line.app["/one"] = "<Say>one</Say><Pause length='9'/>"
    line.app["/two"] = "<Say>two</Say><Pause length='9'/>"
    call = await line.call()
    call.redirect(Request(line.app.url + "/one"))
    call.redirect(Request(line.app.url + "/two"))
    await line.clock.settle()
    assert line.said(call) == ["two"]
    assert call.where == "menu"


async def test_the_exchange_stops_with_calls_in_every_place(line: Line) -> None:
    prepare(line.app)
    line.exchange.queues.create("empty")
    calls = []
    for document in MOMENTS.values():
        line.app["/voice"] = document
        calls.append(await line.call())
    await line.exchange.close()
    assert all(call.ended for call in calls)
    assert line.exchange.live == line.exchange.tasks == 0


step = st.one_of(
    st.tuples(st.just("wait"), st.floats(0, 40)),
    st.tuples(st.just("press"), st.sampled_from(["1", "2", "#", "*", "12#"])),
    st.tuples(st.just("say"), st.sampled_from(["ไฟดับ", "yes", "ก" * 100])),
    st.tuples(st.just("record"), st.sampled_from(["paused", "in-progress", "stopped"])),
    st.tuples(st.just("hangup"), st.integers(0, 3)),
    st.tuples(st.just("redirect"), st.sampled_from(sorted(MOMENTS))),
    st.tuples(st.just("agent"), st.sampled_from(["queue", "conference", "talk"])),
    st.tuples(st.just("call"), st.sampled_from(sorted(MOMENTS))),
)
script = st.fixed_dictionaries(
    {},
    optional={
        "keys": st.lists(st.sampled_from(["1", "", "12#"]), max_size=3),
        "says": st.lists(st.sampled_from(["ไฟดับ", "", "ใช่"]), max_size=3),
        "think": st.floats(0, 5),
        "speak": st.floats(0, 9),
        "hang_up": st.fixed_dictionaries(
            {
                "in": st.sampled_from(["menu", "queue", "conference", "dial"]),
                "after": st.floats(0, 20),
            }
        ),
    },
)


class World:
    """One exchange and one application, made anew for each example."""

    def __init__(self) -> None:
        self.clock = HandClock(1_800_000_000.0)
        self.app = Application()
        prepare(self.app)
        self.calls: list[Call] = []

    async def run(self, steps: list[tuple[str, Any]], callers: dict[str, Any]) -> None:
        server = web.Application()
        server.router.add_route("*", "/{path:.*}", self.app.handle)
        runner = web.AppRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.app.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        for name, document in MOMENTS.items():
            self.app["/" + name] = document + "<Redirect>/gather</Redirect>"
        config = Config(
            SID,
            TOKEN,
            {"1337": self.app.url + "/gather"},
            self.app.url + "/fallback",
            self.app.url + "/status",
        )
        self.exchange = Exchange(config, self.clock)
        self.exchange.stations.put("+66811111111", Station("answer", 2.0, 9.0, callers))
        self.exchange.queues.create("empty")
        try:
            self.calls.append(self.exchange.dial_in("+66812345678", "1337", callers))
            for verb, value in steps:
                await self.step(verb, value, callers)
            for call in list(self.exchange.calls()):
                call.end()
            await self.clock.settle()
            self.check()
        finally:
            await self.exchange.close()
            await runner.cleanup()

    async def step(self, verb: str, value: Any, callers: dict[str, Any]) -> None:
        call = self.calls[-1]
        if verb == "wait":
            await self.clock.advance(value)
        elif verb == "hangup":
            for _ in range(value):
                await asyncio.sleep(0)
            call.end(cause="caller hung up")
        elif verb == "call":
            await self.another(value, callers)
        else:
            self.do(call, verb, value)
        await self.clock.settle()

    def do(self, call: Call, verb: str, value: Any) -> None:
        if verb == "press":
            call.press(value)
        elif verb == "say":
            call.utter(Utterance(value))
        elif verb == "record":
            self.record(call, value)
        elif verb == "redirect" and call.live:
            call.redirect(Request(f"{self.app.url}/{value}"))
        elif verb == "agent":
            twiml = f"<Response><Dial>{NOUNS[value]}</Dial></Response>"
            self.exchange.dial_out("1337", "client:a1", Inline(twiml), Settings())

    def record(self, call: Call, status: str) -> None:
        """REST begins a recording, or changes the one that goes on."""
        going_on = self.exchange.recordings.of(call=call)
        if not going_on:
            if call.live:
                self.exchange.recordings.start(call, Wish("StartCallRecordingAPI"))
        elif status == "paused":
            going_on[0].pause("skip")
        elif status == "in-progress":
            going_on[0].resume()
        else:
            going_on[0].stop()

    async def another(self, value: str, callers: dict[str, Any]) -> None:
        call = self.exchange.dial_in("+66812345678", "1337", callers)
        self.calls.append(call)
        await self.clock.settle()
        if call.live:
            call.redirect(Request(f"{self.app.url}/{value}"))

    def check(self) -> None:
        assert self.exchange.live == 0
        assert self.exchange.tasks == 0
        assert self.clock.pending == 0
        assert all(call.tasks == 0 for call in self.exchange.calls())
        assert all(len(queue) == 0 for queue in self.exchange.queues)
        assert all(conference.ended for conference in self.exchange.conferences)
        assert not any(recording.live for recording in self.exchange.recordings)
        for call in self.calls:
            finals = [hit for hit in self.app.to("/status") if hit["CallSid"] == call.sid]
            assert len(finals) == 1, "exactly one final callback"
            assert [entry.kind for entry in call.transcript].count("end") == 1


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(step, max_size=12), callers=script)
def test_whatever_happens_nothing_is_left(
    steps: list[tuple[str, Any]], callers: dict[str, Any]
) -> None:
    asyncio.run(World().run(steps, callers))
