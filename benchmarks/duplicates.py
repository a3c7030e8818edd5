"""The same matter, while somebody types, at the size of many years; what is near a pin; and a
category suggested beside it.

The tickets of `benchmarks.tickets_made`, one every half minute, each with a pin: half of them
anywhere in a city of 15 by 15 km, half around fifty places where people are. "SQL" is the one query
for what is open, new and in reach, without anything else, of the same draft; "whole" is what a
request asks: all candidates, their places, who called, the comparison, photos, callers. A
"suggestion" is of the same words; what the model costs besides, `benchmarks categories` tells.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks import machine, tickets, tickets_made
from hotline import city, db
from hotline.db import Database
from tests.support.floors import CONFIG
from tickets.categories import service as categories
from tickets.categories import versions
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.matters import suggesting
from tickets.matters.suggesting import Draft
from tickets.models import IS_OPEN, Ticket, TicketPlace
from tickets.places import rules, service
from tickets.places.rules import Pin, Place
from tickets.workflow import Role

SIZES = {"PostgreSQL": 1_000_000, "SQLite": 200_000}
QUICK = {"PostgreSQL": 5_000, "SQLite": 5_000}
ROUNDS = 200
READER = Actor("nok", Role.AGENT)
SOUTH, WEST, SIDE = 12.86, 100.86, 0.135
AREAS = ("nong_prue", "na_kluea", "huai_yai", "nong_pla_lai")
_PLACES = 50
_CATEGORY = "water_supply"

Asked = tuple[Draft, Pin]


def main(*, quick: bool = False) -> None:
    """Print the table of each database."""
    for name, many in (QUICK if quick else SIZES).items():
        run(name, many, rounds=20 if quick else ROUNDS)


def run(name: str, many: int, *, rounds: int) -> None:
    """Make the database, and measure."""
    config = city.load(CONFIG).tickets
    with tempfile.TemporaryDirectory() as folder, tickets._url(name, Path(folder)) as url:
        now = datetime.now(UTC).replace(microsecond=0)
        begun = time.perf_counter()
        _fill(url, many, config, now)
        print(f"{name}, {many:,} tickets: made in {time.perf_counter() - begun:.0f} s", flush=True)
        database = Database(url)
        _measure(database, config, now, rounds)
        database.dispose()


# ------------------------------------------------------------------ filling


def _fill(url: str, many: int, config: Tickets, now: datetime) -> None:
    db.migrate(url)
    database = Database(url)
    rows = _with_places(tickets_made.rows(many, list(config.divisions), now))
    fill = tickets._copy_sqlite if database.is_sqlite else tickets._copy_postgresql
    fill(database, rows)
    with database.engine.begin() as connection:
        for n, area in enumerate(AREAS):
            connection.execute(
                sa.update(Ticket).where(IS_OPEN, Ticket.id % len(AREAS) == n).values(area=area)
            )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE")
    database.dispose()


def _with_places(rows: tickets.Rows) -> tickets.Rows:
    chance, n = random.Random(99), 0
    for table, values in rows:
        yield table, values
        if table == "tickets":
            n += 1
            pin = _pin(chance)
            yield "ticket_places", (n, pin.latitude, pin.longitude, "agent", *[""] * 6, False)


def _pin(chance: random.Random) -> Pin:
    if chance.random() < 0.5:
        return Pin.of(SOUTH + chance.random() * SIDE, WEST + chance.random() * SIDE)
    place = random.Random(chance.randrange(_PLACES))
    latitude, longitude = SOUTH + place.random() * SIDE, WEST + place.random() * SIDE
    return Pin.of(latitude + chance.gauss(0, 0.002), longitude + chance.gauss(0, 0.002))


# ------------------------------------------------------------------ measuring


def _measure(database: Database, config: Tickets, now: datetime, rounds: int) -> None:
    ways: dict[str, Callable[[Session, Draft], object]] = {
        "with a pin, SQL": lambda session, draft: _bare(session, config, draft, now),
        "with a pin, whole": lambda session, draft: _whole(session, config, draft, now),
        "an area and words, whole": lambda session, draft: _whole(
            session, config, _without_pin(draft, area=True), now
        ),
        "words alone, whole": lambda session, draft: _whole(
            session, config, _without_pin(draft, area=False), now
        ),
        "near, 250 m": lambda session, draft: _near(session, draft, only_open=False),
        "near, 250 m, open": lambda session, draft: _near(session, draft, only_open=True),
        "suggestion": lambda session, draft: categories.suggest(session, config, draft.text),
    }
    memory = versions.shipped().bytes_in_memory / 1e6  # read here, once, as a process does
    taken: dict[str, list[float]] = {name: [] for name in ways}
    chance = random.Random(5)
    for n in range(rounds):
        draft = _draft(chance, n)
        for name, way in ways.items():
            begun = time.perf_counter()
            with database.read() as session:
                way(session, draft)
            taken[name].append(time.perf_counter() - begun)
    print(machine.row("  one question, milliseconds", "p50", "p99"))
    for name, values in taken.items():
        shown = [f"{machine.percentile(values, share) * 1e3:.1f}" for share in (0.5, 0.99)]
        print(machine.row(f"  {name}", *shown), flush=True)
    print(f"  the model that suggests takes {memory:.1f} MB of a process", flush=True)


def _draft(chance: random.Random, n: int) -> Draft:
    text = tickets_made.text(chance, n)[: chance.randint(20, 120)]
    area = chance.choice(AREAS)
    place = Place(pin=_pin(chance), written=area, area=area, soi=str(chance.randint(1, 120)))
    return Draft(text, _CATEGORY, place, number=f"+668{chance.randint(0, 99_999_999):08}")


def _without_pin(draft: Draft, *, area: bool) -> Draft:
    where = draft.place.area if area else None
    return Draft(draft.text, _CATEGORY, Place(written=where, area=where, soi=draft.place.soi))


def _whole(session: Session, config: Tickets, draft: Draft, now: datetime) -> object:
    return suggesting.suggest(session, config, draft, READER, now=now)


def _bare(session: Session, config: Tickets, draft: Draft, now: datetime) -> object:
    limits = suggesting.widest(config)
    pin = draft.place.pin
    assert pin is not None
    box = rules.around(pin, limits.radius_m)
    query = (
        sa.select(Ticket.id)
        .join(TicketPlace, TicketPlace.ticket_id == Ticket.id)
        .where(
            TicketPlace.latitude.between(box.south, box.north),
            TicketPlace.longitude.between(box.west, box.east),
            IS_OPEN,
            Ticket.received_at >= now - limits.within,
        )
    )
    return session.execute(query).all()


def _near(session: Session, draft: Draft, *, only_open: bool) -> object:
    assert draft.place.pin is not None
    return service.near(session, draft.place.pin, 250, READER, only_open=only_open)


if __name__ == "__main__":  # one size: python -m benchmarks.duplicates SQLite 100000
    run(sys.argv[1], int(sys.argv[2]), rounds=ROUNDS)
