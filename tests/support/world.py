"""A whole hotline in one's hand: two web processes on one database, agents, and a carrier of lists.

Everything is the real application but the carrier and the way that effects take to a worker; both
do nothing until told. Who drives this decides what comes when, twice, late or never.
"""

import itertools
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from agents import service as agents
from agents.models import PresenceRow
from agents.states import Status
from hotline import clock, outbox
from hotline.app import create_app
from hotline.auth import Role
from hotline.db import Base
from hotline.floor import Floor
from hotline.models import Account
from ivr.events import OfferState
from ivr.models import Offer
from tests.support.applications import application
from tests.support.floors import PUBLIC_URL, sign_in_as, signature
from tests.support.scripted_carrier import Killed, Leg, Request, ScriptedCarrier
from tickets import sms

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
#: Who works: the queues and languages of each. Enough to share some callers and not others.
STAFF = (
    (("information", "complaint", "emergency"), ("th", "en")),
    (("information", "emergency"), ("th",)),
    (("complaint",), ("th", "en", "zh", "ru")),
    (("information", "complaint", "emergency"), ("zh", "ru", "en")),
)
#: What an agent may be told: done, or no longer so. Anything else is a fault of ours.
ANSWERED = frozenset({200, 409})

T = TypeVar("T")


class HandCarried:
    """In the place of `floor.jobs`: what was handed to the worker lies here until it is carried."""

    def __init__(self) -> None:
        self.away = False
        self.effects: list[int] = []
        self.texts: list[int] = []

    def enqueue(self, name: str, *arguments: Any, queue: str = "calls") -> bool:
        """As `hotline.jobs.Jobs`; False when Redis is away, and then the sweep has to find it."""
        if name == outbox.DELIVER_JOB and not self.away:
            self.effects.append(int(arguments[0]))
        if name == sms.SEND and not self.away:
            self.texts.append(int(arguments[0]))
        return not self.away


@dataclass(frozen=True)
class Worker:
    """An agent at a desk."""

    id: int
    username: str
    header: dict[str, str]


class Complaints(logging.Handler):
    """Keeps what is logged as an error: the application swallows some faults, and we do not."""

    #: An effect that the carrier refused to the end is an error for the IT officer, not of ours.
    EXPECTED = ("given up",)

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if not any(words in text for words in self.EXPECTED):
            self.found.append(self.format(record))


