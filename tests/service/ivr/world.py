"""A caller and an agent as the carrier and the desk would move them, against the real webhooks.

The carrier's own part (who is rung, who is redirected) is written down here instead of played: what
the exchange does with it is tested with the exchange. Addresses are taken from the answers, as a
carrier does, so that a test cannot invent one.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from xml.etree import ElementTree

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from agents import service as agents
from agents.service import PresenceFacts
from hotline import auth, clock, outbox
from hotline.auth import Role
from hotline.floor import Floor
from hotline.telephony import CallGone, CarrierError, Refused
from ivr import calls
from ivr import story as stories
from ivr.models import Call, CallEvent, Offer, Waiting
from ivr.room import offers, waiting
from ivr.room.offers import OfferFacts
from tests.support.floors import PUBLIC_URL, sign_in_as, signature

_numbers = count(1)
QUEUES = ("information", "complaint", "emergency")


@dataclass
class Carrier:
    """What we asked of the carrier, in order. `gone` are calls that have ended."""

    asked: list[tuple[str, ...]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    alive: set[str] = field(default_factory=set)
    away: bool = False
    #: Numbers that it does not dial.
    refuses: set[str] = field(default_factory=set)
    #: Addresses of recordings that it does not give.
    keeps: set[str] = field(default_factory=set)
    legs: "count[int]" = field(default_factory=lambda: count(1))

    def dial(self, to: str, *, from_: str, url: str, status_callback: str, timeout: int) -> str:
        self._answer()
        sid = f"CAleg{next(self.legs)}"
        self.asked.append(("dial", to, url, status_callback, sid))
        return sid

    def redirect(self, call_sid: str, url: str) -> None:
        self._answer(call_sid)
        self.asked.append(("redirect", call_sid, url))

    def hang_up(self, call_sid: str) -> None:
        self._answer(call_sid)
        self.asked.append(("hang_up", call_sid))

    def hold(self, conference: str, call_sid: str, *, on: bool, music: str) -> None:
        self._answer(call_sid)
        self.asked.append(("hold", conference, call_sid, str(on), music))

    def end_with(self, conference: str, call_sid: str, *, ends: bool) -> None:
        self._answer(call_sid)
        self.asked.append(("end_with", conference, call_sid, str(ends)))

    def pause_recording(self, conference: str, *, paused: bool) -> None:
        self._answer()
        self.asked.append(("pause_recording", conference, str(paused)))

    def stop_recording(self, conference: str) -> None:
        self._answer()
        self.asked.append(("stop_recording", conference))

    def invite(
        self,
        conference: str,
        to: str,
        *,
        from_: str,
        status_callback: str,
        timeout: int,
        muted: bool = False,
    ) -> str:
        self._answer()
        if to in self.refuses:
            raise Refused(to)
        sid = f"CAparty{next(self.legs)}"
        kind = "invite_muted" if muted else "invite"
        self.asked.append((kind, conference, to, status_callback, sid))
        return sid

    def speak(self, conference: str, call_sid: str, *, muted: bool, to: str | None) -> None:
        self._answer(call_sid)
        if to in self.gone:
            raise Refused(to)
        self.asked.append(("speak", conference, call_sid, "muted" if muted else to or "all"))

    def call_status(self, call_sid: str) -> str | None:
        self._answer()
        if call_sid in self.gone:
            return "completed"
        return "in-progress" if call_sid in self.alive else None

    def fetch_recording(self, url: str) -> bytes:
        self._answer()
        self.asked.append(("fetch", url))
        if url in self.keeps:
            raise CarrierError(url)
        return b"RIFF" + url.encode()

    def delete_recording(self, sid: str) -> None:
        self._answer()
        self.asked.append(("delete", sid))

    def of(self, kind: str) -> list[tuple[str, ...]]:
        return [each[1:] for each in self.asked if each[0] == kind]

    def _answer(self, sid: str = "") -> None:
        if self.away:
            raise CarrierError("away")
        if sid in self.gone:
            raise CallGone(sid)


class World:
    """One hotline, its callers and agents."""

    def __init__(self, floor: Floor, client: FlaskClient, driven: clock.DrivenClock) -> None:
        self.floor, self.client, self.clock = floor, client, driven
        self.carrier = Carrier()
        self.callers: list[Caller] = []
        self.agents: list[Agent] = []
        floor.carrier = self.carrier  # type: ignore[assignment]

    # ---- webhooks

    def post(self, url: str, **parameters: str) -> str:
        """A signed webhook; the answer's text. Every answer to a caller is 200."""
        path = url.removeprefix(PUBLIC_URL)
        headers = {"X-Twilio-Signature": signature(PUBLIC_URL + path, parameters)}
        response = self.client.post(path, data=parameters, headers=headers)
        assert response.status_code in (200, 204), (path, response.status_code)
        return response.get_data(as_text=True)

    def another(self) -> "World":
        """The same hotline asked from another thread."""
        there = copy(self)
        there.client = self.client.application.test_client()
        return there

    def caller(self, number: str = "") -> "Caller":
        n = next(_numbers)
        sid = f"CAcaller{n}"
        self.carrier.alive.add(sid)
        caller = Caller(self, sid, number or f"+668{n:08}")
        self.callers.append(caller)
        return caller

    def agent(
        self,
        *,
        queues: Sequence[str] = QUEUES,
        languages: Sequence[str] = ("th", "en"),
        ready: bool = True,
        address: str | None = None,
        role: Role = Role.AGENT,
    ) -> "Agent":
        """Answers in a browser, unless an `address` (E.164) says otherwise."""
        username = f"{role.value}{next(_numbers)}"
        token = sign_in_as(self.floor, role, username)
        with self.floor.db.write() as session:
            account = auth.identify(session, token, now=clock.now())
            assert account is not None
            made = agents.create_agent(
                session,
                account_id=account.id,
                name=username,
                queues=queues,
                languages=languages,
                address=address,
                now=clock.now(),
            )
        agent = Agent(self, made.id, username, token, made.address)
        self.agents.append(agent)
        if ready:
            agent.ready()
        return agent

    def supervisor(self, *, ready: bool = False, address: str | None = None) -> "Agent":
        """Has a telephone, and no queue."""
        return self.agent(
            queues=(), languages=(), ready=ready, address=address, role=Role.SUPERVISOR
        )

    # ---- what follows by itself

    def deliver(self) -> None:
        """Send everything that the outbox holds, as worker and sweep would."""
        while True:
            with self.floor.db.read() as session:
                due = session.scalars(
                    sa.text("SELECT id FROM outbox WHERE state = 'pending' ORDER BY id")
                ).all()
            settled = [outbox.deliver(self.floor, effect_id) for effect_id in due]
            if not any(settled):
                return

    def sweep(self, *names: str, seconds: float = 0) -> None:
        """Let `seconds` pass and run sweeps of the room (all of them without a name)."""
        now = self.clock.advance(seconds=seconds)
        for name, sweep in self.floor.sweeps.items():
            if name in names or (not names and name.startswith("ivr.")):
                sweep(self.floor, now)

    # ---- what stands

    def read(self, what: Callable[..., Any], *arguments: Any) -> Any:
        with self.floor.db.read() as session:
            return what(session, *arguments)

    def events(self, caller: "Caller") -> list[str]:
        return [event.kind.value for event in self.story(caller)]

    def story(self, caller: "Caller") -> list[stories.EventFacts]:
        found: list[stories.EventFacts] = self.read(stories.events_of, caller.id)
        return found

    def visit(self, caller: "Caller") -> stories.Visit:
        (found,) = self.read(stories.visits_of, caller.id)
        assert isinstance(found, stories.Visit)
        return found

    def everybody_goes(self) -> None:
        """All calls end, every conversation is written up, all agents sign out."""
        for caller in self.callers:
            caller.hangs_up()
        for agent in self.agents:
            agent.goes_home()
        self.sweep("ivr.wrap_up", seconds=200)
        self.callers.clear()
        self.agents.clear()

    def check(self) -> None:
        """What must hold at every moment, however it came about."""
        with self.floor.db.read() as session:
            _one_offer_each(session)
            _held_agents_are_held_by_something(session)
            _who_is_gone_does_not_wait(session)


