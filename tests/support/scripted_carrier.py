"""A carrier made of lists, for tests that decide themselves what arrives when, twice or never.

It does what the carrier's documentation says (the local exchange does the same over HTTP, in time);
here nothing moves until told: a webhook lies in `in_flight` until somebody delivers it, a telephone
rings until somebody has it answered. It stands where `floor.carrier` does.
"""

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hotline.telephony import CallGone, CarrierError

#: What a document may hold. A `Record` hears nothing here, and so the document goes on.
ANYWHERE = frozenset(
    {"Say", "Play", "Pause", "Gather", "Redirect", "Enqueue", "Dial", "Record", "Leave", "Hangup"}
)
#: What a document of the wait loop may hold (the carrier's documentation of `waitUrl`).
WHILE_WAITING = frozenset({"Say", "Play", "Pause", "Gather", "Redirect", "Leave", "Hangup"})
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


class Dropped(AssertionError):
    """An answer that leaves a caller in silence, or that the carrier cannot execute."""


class Killed(BaseException):
    """The process died here: nothing after it was done."""


@dataclass
class Request:
    """A webhook on its way. Its answer is executed if the leg still is where it was sent from."""

    path: str
    form: dict[str, str]
    leg: "Leg"
    generation: int
    #: False: nobody listens to the answer (a status callback, the action of who was redirected).
    heard: bool

    @property
    def awaited(self) -> bool:
        """Whether the answer will be executed."""
        return self.heard and not self.leg.is_over and self.generation == self.leg.generation


# ---- where a leg is


@dataclass
class Menu:
    """In a `<Gather>`; silence falls through to `rest`."""

    action: str
    rest: list[ET.Element]


@dataclass
class Queued:
    """In `<Enqueue>`, somewhere in the wait loop."""

    action: str
    wait: str


@dataclass
class Dialling:
    """In a `<Dial><Number>`: ringing there, or talking."""

    number: str
    action: str | None
    rest: list[ET.Element]


@dataclass
class Conferring:
    """In a `<Dial><Conference>`."""

    name: str
    action: str | None
    ends_all: bool


Place = Menu | Queued | Dialling | Conferring | None


@dataclass
class Leg:
    """One call at the carrier: a caller's, or the one to an agent's telephone."""

    sid: str
    from_: str
    to: str
    inbound: bool
    status: str
    status_callback: str
    url: str = ""
    place: Place = None
    #: Counts what interrupts: an answer to an earlier request is not executed.
    generation: int = 0
    heard: list[str] = field(default_factory=list)
    #: Hears music, in a conference, and nobody there.
    held: bool = False

    @property
    def is_over(self) -> bool:
        return self.status in OVER


@dataclass
class Conference:
    """Who is in it, and who is told of its end."""

    members: list[Leg] = field(default_factory=list)
    callback: str | None = None


