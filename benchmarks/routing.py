"""Who gets whom: what it costs with many agents and many waiting, on both databases.

"Agent ready to offer written" is one agent becoming ready while callers wait, committed; then the
look into the waiting room until the offer is committed. "Foreign" is the same decision while the
whole backlog needs a skill that nobody has. The bare path is what no router can do without: the
agent's change and the offer's three rows, with ids that are known. Callers for information have
long reached wider circles, of other languages and another queue: the look goes through all of them.
"""

import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from agents import service as agents
from agents.models import Agent, AgentSkill, PresenceRow
from benchmarks import machine
from hotline import app, clock, db
from hotline.floor import Floor
from hotline.models import Account
from hotline.settings import Settings
from ivr.config import Ivr
from ivr.models import Call, Offer, Waiting
from ivr.room import offers
from ivr.room.widening import Widening
from tests.support import servers

AGENTS, WAITING = (10, 100, 1000), (0, 1000, 10000)
ROUNDS = 200
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
WIDEN = (
    Widening(after=60, languages=("th", "en")),
    Widening(after=120, queues=("emergency",)),
)
WANTED, FOREIGN = ("information", "th"), ("complaint", "ru")


def main(*, quick: bool = False) -> None:
    """Print a table for each database."""
    rounds = 20 if quick else ROUNDS
    print(f"Routing: agent ready to offer written, {rounds} decisions a cell, milliseconds.")
    with tempfile.TemporaryDirectory() as folder, servers.postgres() as cluster:
        number = 0
        for name in ("SQLite", "PostgreSQL"):
            print(machine.row(name, "p50", "p99", "÷ bare", "foreign p50", "foreign p99"))
            for ready in AGENTS:
                for waiting in WAITING:
                    number += 1
                    url = (
                        f"sqlite:///{Path(folder) / f'{number}.sqlite'}"
                        if name == "SQLite"
                        else cluster.create(f"routing_{number}")
                    )
                    print(_cell(url, ready, waiting, rounds), flush=True)


def _cell(url: str, ready: int, waiting: int, rounds: int) -> str:
    with _floor(url) as floor:
        _fill(floor, ready, waiting, WANTED)
        bare = [_bare(floor) for _ in range(rounds)]
        own = [_decision(floor, n) for n in range(rounds)]
        with floor.db.write() as session:
            session.execute(sa.update(Waiting).values(queue=FOREIGN[0], language=FOREIGN[1]))
        foreign = [_decision(floor, n) for n in range(rounds)]
    p50, p99 = _both(own)
    foreign_p50, foreign_p99 = _both(foreign)
    base = machine.percentile(bare, 0.5) * 1e3
    return machine.row(
        f"  {ready:,} agents, {waiting:,} waiting",
        f"{p50:.2f}",
        f"{p99:.2f}",
        f"{p50 / base:.2f}",
        f"{foreign_p50:.2f}",
        f"{foreign_p99:.2f}",
    )


def _both(seconds: list[float]) -> tuple[float, float]:
    return machine.percentile(seconds, 0.5) * 1e3, machine.percentile(seconds, 0.99) * 1e3


@contextmanager
def _floor(url: str) -> Iterator[Floor]:
    db.migrate(url)
    floor = app.build_floor(
        Settings(
            data=Path("/nonexistent"),
            config=Path("config.yaml").absolute(),
            database_url=url,
            redis_url="redis://127.0.0.1:9/0",
            public_url="http://127.0.0.1:9",
            carrier_base_url="http://127.0.0.1:9",
            carrier_account_sid="AC" + "0" * 32,
            carrier_auth_token="0" * 32,
            secret_key=secrets.token_hex(16),
        )
    )
    ivr = floor.section(Ivr)
    queue = ivr.queues[WANTED[0]].model_copy(update={"widen": WIDEN})
    queues = {**ivr.queues, WANTED[0]: queue}
    floor.sections = {**floor.sections, Ivr: ivr.model_copy(update={"queues": queues})}
    floor.db.listeners.clear()  # the decision is asked for below, where it is timed
    try:
        yield floor
    finally:
        floor.close()


