"""Browser telephones at the WebSocket: tokens, ringing, answering, declining, calling."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import jwt
import pytest
from aiohttp import ClientWebSocketResponse, web
from aioice.ice import StunProtocol
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from exchange import __main__ as command
from exchange.call import Call, Status
from exchange.core import Config
from exchange.stations import Station
from exchange.voice import access
from exchange.voice import signal as voice_signal
from exchange.voice.media import Leg
from tests.exchange.conftest import SID, TOKEN, Application, Line, a_line
from tests.exchange.voice_support import KEY, SECRET, token

CONFIG = Config(account_sid=SID, auth_token=TOKEN, api_key_sid=KEY, api_key_secret=SECRET)
#: Seconds of the wall in which what must come has come, also on a machine that stands still.
WITHIN = 30.0
ROOM = '<Dial><Client>agent-1<Parameter name="ticket" value="ก 7"/></Client></Dial>'


# ---- tokens -----------------------------------------------------------------------------------


def test_a_token_of_the_carriers_library_is_understood() -> None:
    granted = access.read(token("agent-1"), CONFIG)
    assert (granted.identity, granted.address) == ("agent-1", "client:agent-1")
    assert granted.incoming and granted.outgoing
    assert 3500 < granted.expires_at - time.time() <= 3600


def test_without_a_key_of_its_own_the_auth_token_signs() -> None:
    config = Config(account_sid=SID, auth_token=SECRET)
    assert access.read(token("agent-1"), config).identity == "agent-1"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (token("agent-1", secret="another secret, quite as long as the first"), access.INVALID),
        (token("agent-1", account="AC" + "9" * 32), access.INVALID),
        (token("agent-1", ttl=-10), access.EXPIRED),
        (token("not an identity"), access.INVALID),
        ("nonsense", access.INVALID),
        (None, access.INVALID),
    ],
)
def test_tokens_that_give_no_access(given: object, code: int) -> None:
    with pytest.raises(access.AccessRefused) as refused:
        access.read(given, CONFIG)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "SK" + "2" * 32},
        {"grants": {}},
        {"grants": {"voice": {"incoming": {"allow": True}}}},
        {"grants": []},
        {"exp": None},
    ],
)
def test_claims_that_give_no_access(claims: dict[str, Any]) -> None:
    good = jwt.decode(token("agent-1"), SECRET, algorithms=["HS256"])
    made = {name: value for name, value in (good | claims).items() if value is not None}
    with pytest.raises(access.AccessRefused):
        access.read(jwt.encode(made, SECRET), CONFIG)
    assert access.read(jwt.encode(good, SECRET), CONFIG)


def test_the_key_is_given_on_the_command_line(tmp_path: Any) -> None:
    arguments = ["--account-sid", SID, "--number", "1337=http://a/b", "--api-key-sid", KEY]
    options = command.parser().parse_args(arguments)
    environ = {"EXCHANGE_AUTH_TOKEN": "t", "EXCHANGE_API_KEY_SECRET": "s"}
    config = command.build(options, environ).config
    assert (config.api_key_sid, config.api_key_secret) == (KEY, "s")
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    options = command.parser().parse_args([*arguments, "--api-key-secret-file", str(secret)])
    assert command.build(options, environ).config.api_key_secret == "from a file"


# ---- the line ---------------------------------------------------------------------------------


class Telephone:
    """The SDK's side of the line, by hand."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.peer: RTCPeerConnection | None = None

    async def send(self, kind: str, **payload: Any) -> None:
        message = {"type": kind, "payload": payload, "version": "1.6"}
        await self.socket.send_str(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(WITHIN):
            while not (text := await self.socket.receive_str()).strip():
                pass
        message: dict[str, Any] = json.loads(text)
        return message

    async def got(self, kind: str) -> dict[str, Any]:
        """The next message, which must be of this kind."""
        message = await self.next()
        assert message["type"] == kind, message
        payload: dict[str, Any] = message["payload"]
        return payload

    async def told(self) -> list[str]:
        """The kinds of all that it was told until now: messages keep their order."""
        await self.send("register", media={"audio": True})
        kinds: list[str] = []
        while (kind := (await self.next())["type"]) != "ready":
            kinds.append(kind)
        return kinds

    async def register(self, identity: str = "agent-1") -> None:
        await self.send("listen", token=token(identity))
        connected = await self.got("connected")
        assert connected["token"]["identity"] == identity
        await self.send("register", media={"audio": True})
        await self.got("ready")

    async def answer(self, invite: dict[str, Any]) -> None:
        self.peer = RTCPeerConnection()
        self.peer.addTrack(AudioStreamTrack())
        await self.peer.setRemoteDescription(RTCSessionDescription(invite["sdp"], "offer"))
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        sdp = self.peer.localDescription.sdp
        await self.send("answer", callsid=invite["callsid"], sdp=sdp)

    async def close(self) -> None:
        await self.socket.close()
        if self.peer is not None:
            await self.peer.close()


class Shop:
    """Makes telephones for an exchange with a key; all are closed at the end."""

    def __init__(self, line: Line) -> None:
        self.line = line
        keys = {"api_key_sid": KEY, "api_key_secret": SECRET}
        line.exchange.config = replace(line.exchange.config, **keys)
        self.made: list[Telephone] = []

    async def __call__(self) -> Telephone:
        headers = {"Origin": "http://an.application.example"}
        telephone = Telephone(await self.line.http.ws_connect("/signal", headers=headers))
        self.made.append(telephone)
        return telephone


@pytest.fixture
async def shop(line: Line) -> AsyncIterator[Shop]:
    shop = Shop(line)
    yield shop
    for telephone in shop.made:
        await telephone.close()


def leg(line: Line) -> Call:
    """The call that rings the client."""
    return next(call for call in line.exchange.calls() if call.to == "client:agent-1")


async def until(condition: Any) -> None:
    async with asyncio.timeout(WITHIN):
        while not condition():
            await asyncio.sleep(0.01)


async def test_it_rings_is_answered_and_hung_up_by_the_device(line: Line, shop: Shop) -> None:
    line.app["/voice"] = ROOM
    telephone = await shop()
    await telephone.register()
    caller = await line.call()
    invite = await telephone.got("invite")
    assert invite["parameters"] == {
        "CallSid": leg(line).sid,
        "AccountSid": SID,
        "From": "+66812345678",
        "To": "client:agent-1",
        "Params": "ticket=%E0%B8%81+7",
    }
    assert "a=candidate" in invite["sdp"]
    assert "PCMU" in invite["sdp"] and "opus" not in invite["sdp"]
    assert leg(line).status is Status.RINGING
    await telephone.answer(invite)
    await until(lambda: leg(line).live)
    assert caller.where == "dial"
    assert len(line.exchange.mixer) == 1
    await telephone.send("hangup", callsid=invite["callsid"])
    await until(lambda: caller.ended)
    assert leg(line).end_cause == "the device hung up"
    assert len(line.exchange.mixer) == 0


async def test_the_other_side_hangs_up(line: Line, shop: Shop) -> None:
    line.app["/voice"] = ROOM
    telephone = await shop()
    await telephone.register()
    caller = await line.call()
    invite = await telephone.got("invite")
    await telephone.answer(invite)
    await until(lambda: leg(line).live)
    caller.end(cause="caller hung up")
    assert (await telephone.got("hangup"))["callsid"] == invite["callsid"]


async def test_who_declines_is_busy(line: Line, shop: Shop) -> None:
    line.app["/voice"] = ROOM
    first, second = await shop(), await shop()
    await first.register()
    await second.register()
    await line.call()
    invite = await first.got("invite")
    await second.got("invite")
    await first.send("reject", callsid=invite["callsid"])
    await until(lambda: leg(line).ended)
    assert leg(line).status is Status.BUSY
    assert (await second.got("cancel"))["callsid"] == invite["callsid"]


async def test_the_first_of_several_devices_has_the_call(line: Line, shop: Shop) -> None:
    line.app["/voice"] = ROOM
    first, second = await shop(), await shop()
    await first.register()
    await second.register()
    await line.call()
    invites = [await first.got("invite"), await second.got("invite")]
    await asyncio.gather(first.answer(invites[0]), second.answer(invites[1]))
    await until(lambda: leg(line).live)
    hears = [asyncio.create_task(each.next()) for each in (first, second)]
    done, waiting = await asyncio.wait(hears, return_when=asyncio.FIRST_COMPLETED)
    assert [each.result()["type"] for each in done] == ["cancel"]
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    winner = first if hears[0] in waiting else second
    assert await winner.told() == []
    assert len(line.exchange.mixer) == 1


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """The first answer is not agreed on before the event."""
    go, real, legs = asyncio.Event(), Leg.accept, []

    async def accept(self: Leg, sdp: str) -> None:
        legs.append(self)
        if len(legs) == 1:
            await go.wait()
        await real(self, sdp)

    monkeypatch.setattr(Leg, "accept", accept)
    return go


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Leg]:
    """The legs that have been closed."""
    real, legs = Leg.close, []

    async def close(self: Leg) -> None:
        legs.append(self)
        await real(self)

    monkeypatch.setattr(Leg, "close", close)
    return legs


