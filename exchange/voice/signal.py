"""Browser telephones: the carrier's SDK at the WebSocket `/signal`.

The protocol is what the SDK (2.18) speaks: text frames of JSON, `{type, payload, version}`.

| from the browser | to the browser |
|---|---|
| listen (token) | connected (region, token) or error |
| register (media.audio) | ready, or offline when audio is false |
| | invite (callsid, sdp, parameters): it rings here |
| answer (callsid, sdp), reject (callsid) | cancel (callsid): no longer rings here |
| invite (callsid, sdp, twilio.params): it calls | ringing (callsid, sdp), answer (callsid, sdp) |
| dtmf (callsid, dtmf), hangup (callsid) | hangup (callsid) |
| an empty line | an empty line, at least every 15 s |

A registered device is the station of its identity's address: calls to it ring here, and on every
other device of that identity; the first to answer has the call. A device whose connection breaks
has hung up (the SDK gives up such a call itself, unless it was given a token to reconnect).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import WSCloseCode, WSMsgType, web

from exchange.call import Call
from exchange.core import STOP_WITHIN, Exchange, NoSuchNumber
from exchange.voice import access
from exchange.voice.access import Access, AccessRefused

if TYPE_CHECKING:
    from exchange.stations import Page
    from exchange.voice.media import Leg

log = logging.getLogger("exchange.voice")

Payload = Mapping[str, Any]
PATH = "/signal"
BEAT = 10.0
"""Wall seconds between empty lines; after 15 without one the SDK takes the line for dead."""
SILENT = 35.0
"""Wall seconds without a word after which the browser is gone: the SDK answers every empty line."""
OVER = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})
UNREACHABLE = 31404
"""The SDK's number for a call to nobody."""