def _fill(floor: Floor, ready: int, waiting: int, skill: tuple[str, str]) -> None:
    """So many ready agents; only the first, who is away, has the callers' skill."""
    numbers = range(1, ready + 1)
    with floor.db.write() as session:
        common = {"role": "agent", "password": "", "active": True, "demo": True, "failures": 0}
        db.bulk_insert(
            session,
            Account,
            [
                {"id": n, "username": f"a{n}", "name": f"A{n}", "created_at": START, **common}
                for n in numbers
            ],
        )
        db.bulk_insert(
            session,
            Agent,
            [
                {"id": n, "account_id": n, "name": f"A{n}", "address": f"client:{n}"}
                for n in numbers
            ],
        )
        db.bulk_insert(session, PresenceRow, [_presence(n) for n in numbers])
        db.bulk_insert(
            session,
            AgentSkill,
            [
                {"agent_id": n, "skill": name, "ready_since": None if n == 1 else START}
                for n in numbers
                for name in (["information/th"] if n == 1 else ["complaint/en", "complaint/zh"])
            ],
        )
        # one caller more than the backlog: the one whom the decision is about, last in line when
        # the backlog is foreign
        calls = range(1, max(waiting, 1) + 1)
        db.bulk_insert(session, Call, [_call(n) for n in calls])
        db.bulk_insert(session, Waiting, [_stay(n, skill) for n in calls])
    with floor.db.engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()


def _presence(n: int) -> dict[str, object]:
    away = n == 1
    return {
        "agent_id": n,
        "n": 0,
        "status": "break" if away else "ready",
        "reason": "meal" if away else None,
        "state": "idle",
        "since": START,
        "state_since": START,
        "idle_since": None if away else START,
        "call_id": None,
        "offer_id": None,
        "wrap_up_until": None,
    }


def _call(n: int) -> dict[str, object]:
    at = START + timedelta(seconds=n)
    return {
        "id": n,
        "sid": f"CA{n:032x}",
        "from_number": f"+6681{n:07d}",
        "to_number": "1337",
        "language": "th",
        "status": "in-progress",
        "rank": 2,
        "arrived_at": at,
        "checked_at": at,
    }


def _stay(n: int, skill: tuple[str, str]) -> dict[str, object]:
    at = START + timedelta(seconds=n)
    return {
        "id": n,
        "call_id": n,
        "visit": 2,
        "queue": skill[0],
        "language": skill[1],
        "node": "information",
        "precedence": 0,
        "ranked_at": at,
        "entered_at": at,
        "state": "waiting",
        "last_seen_at": at,
    }


def _decision(floor: Floor, number: int) -> float:
    """Seconds from the agent's click to the committed offer; then everything as it was."""
    _caller_of_ours(floor)
    begun = time.perf_counter()
    with floor.db.write() as session:
        agents.ready(session, 1, now=clock.now())
    made = offers.look_for_agent(floor, 1)
    taken = time.perf_counter() - begun
    assert made == 1, f"round {number}: {made} offers"
    _undo(floor)
    return taken


def _bare(floor: Floor) -> float:
    """The writes alone, with ids that are known: the agent, the stay, the offer."""
    begun = time.perf_counter()
    with floor.db.write() as session:
        session.execute(
            sa.update(PresenceRow)
            .where(PresenceRow.agent_id == 1, PresenceRow.state == "idle")
            .values(status="ready")
        )
    with floor.db.write() as session:
        session.execute(
            sa.update(Waiting)
            .where(Waiting.id == 1, Waiting.state == "waiting")
            .values(state="offered")
        )
        now = clock.now()
        session.execute(
            sa.insert(Offer.__table__),  # type: ignore[arg-type]
            {
                "call_id": 1,
                "waiting_id": 1,
                "agent_id": 1,
                "queue": "information",
                "language": "th",
                "state": "offered",
                "made_at": now,
                "expires_at": now,
            },
        )
        session.execute(
            sa.update(PresenceRow)
            .where(PresenceRow.agent_id == 1, PresenceRow.state == "idle")
            .values(state="offered")
        )
    taken = time.perf_counter() - begun
    _undo(floor)
    return taken


def _caller_of_ours(floor: Floor) -> None:
    """The caller whom agent 1 can help: the newest, behind the whole backlog."""
    with floor.db.write() as session:
        last = sa.select(sa.func.max(Waiting.id)).scalar_subquery()
        session.execute(
            sa.update(Waiting).where(Waiting.id == last).values(queue=WANTED[0], language=WANTED[1])
        )


def _undo(floor: Floor) -> None:
    with floor.db.write() as session:
        session.execute(sa.delete(Offer))
        session.execute(
            sa.update(Waiting).where(Waiting.state != "waiting").values(state="waiting")
        )
        session.execute(sa.update(PresenceRow).where(PresenceRow.agent_id == 1).values(**_away()))
        session.execute(
            sa.update(AgentSkill).where(AgentSkill.agent_id == 1).values(ready_since=None)
        )


def _away() -> dict[str, object]:
    row = _presence(1)
    return {name: row[name] for name in row if name not in ("agent_id", "n")}