@dataclass
class World:
    """One hotline. `floors` are its web processes; the first one also works and sweeps."""

    floors: Sequence[Floor]
    carrier: ScriptedCarrier = field(default_factory=lambda: ScriptedCarrier(PUBLIC_URL))
    jobs: HandCarried = field(default_factory=HandCarried)
    staff: list[Worker] = field(default_factory=list)
    #: Webhooks that were delivered, for delivering them again.
    past: list[Request] = field(default_factory=list)
    complaints: Complaints = field(default_factory=Complaints)

    def __post_init__(self) -> None:
        self._apps: list[Flask] = [_app(floor) for floor in self.floors]
        self._clients: Iterator[FlaskClient] = itertools.cycle(
            [app.test_client() for app in self._apps]
        )

    @property
    def floor(self) -> Floor:
        return self.floors[0]

    # ---------------------------------------------------------------- beginning

    def begin(self, staff: Sequence[tuple[Sequence[str], Sequence[str]]] = STAFF) -> None:
        """An empty hotline with a staff that is at home."""
        empty(self.floor)
        self.carrier = ScriptedCarrier(PUBLIC_URL)
        self.jobs = HandCarried()
        for floor in self.floors:
            floor.carrier = self.carrier  # type: ignore[assignment]
            floor.jobs = self.jobs  # type: ignore[assignment]
        self.past = []
        self.complaints.found = []
        self.staff = [self._hire(n, queues, spoken) for n, (queues, spoken) in enumerate(staff)]

    def _hire(self, number: int, queues: Sequence[str], languages: Sequence[str]) -> Worker:
        username = f"agent-{number}"
        token = sign_in_as(self.floor, Role.AGENT, username)
        with self.floor.db.write() as session:
            account_id = session.scalars(
                sa.select(Account.id).where(Account.username == username)
            ).one()
            made = agents.create_agent(
                session,
                account_id=account_id,
                name=username,
                queues=queues,
                languages=languages,
                now=clock.now(),
            )
        return Worker(made.id, username, {"Authorization": f"Bearer {token}"})

    # ---------------------------------------------------------------- webhooks

    def deliver(self, request: Request, *, lost: bool = False) -> None:
        """Bring a webhook to the application; with `lost`, its answer never gets back, and the
        carrier will try again.
        """
        document = self.post(request)
        if not lost:
            self.carrier.in_flight.remove(request)
            self.past.append(request)
            if document:
                self.carrier.execute(request, document)

    def post(self, request: Request) -> str:
        """The answer to a webhook; a refusal or a fault raises. Empty for a status callback."""
        answer = self.send(request.path, request.form)
        assert answer.status_code in (200, 204), (request, answer.status, answer.text)
        if answer.status_code == 204:
            assert not request.heard, f"an answer without words: {request}"
            return ""
        assert answer.mimetype == "text/xml", request
        return answer.text

    def send(self, path: str, form: dict[str, str], signed: str | None = None) -> TestResponse:
        """A webhook, rightly signed unless `signed` says otherwise."""
        mark = signature(PUBLIC_URL + path, form) if signed is None else signed
        return next(self._clients).post(path, data=form, headers={"X-Twilio-Signature": mark})

    # ---------------------------------------------------------------- agents

    def ask(self, worker: Worker, path: str, body: dict[str, Any] | None = None) -> TestResponse:
        """One of an agent's verbs (docs/api.md)."""
        return next(self._clients).post(path, json=body or {}, headers=worker.header)

    def do(self, worker: Worker, path: str, body: dict[str, Any] | None = None) -> bool:
        """The same; whether it was done, and not refused as no longer so."""
        answer = self.ask(worker, path, body)
        assert answer.status_code in ANSWERED, (path, answer.status, answer.text)
        return answer.status_code == 200

    def is_ready(self, worker: Worker) -> None:
        assert self.do(worker, "/api/presence", {"status": "ready"})

    def finish(self, worker: Worker, call_id: int, outcome: str = "information") -> bool:
        body = {"outcome": outcome, "note": "said"}
        if outcome == "complaint":
            body["category"] = "rubbish"
        return self.do(worker, f"/api/calls/{call_id}/finish", body)

    def offers(self, *states: OfferState, result: str | None = None) -> list[sa.Row[Any]]:
        """Offers in such a state: id, agent_id, call_id."""
        with self.floor.db.read() as session:
            query = sa.select(Offer.id, Offer.agent_id, Offer.call_id).order_by(Offer.id)
            query = query.where(Offer.state.in_(states))
            if result is not None:
                query = query.where(Offer.result == result, Offer.wrapped_up_at.is_(None))
            return list(session.execute(query))

    def absent(self) -> list[Worker]:
        """Those who take no calls at the moment."""
        query = sa.select(PresenceRow.agent_id).where(PresenceRow.status != Status.READY)
        with self.floor.db.read() as session:
            return [self.worker(agent_id) for agent_id in session.scalars(query)]

    def worker(self, agent_id: int) -> Worker:
        return next(each for each in self.staff if each.id == agent_id)

    # ---------------------------------------------------------------- machines

    def carry(self, effect_id: int) -> None:
        """A worker takes up an effect; it may die in the middle of it."""
        with suppress(Killed):  # nothing after the act was done; the lease brings the effect back
            outbox.deliver(self.floor, effect_id)

    def carry_all(self) -> None:
        """Every effect that was handed out, and those that follow from them."""
        while self.jobs.effects:
            self.carry(self.jobs.effects.pop(0))
        while self.jobs.texts:
            with suppress(Killed):
                sms.deliver(self.floor, self.jobs.texts.pop(0))

    def sweep(self) -> None:
        """Every sweep once; a fault in one is a fault."""
        for name, sweep in self.floor.sweeps.items():
            if name == "schedule.tick":  # the night is none of this
                continue
            with suppress(Killed):
                sweep(self.floor, clock.now())


def choose(options: Sequence[T], pick: int) -> T:
    """One of `options`, by a number that shrinks towards the first."""
    return options[pick % len(options)]


def legs(carrier: ScriptedCarrier, *places: type) -> list[Leg]:
    """Callers on the line, as a list."""
    return list(carrier.callers(*places))


def empty(floor: Floor) -> None:
    """Take every row out of the database, and count from 1 again."""
    tables = Base.metadata.sorted_tables
    with floor.db.engine.begin() as connection:
        if floor.db.is_sqlite:
            # which keeps the audit log from anybody else
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS audit_events_delete")
            for table in reversed(tables):
                connection.execute(sa.delete(table))
            connection.exec_driver_sql("DELETE FROM sqlite_sequence")
        else:
            names = ", ".join(table.name for table in tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


@contextmanager
def listening(world: World) -> Iterator[None]:
    """Hear what the application logs as an error while this lasts."""
    root = logging.getLogger()
    root.addHandler(world.complaints)
    try:
        yield
    finally:
        root.removeHandler(world.complaints)


def _app(floor: Floor) -> Flask:
    app = application(floor, create_app)
    app.testing = False  # faults are answered as in production, not raised
    return app