def _one_offer_each(session: Session) -> None:
    live = Offer.state.in_(("offered", "accepted", "connected"))
    # a colleague who is asked for a word has an offer beside that of who asks
    for column, which in ((Offer.agent_id, sa.true()), (Offer.call_id, Offer.consults.is_(None))):
        rows = session.execute(
            sa.select(column).where(live, which).group_by(column).having(sa.func.count() > 1)
        ).all()
        assert rows == [], f"more than one live offer: {column} {rows}"


def _held_agents_are_held_by_something(session: Session) -> None:
    for row in agents.board(session):
        seen = row.presence
        offer = offers.latest_of_agent(session, seen.agent_id)
        held_by = {"offered": ["offered"], "on_call": ["accepted", "connected"]}
        if seen.state in held_by:
            assert offer is not None
            assert offer.state in held_by[seen.state], (seen, offer)
            assert (offer.id, offer.call_id) == (seen.offer_id, seen.call_id)
        elif seen.state == "idle":
            assert offer is None or offer.state == "ended", (seen, offer)


def _who_is_gone_does_not_wait(session: Session) -> None:
    rows = session.execute(
        sa.select(Waiting.id)
        .join(Call, Call.id == Waiting.call_id)
        .where(
            Call.ended_at.is_not(None),
            Waiting.state.in_(("waiting", "offered", "connecting")),
            Waiting.callback_id.is_(None),  # a place that is kept outlives the call
        )
    ).all()
    assert rows == []
    on = ("passed_on", "taken_over", "agent_lost")
    passed_on = sa.select(CallEvent.call_id).where(CallEvent.kind.in_(on))
    twice = session.execute(
        sa.select(CallEvent.call_id, CallEvent.kind)
        .where(
            CallEvent.kind.in_(("arrived", "ended", "queued", "abandoned", "wrapped_up")),
            # who is passed on waits, and talks, again
            ~sa.and_(
                CallEvent.kind.in_(("queued", "wrapped_up")), CallEvent.call_id.in_(passed_on)
            ),
        )
        .group_by(CallEvent.call_id, CallEvent.kind)
        .having(sa.func.count() > 1)
    ).all()
    assert twice == [], twice