async def test_an_answer_that_fails_is_nobody_elses(
    line: Line, shop: Shop, slow: asyncio.Event, closed: list[Leg]
) -> None:
    line.app["/voice"] = ROOM
    first, second = await shop(), await shop()
    await first.register()
    await second.register()
    await line.call()
    invite = await first.got("invite")
    await first.send("answer", callsid=invite["callsid"], sdp="nonsense")
    await second.answer(await second.got("invite"))
    await until(lambda: leg(line).live)
    slow.set()
    assert (await first.next())["type"] in ("hangup", "cancel")
    await until(lambda: closed)
    assert leg(line).media not in closed
    assert len(set(closed)) == 1


async def test_a_device_whose_answer_fails_rings_no_more(
    line: Line, shop: Shop, closed: list[Leg]
) -> None:
    line.app["/voice"] = ROOM
    telephone = await shop()
    await telephone.register()
    await line.call()
    invite = await telephone.got("invite")
    await telephone.send("answer", callsid=invite["callsid"], sdp="nonsense")
    assert (await telephone.got("hangup"))["callsid"] == invite["callsid"]
    await until(lambda: closed)
    assert len(closed) == 1
    assert leg(line).is_ringing and leg(line).media is None


@pytest.mark.parametrize("how", ["time-out", "declined"])
async def test_an_answer_that_comes_too_late(
    line: Line, shop: Shop, slow: asyncio.Event, closed: list[Leg], how: str
) -> None:
    line.app["/voice"] = "<Dial timeout='20'><Client>agent-1</Client></Dial>"
    telephone, other = await shop(), await shop()
    await telephone.register()
    await other.register()
    await line.call()
    invite = await telephone.got("invite")
    await telephone.answer(invite)
    await other.got("invite")
    if how == "time-out":
        await line.after(20)
    else:
        await other.send("reject", callsid=invite["callsid"])
    await telephone.got("cancel")
    slow.set()
    await telephone.told()
    assert leg(line).status in (Status.NO_ANSWER, Status.BUSY)
    assert leg(line).media is None
    await until(lambda: len(set(closed)) == 2)


