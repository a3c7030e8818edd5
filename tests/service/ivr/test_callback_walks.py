"""Callbacks in any order: chance decides what citizens, agents, the carrier and the workers do.

After every move the promises, their places, the offers and the telephones must agree. The seeds are
fixed, so that a run can be repeated.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hotline import clock, outbox
from hotline.telephony import CallGone, CarrierError
from ivr.callbacks import service as callbacks
from ivr.callbacks.rows import Asked
from ivr.errors import CallbackMoved, Lost
from ivr.room import waiting
from ivr.room.waiting import Place
from tests.service.ivr.world import Agent, Caller, World
from tests.support import invariants
from tickets import service as tickets
from tickets.config import Tickets

WALKS, MOVES, NUMBERS = 3, 70, ("+66810000001", "+66810000002", "+66810000003")
IN_LINE = {"waiting", "offered", "connecting"}


class Carrier:
    """What rings. `trouble`: of the next dial to a citizen, `lost` (done, and its answer lost) or
    `dead` (not done, and the worker died).
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.legs: dict[str, tuple[str, str, str]] = {}  # living: sid → (to, url, status)
        self.over: list[tuple[str, str, str]] = []  # (sid, status url, word), to be told again
        self.trouble = ""
        self.dial, world.carrier.dial = world.carrier.dial, self._dial  # type: ignore[method-assign]
        hang_up = world.carrier.hang_up

        def ends(sid: str) -> None:
            hang_up(sid)
            self.ends(sid, "canceled", tell=False)

        world.carrier.hang_up = ends  # type: ignore[method-assign]

    def _dial(self, to: str, **more: object) -> str:
        trouble = self.trouble if to.startswith("+") else ""
        if trouble:
            self.trouble = ""
        if trouble == "dead":
            raise CarrierError("away")
        sid = self.dial(to, **more)  # type: ignore[arg-type]
        ringing = [each for each in self.legs.values() if each[0] == to]
        assert not ringing or not to.startswith("+"), "a citizen is rung twice at once"
        self.legs[sid] = (to, str(more["url"]), str(more["status_callback"]))
        self.world.carrier.alive.add(sid)
        if trouble == "lost":
            raise CarrierError("the answer never came")
        return sid

    def citizens(self) -> list[str]:
        return [sid for sid, (to, _, _) in self.legs.items() if to.startswith("+")]

    def telephones(self) -> list[str]:
        return [sid for sid, (to, _, _) in self.legs.items() if not to.startswith("+")]

    def answers(self, sid: str) -> None:
        heard = self.world.post(self.legs[sid][1], CallSid=sid, CallStatus="in-progress")
        if "<Hangup" in heard and "<Dial" not in heard:
            self.ends(sid, "completed")

    def ends(self, sid: str, word: str, *, tell: bool = True) -> None:
        if sid not in self.legs:
            return
        _, _, status = self.legs.pop(sid)
        self.world.carrier.gone.add(sid)
        self.over.append((sid, status, word))
        if tell:
            self.again(-1)

    def again(self, which: int) -> None:
        sid, status, word = self.over[which]
        self.world.post(status, CallSid=sid, CallStatus=word)


