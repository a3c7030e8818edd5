"""The world's side of the lines: handsets and stations, by JSON and as a page.

Unauthenticated by nature (a telephone asks nobody for a password), therefore on loopback only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from exchange.call import Call, Fault, Hook, Line
from exchange.core import Exchange, NoSuchNumber
from exchange.messages import LONGEST, Message
from exchange.script import ScriptError, Utterance
from exchange.stations import ADDRESS, Station, StationError

if TYPE_CHECKING:
    from exchange.voice.media import Leg

Json = dict[str, Any]
T = TypeVar("T")
STATIC = Path(__file__).parent / "static"
WITHHELD = frozenset({"anonymous", "restricted", "unavailable", "unknown"})
"""What the carrier sends as From when the caller's number is withheld."""
BEAT = 15.0
"""Wall seconds between comments on an idle event stream, so that a dead page is noticed."""
MOST = 1000


def add_routes(app: web.Application, exchange: Exchange) -> None:
    """Adds the handset API and the page."""
    handset = Handset(exchange)
    add = app.router.add_route
    add("GET", "/", page)
    app.router.add_static("/static", STATIC)
    add("GET", "/handset/about", handset.about)
    add("GET", "/handset/calls", handset.list_)
    add("POST", "/handset/calls", handset.dial)
    add("GET", "/handset/calls/{sid}", handset.fetch)
    add("GET", "/handset/calls/{sid}/events", handset.events)
    add("POST", "/handset/calls/{sid}/digits", handset.digits)
    add("POST", "/handset/calls/{sid}/speech", handset.speech)
    add("POST", "/handset/calls/{sid}/hangup", handset.hangup)
    add("POST", "/handset/calls/{sid}/answer", handset.answer)
    add("POST", "/handset/calls/{sid}/decline", handset.decline)
    add("GET", "/handset/messages", handset.messages)
    add("POST", "/handset/messages", handset.text)
    add("GET", "/handset/stations", handset.stations)
    add("PUT", "/handset/stations/{address}", handset.put_station)
    add("DELETE", "/handset/stations/{address}", handset.drop_station)
    add("GET", "/handset/stations/{address}/rings", handset.rings)


async def page(_request: web.Request) -> web.StreamResponse:
    """The handset."""
    return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


def refuse(status: int, message: str) -> web.HTTPException:
    """A refusal with words in JSON."""
    kinds: dict[int, type[web.HTTPException]] = {
        400: web.HTTPBadRequest,
        404: web.HTTPNotFound,
        409: web.HTTPConflict,
    }
    body = json.dumps({"error": message}, ensure_ascii=False)
    return kinds[status](text=body, content_type="application/json")