@dataclass
class Caller:
    """Somebody with a telephone. `heard` is the last answer."""

    world: World
    sid: str
    number: str
    heard: str = ""

    @property
    def id(self) -> int:
        found: int = self.world.read(calls.find, self.sid)
        return found

    def ring(self) -> "Caller":
        return self.goes_to(f"{PUBLIC_URL}/ivr/voice")

    def press(self, *keys: str) -> "Caller":
        """One key a step; an empty one is silence."""
        for key in keys:
            gather = self.xml.find("Gather")
            assert gather is not None, self.heard
            self.goes_to(gather.attrib["action"], **({"Digits": key} if key else {}))
        return self

    def to_queue(self, language: str = "1", *keys: str) -> "Caller":
        """Into the information queue in Thai, unless said otherwise."""
        return self.ring().press(language, *(keys or ("1",)))

    def comes_again(self, *keys: str) -> "Caller":
        """A known caller, in Thai: greeted in that language, and maybe asked about a callback."""
        self.ring()
        given = list(keys or ("1",))
        while (gather := self.xml.find("Gather")) is not None:
            at = gather.attrib["action"]
            own = {"at=promised": "", "at=language": "1"}
            key = next((key for name, key in own.items() if name in at), None)
            self.press(given.pop(0) if key is None else key)
        return self

    def waits(self) -> "Caller":
        """One round of the wait loop, at the address given by the last answer."""
        return self.goes_to(self.wait_url)

    def leaves(self, result: str = "hangup", **more: str) -> "Caller":
        """The carrier's queue is left; the address is that of the Enqueue heard before."""
        return self.goes_to(self.left_url, QueueResult=result, **more)

    def hangs_up(self) -> "Caller":
        self.world.carrier.gone.add(self.sid)
        self.world.post(f"{PUBLIC_URL}/ivr/status", **self.parameters("completed"))
        return self

    def goes_to(self, url: str, **more: str) -> "Caller":
        status = more.pop("CallStatus", "in-progress")
        self.heard = self.world.post(url, **self.parameters(status), **more)
        return self

    def brought(self) -> "Caller":
        """To where we redirected this caller last."""
        url = [url for sid, url in self.world.carrier.of("redirect") if sid == self.sid][-1]
        return self.goes_to(url)

    def parameters(self, status: str) -> dict[str, str]:
        return {"CallSid": self.sid, "From": self.number, "To": "1337", "CallStatus": status}

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.heard)

    @property
    def wait_url(self) -> str:
        enqueue, redirect = self.xml.find("Enqueue"), self.xml.find("Redirect")
        if enqueue is not None:
            return enqueue.attrib["waitUrl"]
        assert redirect is not None, self.heard
        return str(redirect.text)

    @property
    def left_url(self) -> str:
        return self.wait_url.split("&best")[0].replace("/ivr/wait?", "/ivr/left?")

    @property
    def stay(self) -> waiting.Stay:
        found = self.world.read(waiting.latest, self.id)
        assert isinstance(found, waiting.Stay)
        return found

    @property
    def says(self) -> list[str]:
        return [str(say.text) for say in self.xml.iter("Say")]