class Walk:
    """One hotline, three citizens, three agents, who call out as well."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.carrier = Carrier(world)
        self.agents = [world.agent(ready=False) for _ in range(3)]
        self.tickets = [self._told_before(n, number) for n, number in enumerate(NUMBERS)]
        self.on_line: list[Caller] = []
        self.moves: list[Callable[[], None]] = [
            self.calls,
            self.calls,
            self.asks,
            self.asks,
            self.asks,
            self.asks_for_later,
            self.hangs_up,
            self.resumes,
            self.cancels,
            self.is_ready,
            self.is_ready,
            self.calls_out,
            self.calls_out,
            self.calls_out,
            self.calls_out,
            self.calls_back,
            self.gives_up,
            self.says,
            self.says,
            self.says,
            self.agents_telephone,
            self.agents_telephone,
            self.citizens_telephone,
            self.citizens_telephone,
            self.finishes,
            self.told_again,
            self.worker,
            self.worker,
            self.worker,
            self.worker_again,
            self.trouble,
            self.time,
            self.time,
        ]

    def _told_before(self, n: int, number: str) -> str:
        """The number of a ticket of a citizen, from a call long ago."""
        with self.world.floor.db.write() as session:
            made = tickets.record_call(
                session,
                self.world.floor.section(Tickets),
                call_id=1_000_000 + n,
                outcome="suggestion",
                caller=number,
                now=clock.now(),
            )
        return made.number

    def step(self) -> None:
        self.chance.choice(self.moves)()
        self.check()

    # ---- citizens

    def calls(self) -> None:
        caller = self.world.caller(self.chance.choice(NUMBERS)).comes_again()
        self.on_line.append(caller)

    def asks(self, later: float | None = None) -> None:
        if not self.on_line:
            return
        caller = self.chance.choice(self.on_line)
        at = None if later is None else clock.now() + timedelta(seconds=later)
        number = self.chance.choice([caller.number, caller.number, NUMBERS[0]])
        with suppress(Lost), self.world.floor.db.write() as session:
            stay = waiting.latest(session, caller.id)
            assert stay is not None
            if stay.state == "connected":
                return
            asked = Asked(caller.id, number, "information", "th", "information", at)
            callbacks.request(self.world.floor, session, asked, stay, now=clock.now())

    def asks_for_later(self) -> None:
        self.asks(self.chance.choice([60, 1800]))

    def hangs_up(self) -> None:
        if self.on_line:
            caller = self.on_line.pop(self.chance.randrange(len(self.on_line)))
            caller.hangs_up()

    def resumes(self) -> None:
        number = self.chance.choice(NUMBERS)
        caller = self.world.caller(number).ring()
        self.on_line.append(caller)
        if "<Enqueue" in caller.heard:  # cut off a moment ago: the flow has given the place back
            return
        with self.world.floor.db.write() as session:
            found = callbacks.pending_for(session, number)
            since = found and callbacks.resume(session, found.id, caller.id, now=clock.now())
            place = Place(caller.id, 1, "information", "information", "th", 0)
            waiting.enter(session, place, now=clock.now(), entered_at=since)

    def cancels(self) -> None:
        with self.world.floor.db.read() as session:
            owed = callbacks.open_ones(session)
        if owed:
            with suppress(CallbackMoved), self.world.floor.db.write() as session:
                found = self.chance.choice(owed)
                callbacks.cancel(session, found.id, by="supervisor", now=clock.now())

    # ---- agents

    def is_ready(self) -> None:
        self.chance.choice(self.agents).ready()

    def says(self) -> None:
        for agent in self.chance.sample(self.agents, 3):
            offer = agent.offer
            if offer is not None:
                verb = self.chance.choice(["accept"] * 6 + ["decline"])
                agent.ask("POST", f"/api/offers/{offer['id']}/{verb}")
                return

    def calls_out(self) -> None:
        """To follow up a ticket: refused for many a reason, and else a call of their own."""
        self._calls(f"/api/tickets/{self.chance.choice(self.tickets)}/call-out")

    def calls_back(self) -> None:
        ids = [caller.id for caller in self.world.callers]
        if ids:
            self._calls(f"/api/callbacks/call/{self.chance.choice(ids)}/back")

    def _calls(self, path: str) -> None:
        answer = self.chance.choice(self.agents).ready().ask("POST", path)
        assert answer.status_code in (200, 409), answer.get_data(as_text=True)

    def gives_up(self) -> None:
        for agent in self.agents:
            call = agent.call
            if call is not None and call["state"] == "connecting":
                agent.ask("POST", f"/api/calls/{call['id']}/hang-up")

    def finishes(self) -> None:
        for agent in self.agents:
            self._finish(agent)

    def _finish(self, agent: Agent) -> None:
        call = agent.call
        if call is None:
            return
        if call["state"] == "talking":
            agent.ask("POST", f"/api/calls/{call['id']}/hang-up")
        elif call["state"] == "wrap_up":
            agent.finishes("information")

    def called(self) -> int:
        """How many calls agents have made about tickets; each ended in one of two ways."""
        told = sa.text("SELECT kind, count(*) FROM call_events GROUP BY kind")
        with self.world.floor.db.read() as session:
            kinds = dict(tuple(row) for row in session.execute(told))
            ended = sa.text("SELECT count(*) FROM ticket_events WHERE kind = 'called_out'")
            assert session.execute(ended).scalar_one() == kinds.get("called_out", 0)
        return kinds.get("called_out", 0)

    # ---- telephones

    def agents_telephone(self) -> None:
        self._telephone(self.carrier.telephones())

    def citizens_telephone(self) -> None:
        self._telephone(self.carrier.citizens())

    def _telephone(self, sids: list[str]) -> None:
        if not sids:
            return
        sid = self.chance.choice(sids)
        word = self.chance.choice(["", "", "", "", "busy", "no-answer", "failed", "completed"])
        if word:
            self.carrier.ends(sid, word, tell=self.chance.random() < 0.8)
        else:
            self.carrier.answers(sid)

    def told_again(self) -> None:
        if self.carrier.over:
            self.carrier.again(self.chance.randrange(len(self.carrier.over)))

    # ---- machines

    def worker(self) -> None:
        self.world.deliver()

    def worker_again(self) -> None:
        """An effect whose sender died before it noted that it was done."""
        with self.world.floor.db.read() as session:
            rows = session.execute(sa.text("SELECT id, kind FROM outbox ORDER BY id")).all()
        if rows:
            row = self.chance.choice(rows)
            with self.world.floor.db.write() as session:
                again = sa.text("UPDATE outbox SET state = 'pending' WHERE id = :id")
                session.execute(again, {"id": row.id})
            with suppress(CallGone):
                outbox.deliver(self.world.floor, row.id)

    def trouble(self) -> None:
        self.carrier.trouble = self.chance.choice(["lost", "dead"])

    def time(self) -> None:
        self.world.sweep(seconds=self.chance.choice([1, 5, 25, 70, 310]))

    # ---- what must hold

    def check(self) -> None:
        self.world.check()
        with self.world.floor.db.read() as session:
            invariants.called_back(session)
            rows = session.execute(
                sa.text(
                    "SELECT c.id, c.state, c.due_at, w.state AS place, w.callback_id, "
                    "(SELECT COUNT(*) FROM callback_attempts AS a "
                    " WHERE a.callback_id = c.id AND a.ended_at IS NULL"
                    " AND a.answered_at IS NULL) AS ringing, "
                    "(SELECT MAX(o.state) FROM offers AS o WHERE o.waiting_id = w.id"
                    " AND o.state <> 'ended') AS offer "
                    "FROM callbacks AS c JOIN waiting AS w ON w.id = c.waiting_id"
                )
            ).all()
        for row in rows:
            assert row.callback_id == row.id, row
            assert row.place in PLACES[row.state], row
            assert row.ringing == (row.state == "dialling"), row
            assert (row.due_at is not None) == (row.state in ("scheduled", "paused")), row
            if row.state == "dialling":
                assert row.offer == "accepted", row

    def rest(self) -> None:
        """Everybody answers and everything is told: nothing may be left over."""
        self.carrier.trouble = ""
        for caller in self.on_line:
            caller.hangs_up()
        for _ in range(40):
            for agent in self.agents:
                agent.ready()
            self.says()
            self.world.deliver()
            for which in (self.carrier.telephones, self.carrier.citizens):
                for sid in which():
                    self.carrier.answers(sid)
                self.world.deliver()
            self.finishes()
            self.finishes()
            self.world.sweep(seconds=200)
            self.check()
        for sid in list(self.carrier.legs):
            self.carrier.ends(sid, "completed")
        self.world.sweep(seconds=400)
        with self.world.floor.db.read() as session:
            assert {each.state for each in callbacks.open_ones(session)} <= {"unreached"}
            left = "SELECT COUNT(*) FROM callback_attempts WHERE ended_at IS NULL"
            assert session.execute(sa.text(left)).scalar_one() == 0
        assert {agent.doing for agent in self.agents} <= {"ready/idle", "missed/idle"}


PLACES = {
    "scheduled": {"paused"},
    "paused": {"paused"},
    "in_line": IN_LINE,
    "dialling": {"connecting"},
    "reached": {"connected"},
    "unreached": {"left"},
    "cancelled": {"left"},
    "taken_over": {"left"},
    "done": {"left"},
    "not_reached": {"left"},
}


@pytest.mark.parametrize("seed", range(WALKS))
def test_nobody_is_rung_twice_and_no_promise_is_lost(world: World, seed: int) -> None:
    walk = Walk(world, seed)
    walk.calls_out()
    for _ in range(MOVES):
        walk.step()
    walk.rest()
    assert walk.called() > 0