async def body(request: web.Request) -> Mapping[str, Any]:
    """The request's JSON object. 400 for anything else."""
    try:
        given = await request.json()
    except ValueError as error:
        raise refuse(400, "the body is not JSON") from error
    if not isinstance(given, dict):
        raise refuse(400, "the body must be a JSON object")
    return given


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds."""
    return None if at is None else at.isoformat(timespec="milliseconds")


def line(entry: Line) -> Json:
    return {
        "at": moment(entry.at),
        "kind": entry.kind,
        "text": entry.text,
        "language": entry.language,
        "voice": entry.voice,
        "heard": entry.heard,
    }


def hook(entry: Hook) -> Json:
    attempt = entry.attempt
    return {
        "at": moment(entry.at),
        "url": attempt.url,
        "method": attempt.method,
        "status": attempt.status,
        "seconds": round(attempt.seconds, 4),
        "ok": not attempt.error,
        "error": attempt.error,
    }


def fault(entry: Fault) -> Json:
    return {
        "at": moment(entry.at),
        "code": entry.code,
        "message": entry.message,
        "url": entry.url,
    }


def summary(call: Call) -> Json:
    """A call without its transcript and logs."""
    return {
        "sid": call.sid,
        "parent_sid": call.parent_sid,
        "from": call.from_,
        "to": call.to,
        "direction": call.direction,
        "status": call.status.value,
        "created_at": moment(call.created_at),
        "answered_at": moment(call.answered_at),
        "started_at": moment(call.created_at),
        "ended_at": moment(call.ended_at),
        "end_cause": call.end_cause,
        "where": call.where,
        "queue": call.queue,
        "conference": call.conference,
        "waited_seconds": round(call.waited_seconds, 3),
        "listening": call.listener is not None,
        "hearing": call.ear is not None,
    }


def whole(call: Call) -> Json:
    """A call with everything that was heard, asked for and wrong."""
    return summary(call) | {
        "transcript": [line(entry) for entry in call.transcript],
        "webhooks": [hook(entry) for entry in call.webhooks],
        "errors": [fault(entry) for entry in call.errors],
    }


def text_message(message: Message) -> Json:
    """A text message as a handset shows it."""
    return {
        "sid": message.sid,
        "at": moment(message.updated_at),
        "from": message.from_,
        "to": message.to,
        "body": message.body,
        "direction": message.direction,
        "status": message.status,
        "segments": message.segments,
        "errors": [{"code": e.code, "message": e.message, "url": e.url} for e in message.errors],
    }


class Handset:
    """The handlers."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def _find(self, request: web.Request) -> Call:
        call = self._exchange.call(request.match_info["sid"])
        if call is None:
            raise refuse(404, "no such call")
        return call

    async def about(self, _request: web.Request) -> web.Response:
        """What a page needs to begin: the numbers that can be called, and the time here."""
        clock = self._exchange.clock
        return web.json_response(
            {
                "numbers": list(self._exchange.config.numbers),
                "now": moment(clock.now()),
                "speed": getattr(clock, "speed", 1.0),
                "live": self._exchange.live,
            }
        )

    async def dial(self, request: web.Request) -> web.Response:
        given = await body(request)
        from_, to = str(given.get("from", "")), str(given.get("to", ""))
        if ADDRESS.fullmatch(from_) is None and from_ not in WITHHELD:
            raise refuse(400, f"from: {from_!r} is not a telephone number")
        script = given.get("script") or {}
        if not isinstance(script, dict):
            raise refuse(400, "script: a JSON object")
        leg, sdp = await sound(given)
        try:
            call = self._exchange.dial_in(from_, to, script, leg=leg)
        except (NoSuchNumber, ScriptError) as error:
            if leg is not None:
                await leg.close()
            if isinstance(error, NoSuchNumber):
                raise refuse(404, f"to: nobody is connected to {to!r}") from error
            raise refuse(400, f"script: {error}") from error
        return web.json_response({"sid": call.sid} | sdp, status=201)

    async def list_(self, request: web.Request) -> web.Response:
        """Newest first; filters: from, to, status, where, direction, live=1; limit (100)."""
        query = request.query
        limit = query.get("limit", "100")
        if not limit.isdecimal():
            raise refuse(400, "limit: a number")
        names = ("from", "to", "status", "where", "direction", "queue", "conference")
        wanted = {name: query[name] for name in names if name in query}
        found: list[Json] = []
        for call in self._exchange.calls(live=query.get("live") == "1"):
            if len(found) >= min(int(limit), MOST):
                break
            entry = summary(call)
            if all(entry[name] == value for name, value in wanted.items()):
                found.append(entry)
        return web.json_response({"calls": found})

    async def fetch(self, request: web.Request) -> web.Response:
        return web.json_response(whole(self._find(request)))

    async def digits(self, request: web.Request) -> web.Response:
        call = self._find(request)
        digits = (await body(request)).get("digits")
        if not isinstance(digits, str) or not digits or set(digits) - set("0123456789*#"):
            raise refuse(400, "digits: 0-9 * #")
        if call.ended:
            raise refuse(409, "the call has ended")
        call.press(digits)
        return web.json_response(summary(call))

    async def speech(self, request: web.Request) -> web.Response:
        """Words are said; whether anybody listens to them is ``hearing``."""
        call = self._find(request)
        try:
            said = Utterance.parse(await body(request))
        except ScriptError as error:
            raise refuse(400, str(error)) from error
        if not said.text:
            raise refuse(400, "text: what is said")
        if call.ended:
            raise refuse(409, "the call has ended")
        call.utter(said)
        return web.json_response(summary(call))

    async def hangup(self, request: web.Request) -> web.Response:
        call = self._find(request)
        call.end(cause="caller hung up")
        return web.json_response(summary(call))

    async def answer(self, request: web.Request) -> web.Response:
        """Picks a ringing call up, with sound if the page describes its own."""
        call = self._find(request)
        _ringing(call)
        leg, sdp = await sound(await body(request) if request.can_read_body else {})
        try:
            asked = _ringing(call)  # it may have stopped meanwhile
        except web.HTTPException:
            if leg is not None:
                await leg.close()
            raise
        if leg is not None:
            call.connect(leg)
        asked.set_result(True)
        return web.json_response(summary(call) | sdp)

    async def decline(self, request: web.Request) -> web.Response:
        call = self._find(request)
        _ringing(call).set_result(False)
        return web.json_response(summary(call))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The call as it goes: first the whole, then each line and each change of state."""
        call = self._find(request)
        watcher: asyncio.Queue[Json] = asyncio.Queue()
        call.watchers.add(watcher)
        try:
            async with _Stream(request) as stream:
                await stream.send("call", whole(call))
                while not (call.ended and watcher.empty()):
                    await stream.send(*_event(call, await stream.next(watcher)))
                await stream.send("state", summary(call))
            return stream.response
        finally:
            call.watchers.discard(watcher)

    async def messages(self, request: web.Request) -> web.Response:
        """Newest first, whatever their state; filters: to, from, number (either); limit (100)."""
        query = request.query
        limit = query.get("limit", "100")
        if not limit.isdecimal():
            raise refuse(400, "limit: a number")
        found = []
        for message in reversed(list(self._exchange.messages)):
            ends = (message.to, message.from_)
            if (
                query.get("to", message.to) == message.to
                and query.get("from", message.from_) == message.from_
                and ("number" not in query or query["number"] in ends)
            ):
                found.append(text_message(message))
        return web.json_response({"messages": found[: min(int(limit), MOST)]})

    async def text(self, request: web.Request) -> web.Response:
        """A handset sends a text message to one of the numbers."""
        given = await body(request)
        from_, to, words = (given.get(name, "") for name in ("from", "to", "body"))
        if not isinstance(from_, str) or ADDRESS.fullmatch(from_) is None:
            raise refuse(400, f"from: {from_!r} is not a telephone number")
        if not isinstance(words, str) or not 1 <= len(words.strip()) <= LONGEST:
            raise refuse(400, f"body: 1 to {LONGEST} characters")
        if str(to) not in self._exchange.config.numbers:
            raise refuse(404, f"to: nobody is connected to {to!r}")
        message = self._exchange.messages.receive(from_, str(to), words)
        return web.json_response(text_message(message), status=201)

    async def stations(self, _request: web.Request) -> web.Response:
        stations = self._exchange.stations.all()
        return web.json_response(
            {"stations": {address: station.json() for address, station in stations.items()}}
        )

    async def put_station(self, request: web.Request) -> web.Response:
        address = self._address(request)
        try:
            station = Station.parse(await body(request))
        except StationError as error:
            raise refuse(400, str(error)) from error
        self._exchange.stations.put(address, station)
        return web.json_response(station.json())

    async def drop_station(self, request: web.Request) -> web.Response:
        """Back to the default."""
        if not self._exchange.stations.drop(self._address(request)):
            raise refuse(404, "no such station")
        return web.Response(status=204)

    async def rings(self, request: web.Request) -> web.StreamResponse:
        """A page is this address for as long as it listens here: calls ring, messages come."""
        address = self._address(request)
        page_queue = self._exchange.stations.open_page(address)
        messages = self._exchange.messages
        unwatch = messages.watch(address, page_queue.put_nowait)
        try:
            async with _Stream(request) as stream:
                there = [text_message(message) for message in messages.of(address)]
                await stream.send("ready", {"address": address, "messages": there[-MOST:]})
                while (news := await stream.next(page_queue)) is not None:
                    if isinstance(news, Message):
                        await stream.send("message", text_message(news))
                    else:
                        await stream.send("ring", summary(news))
            return stream.response
        finally:
            unwatch()
            self._exchange.stations.close_page(address, page_queue)

    def _address(self, request: web.Request) -> str:
        address = request.match_info["address"]
        if ADDRESS.fullmatch(address) is None:
            raise refuse(400, f"{address!r} is not an address (+66…, 191, client:name)")
        return address


def _ringing(call: Call) -> asyncio.Future[bool]:
    """What decides a call that rings. 409 for any other."""
    asked = call.answer_asked
    if asked is None or asked.done():
        raise refuse(409, "the call is not ringing here")
    return asked


async def sound(given: Mapping[str, Any]) -> tuple[Leg | None, Json]:
    """The leg that a page's `sdp` asks for, and what the page is answered; 400 for no such offer.

    Without `sdp` there is no leg, and nothing to answer.
    """
    if "sdp" not in given:
        return None, {}
    from exchange.voice.media import Leg, Refused

    leg = Leg()
    try:
        return leg, {"sdp": await leg.answer(str(given["sdp"]))}
    except Refused as error:
        await leg.close()
        raise refuse(400, f"sdp: {error}") from error


def _event(call: Call, event: Json) -> tuple[str, Json]:
    if event["type"] == "line":
        return "line", line(event["line"])
    state = summary(call)
    return "state", state | {"errors": [fault(entry) for entry in call.errors]}


class _Stream:
    """A response of server-sent events."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )

    async def __aenter__(self) -> _Stream:
        await self.response.prepare(self._request)
        return self

    async def __aexit__(self, _kind: object, error: object, _traceback: object) -> bool:
        return isinstance(error, ConnectionResetError)  # the page has gone: nothing is left to say

    async def send(self, kind: str, data: Json) -> None:
        text = f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
        await self.response.write(text.encode())

    async def next(self, queue: asyncio.Queue[T]) -> T:
        """The next item; meanwhile a comment now and then finds out whether the page is there."""
        while True:
            try:
                return await asyncio.wait_for(queue.get(), BEAT)
            except TimeoutError:
                await self.response.write(b": still here\n\n")
