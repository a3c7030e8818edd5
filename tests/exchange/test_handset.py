"""The world's side: the handset API, scripts, stations, event streams."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from exchange.stations import HEADSET, TELEPHONE
from tests.exchange.conftest import CALLER, Line

MENU = '<Gather numDigits="1" action="/two" timeout="30"><Say language="th-TH">กด 1</Say></Gather>'


async def post(line: Line, path: str, body: Any = None) -> tuple[int, Any]:
    async with line.http.post(path, json=body) as response:
        result = response.status, await response.json()
    await line.clock.settle()
    return result


async def get(line: Line, path: str) -> Any:
    async with line.http.get(path) as response:
        assert response.status == 200
        return await response.json()


async def next_event(response: aiohttp.ClientResponse) -> tuple[str, Any]:
    kind = (await response.content.readline()).decode().removeprefix("event: ").strip()
    data = (await response.content.readline()).decode().removeprefix("data: ")
    await response.content.readline()
    return kind, json.loads(data)


async def test_a_call_from_dialling_to_hanging_up(line: Line) -> None:
    line.app["/voice"] = MENU
    line.app["/two"] = '<Enqueue waitUrl="">help</Enqueue>'
    status, made = await post(line, "/handset/calls", {"from": CALLER, "to": "1337"})
    assert status == 201
    path = f"/handset/calls/{made['sid']}"
    call = await get(line, path)
    assert (call["where"], call["status"], call["listening"]) == ("menu", "in-progress", True)
    assert call["transcript"][0] == {
        "at": "2027-01-15T08:00:00.000+00:00",
        "kind": "say",
        "text": "กด 1",
        "language": "th-TH",
        "voice": "man",
        "heard": False,
    }
    assert call["webhooks"][0]["ok"] is True
    assert call["webhooks"][0]["url"].endswith("/voice")
    await line.after(1)
    assert (await post(line, path + "/digits", {"digits": "1"}))[0] == 200
    await line.after(9)
    waiting = await get(line, path)
    assert (waiting["where"], waiting["queue"], waiting["waited_seconds"]) == ("queue", "help", 9)
    assert (await post(line, path + "/hangup"))[0] == 200
    done = await get(line, path)
    assert (done["where"], done["status"], done["end_cause"]) == (
        "ended",
        "completed",
        "caller hung up",
    )
    assert done["waited_seconds"] == 9
    assert (await post(line, path + "/digits", {"digits": "1"}))[0] == 409
    assert [entry["kind"] for entry in done["transcript"]][-1] == "end"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"from": CALLER, "to": "999"}, 404),
        ({"from": "nobody", "to": "1337"}, 400),
        ({"from": CALLER, "to": "1337", "script": {"key": ["1"]}}, 400),
        ({"from": CALLER, "to": "1337", "script": {"keys": "12"}}, 400),
        ({"from": CALLER, "to": "1337", "script": {"keys": ["x"]}}, 400),
        ({"from": CALLER, "to": "1337", "script": {"think": -1}}, 400),
        ({"from": CALLER, "to": "1337", "script": {"hang_up": {"in": "bed"}}}, 400),
        ({"from": CALLER, "to": "1337", "script": ["1"]}, 400),
        (["not an object"], 400),
    ],
)
async def test_what_is_refused_says_why(line: Line, body: Any, status: int) -> None:
    got, answer = await post(line, "/handset/calls", body)
    assert got == status
    assert answer["error"]
    assert line.exchange.live == 0


async def test_a_caller_may_withhold_the_number(line: Line) -> None:
    line.app["/voice"] = "<Hangup/>"
    status, _ = await post(line, "/handset/calls", {"from": "anonymous", "to": "1337"})
    assert status == 201
    assert line.app.to("/voice")[0]["From"] == "anonymous"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "evil.example:80", "Origin": "http://evil.example:80"},
    ],
)
async def test_pages_from_elsewhere_cannot_telephone(line: Line, headers: dict[str, str]) -> None:
    body = {"from": CALLER, "to": "1337"}
    async with line.http.post("/handset/calls", json=body, headers=headers) as response:
        assert response.status == 403
    assert line.exchange.live == 0


async def test_unknown_calls_and_digits(line: Line) -> None:
    assert (await post(line, "/handset/calls/CA1/hangup"))[0] == 404
    line.app["/voice"] = MENU
    _, made = await post(line, "/handset/calls", {"from": CALLER, "to": "1337"})
    for digits in ("", "abc", 1, None):
        status, _ = await post(line, f"/handset/calls/{made['sid']}/digits", {"digits": digits})
        assert status == 400
    assert (await post(line, f"/handset/calls/{made['sid']}/answer"))[0] == 409


async def test_calls_are_listed_and_filtered(line: Line) -> None:
    line.app["/voice"] = '<Say>a</Say><Enqueue waitUrl="">help</Enqueue>'
    first = await line.call()
    second = await line.call(from_="+66800000002")
    first.end()
    await line.after(1)

    async def sids(query: str) -> list[str]:
        return [c["sid"] for c in (await get(line, f"/handset/calls?{query}"))["calls"]]

    assert await sids("") == [second.sid, first.sid]
    assert await sids("live=1") == [second.sid]
    assert await sids("where=queue&queue=help") == [second.sid]
    assert await sids("from=%2B66812345678") == [first.sid]
    assert await sids("limit=1") == [second.sid]


async def test_the_stream_of_a_call(line: Line) -> None:
    line.app["/voice"] = '<Say>One</Say><Pause length="5"/><Say>Two</Say>'
    call = await line.call()
    async with line.http.get(f"/handset/calls/{call.sid}/events") as stream:
        assert stream.content_type == "text/event-stream"
        kind, whole = await next_event(stream)
        assert (kind, whole["transcript"][0]["text"]) == ("call", "One")
        await line.after(0.5)
        assert (await next_event(stream))[1]["kind"] == "pause"
        await line.after(5)
        assert (await next_event(stream))[1]["text"] == "Two"
        call.end()
        assert (await next_event(stream))[1]["kind"] == "end"
        kind, state = await next_event(stream)
        assert (kind, state["where"]) == ("state", "ended")
        assert await stream.content.read() == b""
    assert not call.watchers


async def test_stations_are_told_how_to_behave(line: Line) -> None:
    body = {"outcome": "busy", "answer_after": 2, "hang_up_after": None}
    async with line.http.put("/handset/stations/client:agent-1", json=body) as response:
        assert response.status == 200
    stations = (await get(line, "/handset/stations"))["stations"]
    assert stations["client:agent-1"]["outcome"] == "busy"
    assert stations["client:*"] == HEADSET.json()
    assert stations["*"] == TELEPHONE.json()
    for address, wrong in (
        ("client:a", {"outcome": "asleep"}),
        ("client:a", {"answer_after": -1}),
        ("client:a", {"answer_after": True}),
        ("client:a", {"ring": 1}),
        ("client:a", {"script": {"x": 1}}),
        ("someone", {"outcome": "busy"}),
    ):
        async with line.http.put(f"/handset/stations/{address}", json=wrong) as response:
            assert response.status == 400
    async with line.http.delete("/handset/stations/client:agent-1") as response:
        assert response.status == 204
    assert line.exchange.stations.get("client:agent-1") is HEADSET


async def test_a_page_that_listens_rings(line: Line) -> None:
    line.app["/voice"] = "<Dial><Number>+66899999999</Number></Dial>"
    async with line.http.get("/handset/stations/+66899999999/rings") as stream:
        assert (await next_event(stream))[0] == "ready"
        await line.call()
        kind, ring = await next_event(stream)
        assert (kind, ring["from"], ring["status"]) == ("ring", CALLER, "ringing")


async def test_a_station_s_own_script_presses_keys(line: Line) -> None:
    line.app["/voice"] = '<Dial action="/done"><Number url="/whisper">+66811111111</Number></Dial>'
    line.app["/whisper"] = '<Gather numDigits="1" action="/accept"/><Hangup/>'
    line.app["/accept"] = "<Pause/>"
    line.app["/done"] = "<Hangup/>"
    body = {"outcome": "answer", "script": {"keys": ["1"], "think": 2}}
    await line.http.put("/handset/stations/+66811111111", json=body)
    call = await line.call()
    await line.after(2)
    assert line.app.to("/accept")[0]["Digits"] == "1"
    await line.after(5)
    assert call.live


@pytest.mark.parametrize(
    ("script", "ends"),
    [
        ({"hang_up": {"in": "menu", "after": 4}}, 4.0),
        ({"hang_up": {"in": "menu", "after": 0}}, 0.0),
        ({"hang_up": {"in": "queue", "after": 4}, "keys": ["1"], "think": 2}, 6.0),
        ({"hang_up": {"in": "queue", "after": 0}, "keys": ["1"], "think": 0}, 0.0),
        ({"hang_up": {"in": "menu", "after": 4}, "keys": ["1"], "think": 2}, None),
    ],
)
async def test_when_a_script_hangs_up(line: Line, script: Any, ends: float | None) -> None:
    line.app["/voice"] = MENU
    line.app["/two"] = '<Enqueue waitUrl="">help</Enqueue>'
    call = await line.call(script)
    await line.after(100)
    if ends is None:
        assert call.live
    else:
        assert call.ended_at is not None
        assert (call.ended_at - call.created_at).total_seconds() == pytest.approx(ends)


async def test_ended_calls_are_forgotten_in_the_end(line: Line) -> None:
    from dataclasses import replace

    line.exchange.config = replace(line.exchange.config, keep_calls=3)
    line.app["/voice"] = '<Enqueue waitUrl="">help</Enqueue>'
    living = await line.call()
    line.app["/voice"] = "<Hangup/>"
    last = [await line.call() for _ in range(8)]
    kept = [call.sid for call in line.exchange.calls()]
    assert kept == [call.sid for call in last[:-4:-1]] + [living.sid]


async def test_the_page_and_its_parts_are_served(line: Line) -> None:
    for path, kind in (
        ("/", "text/html"),
        ("/static/handset.js", "application/javascript"),
        ("/static/handset.css", "text/css"),
    ):
        async with line.http.get(path) as response:
            assert (response.status, response.content_type) == (200, kind)
    assert (await get(line, "/handset/about"))["numbers"] == ["1337"]
    assert (await get(line, "/health"))["status"] == "ok"