class ScriptedCarrier:
    """See the module; the first four methods are `hotline.telephony.Carrier`'s."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.legs: dict[str, Leg] = {}
        self.in_flight: list[Request] = []
        self.conferences: dict[str, Conference] = {}
        #: What goes wrong with the next REST requests: `refused`, `unheard` (done, but the answer
        #: never came), `killed` (done, and then the asking process died).
        self.troubles: list[str] = []
        self._numbers = itertools.count(1)
        #: Every SMS that was taken: to whom, and what it says; none of ours says the same twice.
        self.texts: list[tuple[str, str]] = []

    # ---------------------------------------------------------------- REST

    def dial(self, to: str, *, from_: str, url: str, status_callback: str, timeout: int) -> str:
        assert timeout > 0
        trouble = self._before()
        leg = self._leg(from_, to, inbound=False, status="ringing", callback=status_callback)
        leg.url = self._ours(url)
        self._after(trouble)
        return leg.sid

    def redirect(self, call_sid: str, url: str) -> None:
        trouble = self._before()
        leg = self._living(call_sid)
        self._leave_place(leg, "redirected")
        self._fetch(leg, self._ours(url))
        self._after(trouble)

    def hang_up(self, call_sid: str) -> None:
        trouble = self._before()
        leg = self._living(call_sid)
        self.end(leg, "completed" if leg.status == "in-progress" else "canceled")
        self._after(trouble)

    def hold(self, conference: str, call_sid: str, *, on: bool, music: str) -> None:
        trouble = self._before()
        leg = self._living(call_sid)
        if leg not in self.conferences.get(conference, Conference()).members:
            raise CallGone(f"{call_sid} is not in {conference}")
        if on and not leg.held:
            self._tell(leg, self._ours(music))
        leg.held = on
        self._after(trouble)

    def end_with(self, conference: str, call_sid: str, *, ends: bool) -> None:
        trouble = self._before()
        leg = self._living(call_sid)
        if leg not in self.conferences.get(conference, Conference()).members:
            raise CallGone(f"{call_sid} is not in {conference}")
        assert isinstance(leg.place, Conferring)
        leg.place.ends_all = ends
        self._after(trouble)

    def call_status(self, call_sid: str) -> str | None:
        trouble = self._before()
        leg = self.legs.get(call_sid)
        self._after(trouble)
        return None if leg is None else leg.status

    def send_message(
        self, to: str, *, from_: str, body: str, status_callback: str | None = None
    ) -> str:
        assert from_, "somebody sends it"
        assert status_callback, "it is told what becomes of it"
        trouble = self._before()
        self.texts.append((to, body))
        self._after(trouble)
        return f"SM{len(self.texts)}"

    def find_message(self, to: str, *, body: str, since: datetime) -> str | None:
        trouble = self._before()
        self._after(trouble)
        sids = [f"SM{n}" for n, text in enumerate(self.texts, 1) if text == (to, body)]
        return sids[-1] if sids else None

    def _before(self) -> str:
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "refused":
            raise CarrierError("the carrier is away")
        return trouble

    def _after(self, trouble: str) -> None:
        if trouble == "unheard":
            raise CarrierError("the answer never came")
        if trouble == "killed":
            raise Killed

    def _living(self, sid: str) -> Leg:
        leg = self.legs.get(sid)
        if leg is None or leg.is_over:
            raise CallGone(sid)
        return leg

    # ---------------------------------------------------------------- what people do

    def ring(self, from_: str, to: str = "1337") -> Leg:
        """Somebody calls the hotline."""
        leg = self._leg(from_, to, inbound=True, status="in-progress", callback="/ivr/status")
        self._tell(leg, leg.status_callback, CallStatus="in-progress")
        self._fetch(leg, "/ivr/voice")
        return leg

    def press(self, leg: Leg, digit: str) -> None:
        """A key in a menu."""
        assert isinstance(leg.place, Menu)
        action, leg.place = leg.place.action, None
        self._fetch(leg, action, Digits=digit)

    def be_silent(self, leg: Leg) -> None:
        """No key until the menu's time is over."""
        assert isinstance(leg.place, Menu)
        rest, leg.place = leg.place.rest, None
        self._execute(leg, rest)

    def answer(self, leg: Leg) -> None:
        """An agent's telephone is lifted."""
        assert leg.status == "ringing"
        leg.status = "in-progress"
        self._fetch(leg, leg.url)

    def transfer_ends(self, leg: Leg, result: str) -> None:
        """How a `<Dial>` to a number ended."""
        assert isinstance(leg.place, Dialling)
        dial, leg.place = leg.place, None
        if dial.action is None:
            self._execute(leg, dial.rest)
        else:
            self._fetch(leg, dial.action, DialCallStatus=result)

    def end(self, leg: Leg, status: str) -> None:
        """The call is over: somebody hung up, or it was never answered."""
        if leg.is_over:
            return
        leg.status = status
        self._leave_place(leg, "hangup")
        self._tell(leg, leg.status_callback, CallStatus=status)

    def callers(self, *places: type) -> Iterator[Leg]:
        """Callers on the line; only those at such a place if any is named."""
        for leg in self.legs.values():
            if leg.inbound and not leg.is_over and (not places or isinstance(leg.place, places)):
                yield leg

    def telephones(self, status: str) -> list[Leg]:
        """Calls to agents' telephones in that status."""
        return [leg for leg in self.legs.values() if not leg.inbound and leg.status == status]

    # ---------------------------------------------------------------- executing answers

    def execute(self, request: Request, document: str) -> None:
        """Do what the answer to a webhook says; raises `Dropped` when that is nothing at all."""
        verbs = _verbs(document, WHILE_WAITING if self._waits(request) else ANYWHERE)
        if not request.awaited:
            return
        if self._waits(request):
            self._execute_waiting(request.leg, verbs)
        else:
            self._execute(request.leg, verbs)

    @staticmethod
    def _waits(request: Request) -> bool:
        return request.path.startswith("/ivr/wait")

    def _execute_waiting(self, leg: Leg, verbs: list[ET.Element]) -> None:
        assert isinstance(leg.place, Queued)
        for verb in verbs:
            if verb.tag == "Leave":
                action = leg.place.action
                leg.place = None
                self._fetch(leg, action, QueueResult="leave")
                return
            if verb.tag == "Redirect":
                self._fetch(leg, self._ours(_text(verb)), QueuePosition="1")
                return
            self._perform(leg, verb)
        self._fetch(leg, leg.place.wait)

    def _execute(self, leg: Leg, verbs: list[ET.Element]) -> None:
        verbs = list(verbs)
        while verbs:
            verb = verbs.pop(0)
            match verb.tag:
                case "Gather":
                    self._say_all(leg, verb)
                    leg.place = Menu(self._ours(verb.attrib["action"]), verbs)
                    return
                case "Redirect":
                    self._fetch(leg, self._ours(_text(verb)))
                    return
                case "Enqueue":
                    wait = self._ours(verb.attrib["waitUrl"])
                    leg.place = Queued(self._ours(verb.attrib["action"]), wait)
                    self._fetch(leg, wait, QueuePosition="1")
                    return
                case "Dial":
                    self._dial(leg, verb, verbs)
                    return
                case "Hangup":
                    self.end(leg, "completed")
                    return
                case _:
                    self._perform(leg, verb)
        if leg.inbound:
            raise Dropped(f"{leg.sid}: the document ran out; heard so far: {leg.heard}")
        self.end(leg, "completed")

    def _dial(self, leg: Leg, verb: ET.Element, rest: list[ET.Element]) -> None:
        action = verb.attrib.get("action")
        action = None if action is None else self._ours(action)
        (noun,) = verb
        if noun.tag == "Number":
            assert _text(noun).strip("+").isdigit()
            leg.place = Dialling(_text(noun), action, rest)
            return
        assert noun.tag == "Conference", noun.tag
        name = _text(noun)
        leg.place = Conferring(name, action, noun.attrib.get("endConferenceOnExit") == "true")
        conference = self.conferences.setdefault(name, Conference())
        conference.members.append(leg)
        if callback := noun.attrib.get("statusCallback"):
            conference.callback = self._ours(callback)

    def _perform(self, leg: Leg, verb: ET.Element) -> None:
        if verb.tag == "Say":
            leg.heard.append(_text(verb))

    def _say_all(self, leg: Leg, verb: ET.Element) -> None:
        # one key, or a number that # ends
        assert (verb.attrib.get("numDigits"), verb.attrib["finishOnKey"]) in (
            ("1", ""),
            (None, "#"),
        )
        for each in verb:
            self._perform(leg, each)

    # ---------------------------------------------------------------- leaving

    def _leave_place(self, leg: Leg, why: str) -> None:
        """Interrupt what the leg does; whoever must hear of it is told."""
        place, leg.place, leg.held = leg.place, None, False
        leg.generation += 1
        match place:
            case Queued():
                self._tell(leg, place.action, QueueResult=why)
            case Dialling(action=str(action)) if why == "hangup":
                self._tell(leg, action, DialCallStatus="canceled")
            case Conferring():
                if place.action is not None and why == "hangup":
                    self._tell(leg, place.action)
                self._leave_conference(leg, place)

    def _leave_conference(self, leaver: Leg, place: Conferring) -> None:
        conference = self.conferences[place.name]
        conference.members.remove(leaver)
        if conference.members and not place.ends_all:
            return
        for other in list(conference.members):
            assert isinstance(other.place, Conferring)
            action, other.place, other.held = other.place.action, None, False
            other.generation += 1
            if action is None:
                self.end(other, "completed")
            else:
                self._fetch(other, action)
        del self.conferences[place.name]
        if conference.callback:
            self._tell(
                leaver,
                conference.callback,
                StatusCallbackEvent="conference-end",
                CallSidEndingConference=leaver.sid,
            )

    # ---------------------------------------------------------------- small parts

    def _leg(self, from_: str, to: str, *, inbound: bool, status: str, callback: str) -> Leg:
        number = next(self._numbers)
        callback = callback if callback.startswith("/") else self._ours(callback)
        leg = Leg(f"CA{number:032x}", from_, to, inbound, status, callback)
        self.legs[leg.sid] = leg
        return leg

    def _fetch(self, leg: Leg, path: str, **more: str) -> None:
        self.in_flight.append(self._request(leg, path, more, heard=True))

    def _tell(self, leg: Leg, path: str, **more: str) -> None:
        self.in_flight.append(self._request(leg, path, more, heard=False))

    @staticmethod
    def _request(leg: Leg, path: str, more: dict[str, str], *, heard: bool) -> Request:
        form = {
            "CallSid": leg.sid,
            "AccountSid": "AC" + "0" * 32,
            "From": leg.from_,
            "To": leg.to,
            "CallStatus": leg.status,
            "Direction": "inbound" if leg.inbound else "outbound-api",
            "ApiVersion": "2010-04-01",
        }
        return Request(path, form | more, leg, leg.generation, heard)

    def _ours(self, url: str) -> str:
        """An address of the application, without its host."""
        if not url.startswith(self.base + "/"):
            raise Dropped(f"not an address of ours: {url!r}")
        return url.removeprefix(self.base)


def _verbs(document: str, allowed: frozenset[str]) -> list[ET.Element]:
    try:
        root = ET.fromstring(document)
    except ET.ParseError as error:
        raise Dropped(f"not XML: {document!r}") from error
    if root.tag != "Response":
        raise Dropped(f"not TwiML: {document!r}")
    wrong = {verb.tag for verb in root} - allowed
    if wrong:
        raise Dropped(f"{wrong} may not stand here: {document!r}")
    return list(root)


def _text(element: ET.Element) -> str:
    return (element.text or "").strip()


def describe(leg: Leg) -> dict[str, Any]:
    """A leg in a few words, for a failing test's message."""
    return {"sid": leg.sid[-4:], "status": leg.status, "place": leg.place, "heard": leg.heard[-2:]}