async def test_a_caller_who_gives_up_is_cancelled(line: Line, shop: Shop) -> None:
    line.app["/voice"] = ROOM
    telephone = await shop()
    await telephone.register()
    caller = await line.call()
    invite = await telephone.got("invite")
    caller.end(cause="caller hung up")
    assert (await telephone.got("cancel"))["callsid"] == invite["callsid"]
    await telephone.answer(invite)  # too late
    await telephone.send("register", media={"audio": True})
    await telephone.got("ready")
    assert leg(line).status is Status.CANCELED


async def test_nobody_answers_in_time(line: Line, shop: Shop) -> None:
    line.app["/voice"] = "<Dial timeout='20'><Client>agent-1</Client></Dial>"
    telephone = await shop()
    await telephone.register()
    await line.call()
    await telephone.got("invite")
    await line.after(20)
    assert leg(line).status is Status.NO_ANSWER
    await telephone.got("cancel")


async def test_a_client_that_was_never_registered_is_a_headset_on_auto_answer(line: Line) -> None:
    line.app["/voice"] = ROOM
    await line.call()
    assert leg(line).live
    assert leg(line).media is None
    assert "mixer" not in line.exchange.__dict__


async def test_a_client_that_is_away_does_not_answer(line: Line, shop: Shop) -> None:
    line.app["/voice"] = ROOM.replace("<Dial>", '<Dial action="/after">')
    line.app["/after"] = '<Pause length="60"/>'
    telephone = await shop()
    await telephone.register()
    await telephone.send("register", media={"audio": False})
    await telephone.got("offline")
    await line.call()
    assert leg(line).status is Status.NO_ANSWER
    [told] = line.app.to("/after")
    assert (told["DialCallStatus"], told["DialCallDuration"]) == ("no-answer", "0")
    async with line.http.get("/handset/stations") as reply:
        assert (await reply.json())["stations"]["client:agent-1"]["outcome"] == "away"
    # a headset that is put there on purpose is one, and who registers again is rung
    line.exchange.stations.put("client:agent-1", Station())
    await line.call()
    assert leg(line).live
    await telephone.register()
    await line.call()
    await telephone.got("invite")


