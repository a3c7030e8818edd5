"""What a night forgets takes the database from nobody who calls meanwhile."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit
from hotline.floor import Floor
from hotline.privacy import service
from hotline.privacy.keepers import Due, Keeper

NOW = datetime(2026, 11, 29, 19, 30, tzinfo=UTC)


def _due(number: int) -> Due:
    return Due("room", "anonymise", f"ticket:{number}", f"{number}", "1 year", NOW)


def _write(floor: Floor) -> None:
    with floor.db.write() as session:
        session.execute(sa.text("UPDATE accounts SET name = name"))


def test_others_write_while_it_looks_for_what_is_due(floor: Floor) -> None:
    def due(the_floor: Floor, _session: Session, _now: datetime) -> Iterator[Due]:
        _write(the_floor)  # on SQLite it would wait in vain for a run that holds the database
        yield _due(1)

    floor.keepers = (Keeper("room", due=due, act=lambda *_: True),)
    assert service.run(floor, NOW) == [_due(1)]


def test_what_is_much_is_done_in_units_of_work_of_a_bounded_time(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "HELD", 0.02)
    monkeypatch.setattr(service, "LOOKED_FOR", 4)
    gone: list[int] = []

    def act(_floor: Floor, _session: Session, due: Due, _now: datetime) -> bool:
        time.sleep(0.03)
        gone.append(due.id)
        return due.id != 3  # something happened to it meanwhile

    def due(_floor: Floor, _session: Session, _now: datetime) -> Iterator[Due]:
        return (_due(number) for number in range(1, 8) if number == 3 or number not in gone)

    floor.keepers = (Keeper("room", due=due, act=act),)
    assert [each.id for each in service.run(floor, NOW)] == [1, 2, 4, 5, 6, 7]
    assert gone == [1, 2, 3, 4, 5, 6, 7], "what could not be done waits for the next run"
    with floor.db.read() as session:
        lines = [each for each in audit.lines(session) if each.kind == "floor.retention"]
    assert len(lines) == 6, "one for each unit of work that did something"