@dataclass
class Agent:
    """Somebody who answers, by the same JSON verbs as the desk."""

    world: World
    id: int
    username: str
    token: str
    address: str

    def ask(self, method: str, path: str, **body: Any) -> Any:
        return self.world.client.open(
            path,
            method=method,
            json=body or None,
            headers={"Authorization": f"Bearer {self.token}"},
        )

    def does(self, path: str, status: int = 200, **body: Any) -> Any:
        response = self.ask("POST", path, **body)
        assert response.status_code == status, response.get_data(as_text=True)
        return response.get_json()

    def acts(self, path: str, status: int = 200, **form: Any) -> str:
        """Sends a form of the supervisor's page; what it says has happened, or why not."""
        response = self.world.client.post(
            path,
            data=form,
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"},
        )
        assert response.status_code == status, response.get_data(as_text=True)
        self.world.deliver()
        said = response.get_json()
        return str(said["message"] if status == 200 else said["error"]["code"])

    def ready(self) -> "Agent":
        self._choose("ready")
        return self

    def rests(self) -> "Agent":
        self._choose("break", reason="rest")
        return self

    def goes_home(self) -> None:
        self._choose("signed_out")

    def _choose(self, status: str, **more: str) -> None:
        response = self.ask("POST", "/api/presence", status=status, **more)
        assert response.status_code == 200, response.get_data(as_text=True)

    @property
    def at_hand(self) -> Any:
        response = self.ask("GET", "/api/calls/current")
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json()

    @property
    def offer(self) -> Any:
        return self.at_hand["offer"]

    @property
    def call(self) -> Any:
        return self.at_hand["call"]

    @property
    def presence(self) -> PresenceFacts:
        found = self.world.read(agents.presence_of, self.id)
        assert isinstance(found, PresenceFacts)
        return found

    @property
    def doing(self) -> str:
        return f"{self.presence.status}/{self.presence.state}"

    @property
    def last_offer(self) -> OfferFacts:
        found = self.world.read(offers.latest_of_agent, self.id)
        assert isinstance(found, OfferFacts)
        return found

    def accepts(self) -> "Agent":
        self.does(f"/api/offers/{self.offer['id']}/accept")
        self.world.deliver()
        return self

    def declines(self) -> "Agent":
        self.does(f"/api/offers/{self.offer['id']}/decline")
        return self

    # ---- the agent's telephone

    @property
    def leg(self) -> tuple[str, str, str]:
        """(url, status callback, sid) of the last call to this agent's telephone."""
        to, *rest = self.world.carrier.of("dial")[-1]
        assert to == self.address
        url, status, sid = rest
        return (url, status, sid)

    def picks_up(self) -> str:
        """The telephone is answered; afterwards the caller is sent for."""
        url, _, sid = self.leg
        heard = self.world.post(url, CallSid=sid, CallStatus="in-progress")
        self.world.deliver()
        return heard

    def leg_ends(self, status: str = "completed") -> None:
        _, url, sid = self.leg
        self.world.post(url, CallSid=sid, CallStatus=status)

    def hangs_up(self) -> "Agent":
        self.does(f"/api/calls/{self.call['id']}/hang-up")
        self.world.deliver()
        return self

    def finishes(self, outcome: str = "information", **more: str) -> str:
        call = self.call
        answer = self.does(f"/api/calls/{call['id']}/finish", outcome=outcome, **more)
        return str(answer["ticket"])

    def talks_with(self, caller: Caller) -> "Agent":
        """From the offer to the conversation."""
        assert self.offer is not None, "nothing is offered"
        self.accepts().picks_up()
        caller.brought()
        return self