async def test_rest_is_told_of_a_client_that_is_away(line: Line, shop: Shop) -> None:
    telephone = await shop()
    await telephone.register()
    await telephone.close()
    await until(lambda: line.exchange.stations.get("client:agent-1").outcome == "away")
    line.app["/told"] = lambda _: web.Response(status=204)
    to = {
        "to": "client:agent-1",
        "from_": "1337",
        "status_callback": line.app.url + "/told",
        "status_callback_event": ["initiated", "ringing", "answered", "completed"],
    }
    for create in (
        lambda c: c.calls.create(twiml="<Response/>", **to),
        lambda c: c.conferences("room").participants.create(**to),
    ):
        await line.rest(create)
        assert leg(line).status is Status.NO_ANSWER
    statuses = [hit["CallStatus"] for hit in line.app.to("/told")]
    assert statuses == ["initiated", "ringing", "no-answer"] * 2
    assert line.exchange.conferences.living("room") is None


async def test_a_page_that_is_reloaded_has_hung_up_and_registers_again(
    line: Line, shop: Shop
) -> None:
    line.app["/voice"] = ROOM
    telephone = await shop()
    await telephone.register()
    caller = await line.call()
    await telephone.answer(await telephone.got("invite"))
    await until(lambda: leg(line).live)
    await telephone.close()
    await until(lambda: caller.ended)
    assert leg(line).end_cause == "the device has gone"
    assert line.exchange.stations.get("client:agent-1").outcome == "away"
    again = await shop()
    await again.register()
    await line.call()
    await again.got("invite")


async def test_rest_rings_the_device_with_parameters_of_its_own(line: Line, shop: Shop) -> None:
    telephone = await shop()
    await telephone.register()
    await line.rest(
        lambda c: c.calls.create(
            to="client:agent-1?ticket=7&x=y", from_="1337", twiml="<Response/>"
        )
    )
    invite = await telephone.got("invite")
    assert invite["parameters"]["Params"] == "ticket=7&x=y"
    await line.rest(
        lambda c: c.conferences("room").participants.create(to="client:agent-1?a=b", from_="1337")
    )
    assert (await telephone.got("invite"))["parameters"]["Params"] == "a=b"


async def test_keys_of_the_device_reach_the_gather(line: Line, shop: Shop) -> None:
    line.app["/chosen"] = '<Pause length="60"/>'
    telephone = await shop()
    await telephone.register()
    twiml = f'<Response><Gather numDigits="2" action="{line.app.url}/chosen"/></Response>'
    await line.rest(lambda c: c.calls.create(to="client:agent-1", from_="1337", twiml=twiml))
    invite = await telephone.got("invite")
    await telephone.answer(invite)
    await until(lambda: leg(line).listener is not None)
    await telephone.send("dtmf", callsid=invite["callsid"], dtmf="4w2")
    await until(lambda: line.app.to("/chosen"))
    assert line.app.to("/chosen")[0]["Digits"] == "42"