def add_routes(app: web.Application, exchange: Exchange) -> None:
    """Adds the WebSocket."""
    open_sockets: set[web.WebSocketResponse] = set()
    served: set[asyncio.Future[None]] = set()

    async def signal(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        open_sockets.add(socket)
        served.add(over := asyncio.get_running_loop().create_future())
        try:
            await Device(exchange, socket).serve()
        finally:
            open_sockets.discard(socket)
            served.discard(over)
            over.set_result(None)
        return socket

    async def close(_app: web.Application) -> None:
        for socket in list(open_sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def gone(_app: web.Application) -> None:
        """aiohttp cancels who is still served, and does not wait: their last words come then."""
        if served:
            await asyncio.wait(set(served), timeout=STOP_WITHIN)

    app.router.add_route("GET", PATH, signal)
    app.on_shutdown.append(close)
    app.on_cleanup.append(gone)


class Device:
    """One connection of one browser."""

    def __init__(self, exchange: Exchange, socket: web.WebSocketResponse) -> None:
        self._exchange = exchange
        self._socket = socket
        self._access: Access | None = None
        self._page: Page | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._rings: dict[str, tuple[Call, Leg]] = {}
        """What rings here, by call SID."""
        self._calls: dict[str, Call] = {}
        """Calls that are had here, by every name that the SDK may use for them."""
        self._handlers: dict[str, Callable[[Payload], Awaitable[None]]] = {
            "listen": self._listen,
            "register": self._register,
            "answer": self._answer,
            "reject": self._reject,
            "invite": self._invite,
            "dtmf": self._dtmf,
            "hangup": self._hangup,
        }

    async def serve(self) -> None:
        """Until the connection ends; then everything that is had or rings here ends too."""
        beat = asyncio.create_task(self._beat())
        try:
            with suppress(TimeoutError):
                while (message := await self._socket.receive(SILENT)).type not in OVER:
                    if message.type is WSMsgType.TEXT and message.data.strip():
                        await self._message(message.data)
        finally:
            beat.cancel()
            self._unregister()
            for call in set(self._calls.values()):
                call.end(cause="the device has gone")
            for task in self._tasks:
                task.cancel()

    async def _message(self, text: str) -> None:
        try:
            message = json.loads(text)
            handler = self._handlers.get(message["type"])
            payload = message.get("payload") or {}
            if handler is not None:
                await handler(payload)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("a device sent what is no message: %r", error)
            await self._send("error", {"error": {"code": 31000, "message": "not a message"}})

    async def _send(self, kind: str, payload: Payload) -> None:
        with suppress(ConnectionError):
            await self._socket.send_str(json.dumps({"type": kind, "payload": payload}))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            with suppress(ConnectionError):
                await self._socket.send_str("\n")

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Work that ends with the device at the latest; an exchange that stops waits for it."""
        task = self._exchange.spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _hang_up(self, leg: Leg) -> None:
        """Ends the connection; not by the device's own tasks, which may be cancelled meanwhile."""
        self._exchange.spawn(leg.close())

    # -- who it is -------------------------------------------------------------------------------

    async def _listen(self, payload: Payload) -> None:
        """The token; also a new one in place of the old."""
        try:
            granted = access.read(payload.get("token"), self._exchange.config)
        except AccessRefused as refusal:
            self._unregister()
            self._access = None
            await self._error(refusal)
            return
        if self._access is not None and self._access.address != granted.address:
            self._unregister()
        self._access = granted
        token = {
            "identity": granted.identity,
            "ttl": max(0, round(granted.expires_at - time.time())),
        }
        await self._send("connected", {"region": "local", "edge": "local", "token": token})

    async def _register(self, payload: Payload) -> None:
        """From here on it rings here, or no more. The SDK repeats this every 30 s."""
        if not (payload.get("media") or {}).get("audio"):
            self._unregister()
            await self._send("offline", {})
            return
        try:
            granted = access.demand(self._access, "incoming")
        except AccessRefused as refusal:
            self._unregister()  # the token that it registered with may have been another
            await self._error(refusal)
            return
        if self._page is None:
            self._page = self._exchange.stations.open_page(granted.address)
            self._spawn(self._attend(self._page))
        await self._send("ready", {})

    def _unregister(self) -> None:
        if self._page is not None and self._access is not None:
            self._exchange.stations.close_page(self._access.address, self._page)
            self._page.put_nowait(None)
        self._page = None

    async def _error(self, refusal: AccessRefused, **more: str) -> None:
        error = {"code": refusal.code, "message": refusal.message}
        await self._send("error", {"error": error} | more)

    # -- being called ------------------------------------------------------------------------------

    async def _attend(self, page: Page) -> None:
        while (call := await page.get()) is not None:
            self._spawn(self._ring(call))

    async def _ring(self, call: Call) -> None:
        """It rings here until somebody decides; if it was this device, until the call is over."""
        from exchange.voice.media import Leg

        asked = call.answer_asked
        if asked is None:
            return
        leg = Leg()
        self._rings[call.sid] = call, leg
        try:
            sdp = await leg.offer()
            if not asked.done():
                await self._send("invite", _invitation(call, sdp))
                await asyncio.wait({asked})
                if call.sid in self._calls:
                    await self._attached(call)
                else:
                    await self._send("cancel", {"callsid": call.sid})
        finally:
            self._rings.pop(call.sid, None)
            self._hang_up(leg)

    async def _answer(self, payload: Payload) -> None:
        """The first device whose sound is agreed on has the call: until then any other may have it.

        Meanwhile it may have stopped ringing; then `_ring` takes leave of the device.
        """
        from exchange.voice.media import Refused

        ringing = self._rings.get(str(payload.get("callsid")))
        if ringing is None:
            return
        call, leg = ringing
        asked = call.answer_asked
        if asked is None or asked.done():
            return  # the cancel is on its way
        try:
            await leg.accept(str(payload.get("sdp")))
        except Refused as error:
            log.warning("call %s: %s", call.sid, error)
            self._rings.pop(call.sid, None)  # here it rings no more, elsewhere it does
            self._hang_up(leg)
            await self._send("hangup", {"callsid": call.sid})
            return
        if not asked.done():
            call.connect(leg)
            self._calls[call.sid] = call
            asked.set_result(True)

    async def _reject(self, payload: Payload) -> None:
        """Busy, for every device of this identity: that is what the carrier makes of it."""
        ringing = self._rings.get(str(payload.get("callsid")))
        asked = ringing[0].answer_asked if ringing else None
        if asked is not None and not asked.done():
            asked.set_result(False)

    # -- calling -----------------------------------------------------------------------------------

    async def _invite(self, payload: Payload) -> None:
        """The device calls: its token must allow it, `To` must be one of the exchange's numbers."""
        from exchange.voice.media import Leg, Refused

        name = str(payload["callsid"])
        params = dict(parse_qsl((payload.get("twilio") or {}).get("params") or ""))
        try:
            granted = access.demand(self._access, "outgoing")
        except AccessRefused as refusal:
            await self._error(refusal, callsid=name)
            await self._send("hangup", {"callsid": name})  # or the page would wait for an answer
            return
        leg = Leg()
        try:
            sdp = await leg.answer(str(payload.get("sdp")))
            call = self._exchange.dial_in(
                granted.address, params.get("To", ""), leg=leg, params=params
            )
        except BaseException as error:
            self._hang_up(leg)
            if not isinstance(error, (NoSuchNumber, Refused)):
                raise
            words = {"code": UNREACHABLE, "message": f"cannot be called: {error}"}
            await self._send("hangup", {"callsid": name, "error": words})
            return
        self._calls[name] = self._calls[call.sid] = call
        await self._send("ringing", {"callsid": call.sid, "sdp": sdp})
        self._spawn(self._answered(call, sdp))
        self._spawn(self._attached(call))

    async def _answered(self, call: Call, sdp: str) -> None:
        """Tells the device when its call is answered."""
        watcher: asyncio.Queue[Any] = asyncio.Queue()
        call.watchers.add(watcher)
        try:
            while call.is_ringing:
                await watcher.get()
        finally:
            call.watchers.discard(watcher)
        if call.live:
            await self._send("answer", {"callsid": call.sid, "sdp": sdp})

    # -- during a call -----------------------------------------------------------------------------

    async def _attached(self, call: Call) -> None:
        """Tells the device when the other side has ended the call."""
        await call.over.wait()
        names = [name for name, had in self._calls.items() if had is call]
        for name in names:
            del self._calls[name]
        if names:
            await self._send("hangup", {"callsid": call.sid})

    async def _dtmf(self, payload: Payload) -> None:
        call = self._calls.get(str(payload.get("callsid")))
        if call is not None:
            call.press(str(payload.get("dtmf", "")))

    async def _hangup(self, payload: Payload) -> None:
        call = self._calls.get(str(payload.get("callsid")))
        if call is not None:
            self._calls = {name: had for name, had in self._calls.items() if had is not call}
            call.end(cause="the device hung up")


def _invitation(call: Call, sdp: str) -> Payload:
    """What the SDK makes an incoming call of; `Params` are its custom parameters."""
    parameters = {
        "CallSid": call.sid,
        "AccountSid": call.exchange.account_sid,
        "From": call.from_,
        "To": call.to,
        "Params": urlencode(call.settings.parameters),
    }
    return {"callsid": call.sid, "sdp": sdp, "parameters": parameters}