async def test_the_device_calls(line: Line, shop: Shop) -> None:
    line.app["/voice"] = '<Enqueue waitUrl="">help</Enqueue>'
    telephone = await shop()
    await telephone.send("listen", token=token("agent-1"))
    await telephone.got("connected")
    peer = telephone.peer = RTCPeerConnection()
    peer.addTrack(AudioStreamTrack())
    await peer.setLocalDescription(await peer.createOffer())
    sdp = peer.localDescription.sdp
    params = "To=1337&From=%2B66999999999&ticket=7"
    await telephone.send("invite", callsid="TJ1", sdp=sdp, twilio={"params": params})
    ringing = await telephone.got("ringing")
    answer = await telephone.got("answer")
    assert answer["callsid"] == ringing["callsid"] != "TJ1"
    assert answer["sdp"] == ringing["sdp"]
    [asked] = line.app.to("/voice")
    assert (asked["From"], asked["To"], asked["ticket"]) == ("client:agent-1", "1337", "7")
    await telephone.send("hangup", callsid="TJ1")
    await until(lambda: not line.exchange.live)


async def not_allowed(telephone: Telephone, code: int) -> None:
    """The device's call is refused by its token, and over."""
    refused = await telephone.got("error")
    assert (refused["callsid"], refused["error"]["code"]) == ("TJ1", code)
    assert (await telephone.got("hangup"))["callsid"] == "TJ1"


async def test_only_a_token_that_allows_it_may_call(
    line: Line, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    telephone = await shop()
    peer = telephone.peer = RTCPeerConnection()
    peer.addTrack(AudioStreamTrack())
    await peer.setLocalDescription(await peer.createOffer())
    invite = {"callsid": "TJ1", "sdp": peer.localDescription.sdp, "twilio": {"params": "To=1337"}}
    await telephone.send("listen", token=token("agent-1", outgoing=False))
    await telephone.got("connected")
    await telephone.send("invite", **invite)
    await not_allowed(telephone, access.INVALID)
    await telephone.send("listen", token=token("agent-1"))
    await telephone.got("connected")
    monkeypatch.setattr(time, "time", lambda real=time.time: real() + 3601)
    await telephone.send("invite", **invite)
    await not_allowed(telephone, access.EXPIRED)
    assert list(line.exchange.calls()) == []


async def test_a_token_that_no_longer_allows_to_be_called(line: Line, shop: Shop) -> None:
    telephone = await shop()
    await telephone.register()
    await telephone.send("listen", token=token("agent-1", incoming=False))
    await telephone.got("connected")
    await telephone.send("register", media={"audio": True})
    assert (await telephone.got("error"))["error"]["code"] == access.INVALID
    assert line.exchange.stations.get("client:agent-1").outcome == "away"


async def test_calls_that_cannot_be_made(line: Line, shop: Shop) -> None:
    telephone = await shop()
    await telephone.send("invite", callsid="TJ1", sdp="", twilio={})
    await not_allowed(telephone, access.INVALID)
    await telephone.send("listen", token=token("agent-1"))
    await telephone.got("connected")
    for sdp in ("", "v=0", "nonsense"):
        await telephone.send("invite", callsid="TJ1", sdp=sdp, twilio={"params": "To=1337"})
        refused = await telephone.got("hangup")
        assert (refused["callsid"], refused["error"]["code"]) == ("TJ1", voice_signal.UNREACHABLE)
    assert line.exchange.live == 0


async def test_who_has_no_token_is_not_rung(line: Line, shop: Shop) -> None:
    telephone = await shop()
    await telephone.send("register", media={"audio": True})
    assert (await telephone.got("error"))["error"]["code"] == access.INVALID
    await telephone.send("listen", token="nonsense")
    assert (await telephone.got("error"))["error"]["code"] == access.INVALID
    await telephone.send("listen", token=token("agent-1", ttl=-1))
    assert (await telephone.got("error"))["error"]["code"] == access.EXPIRED
    assert line.exchange.stations.get("client:agent-1").outcome == "answer"


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "{}", '{"type": "dtmf", "payload": [1]}'])
async def test_what_is_no_message(line: Line, shop: Shop, text: str) -> None:
    telephone = await shop()
    await telephone.socket.send_str("\n")
    await telephone.socket.send_str(text)
    await telephone.got("error")
    await telephone.register()


async def test_the_line_is_kept_alive(
    line: Line, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert voice_signal.BEAT < 15  # the SDK takes a silent line for dead after that
    monkeypatch.setattr(voice_signal, "BEAT", 0.01)
    telephone = await shop()
    assert await telephone.socket.receive_str(timeout=WITHIN) == "\n"


async def test_a_browser_that_says_nothing_any_more_is_gone(
    line: Line, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert voice_signal.SILENT > 2 * voice_signal.BEAT
    telephone = await shop()
    await telephone.register()
    monkeypatch.setattr(voice_signal, "SILENT", 0.2)
    await telephone.socket.send_str("\n")
    assert line.exchange.stations.get("client:agent-1").outcome == "ask"
    await until(lambda: line.exchange.stations.get("client:agent-1").outcome == "away")


async def test_what_a_page_loads_may_be_loaded_by_the_applications_site(line: Line) -> None:
    foreign = {"Origin": "http://an.application.example"}
    for path, kind in (
        ("/voice/local.js", "javascript"),
        ("/voice/sounds/incoming.wav", "wav"),
        ("/voice/sounds/dtmfh.wav", "wav"),
    ):
        async with line.http.get(path, headers=foreign) as reply:
            assert (reply.status, reply.content_type.split("/")[1]) == (200, kind)
            assert reply.headers["Access-Control-Allow-Origin"] == "*"
    for nothing in ("/voice/sounds/nothing.wav", "/voice/twilio.min.js"):
        async with line.http.get(nothing) as reply:
            assert reply.status == 404  # the SDK is the page's own
    async with line.http.get("/handset/about", headers=foreign) as reply:
        assert reply.status == 403


async def test_a_page_without_a_microphone_is_told_whether_its_calls_are_answered(
    line: Line,
) -> None:
    async def stands_in() -> bool:
        async with line.http.get("/voice/stand-in/agent-1") as reply:
            assert reply.headers["Access-Control-Allow-Origin"] == "*"
            return bool((await reply.json())["answers"])

    assert await stands_in()
    page = line.exchange.stations.open_page("client:agent-1")
    assert not await stands_in(), "a device is there"
    line.exchange.stations.close_page("client:agent-1", page)
    assert not await stands_in(), "and was: who had one is not stood in for"


class Sockets:
    """How many sockets for sound were opened, and how many of them closed; both take a while."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = self.closed = 0
        loop = asyncio.get_running_loop()
        endpoint, close = loop.create_datagram_endpoint, StunProtocol.close

        async def slowly_open(*args: Any, **named: Any) -> Any:
            made = await endpoint(*args, **named)
            self.opened += 1
            await asyncio.sleep(0.02)
            return made

        async def slowly_close(protocol: StunProtocol) -> None:
            await asyncio.sleep(0.02)
            await close(protocol)
            self.closed += 1

        monkeypatch.setattr(loop, "create_datagram_endpoint", slowly_open)
        monkeypatch.setattr(StunProtocol, "close", slowly_close)


@pytest.mark.parametrize("when", ["before it rings", "while it rings", "the exchange stops"])
async def test_nothing_is_left_of_a_device_that_goes(
    application: Application, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    sockets = Sockets(monkeypatch)
    async with a_line(application) as line:
        telephone = await Shop(line)()
        line.app["/voice"] = ROOM
        await telephone.register()
        await line.call()
        if when == "before it rings":
            await until(lambda: sockets.opened)
        else:
            await telephone.got("invite")
        if when != "the exchange stops":
            await telephone.close()
    assert 0 < sockets.opened == sockets.closed


async def test_a_call_that_begins_while_the_exchange_stops_ends_with_it(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device has asked for it before; nothing is left, as `a_line` sees at its end."""
    begun, stopped = asyncio.Event(), asyncio.Event()
    answer = Leg.answer

    async def slowly(self: Leg, sdp: str) -> str:
        begun.set()
        await stopped.wait()
        return await answer(self, sdp)

    monkeypatch.setattr(Leg, "answer", slowly)
    async with a_line(application) as line:
        real = line.exchange.close

        async def close() -> None:
            await real()
            stopped.set()

        monkeypatch.setattr(line.exchange, "close", close)
        telephone = await Shop(line)()
        peer = RTCPeerConnection()
        peer.addTrack(AudioStreamTrack())
        await peer.setLocalDescription(await peer.createOffer())
        line.app["/voice"] = '<Pause length="60"/>'
        await telephone.send("listen", token=token("agent-1"))
        await telephone.got("connected")
        told = {"params": "To=1337"}
        sdp = peer.localDescription.sdp
        await telephone.send("invite", callsid="TJ1", sdp=sdp, twilio=told)
        await begun.wait()
        await peer.close()
