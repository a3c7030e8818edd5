"""The files behind links: made once for every version of a report, by whoever comes first."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.floor import Floor
from reports.mailing import making, shelf
from reports.mailing.making import Draft
from reports.mailing.models import LinkFile
from reports.mailing.rules import Edition, Form
from reports.models import call_days
from tests.service.reports.test_night import NEXT, midnight, night
from tests.service.reports.test_rollups import played

DAY = Edition.named("2026-11-20")


@pytest.fixture(autouse=True)
def time(floor: Floor) -> Iterator[clock.DrivenClock]:
    """It is the morning after a day that its night has counted."""
    played(floor)
    with clock.driven(midnight(floor, NEXT) + timedelta(hours=1)) as driven:
        night(floor, DAY.first)
        driven.advance(hours=8)
        yield driven


class Counted:
    """The making of files, counted; `slow`: until somebody else waits for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self.slow: threading.Event | None = None
        self.broken = False
        real = making.draft

        def draft(*of: object, **more: object) -> Draft:
            found = real(*of, **more)  # type: ignore[arg-type]

            def make() -> bytes:
                self.number += 1
                if self.broken:
                    raise OSError("no room")
                if self.slow:
                    assert self.slow.wait(20)
                return found.make()

            return Draft(found.mark, make)

        monkeypatch.setattr(making, "draft", draft)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def take(floor: Floor, form: Form = Form.CSV, language: str = "en") -> bytes:
    return shelf.file(floor, DAY, language, form)


def correct(floor: Floor) -> None:
    """As if a night had counted one call more."""
    with floor.db.write() as session:
        more = sa.update(call_days).where(call_days.c.day == DAY.first, call_days.c.calls > 0)
        session.execute(more.values(calls=call_days.c.calls + 1))


@pytest.mark.parametrize("form", [Form.CSV, Form.XLSX])
def test_it_is_made_once_and_again_when_it_says_something_else(
    floor: Floor, counted: Counted, time: clock.DrivenClock, form: Form
) -> None:
    first = take(floor, form)
    for _ in range(3):
        assert take(floor, form) == first
        time.advance(hours=7)
    assert counted.number == 1, "the next day says the same"
    correct(floor)
    second = take(floor, form)
    assert second != first
    assert (take(floor, form), counted.number) == (second, 2)
    take(floor, form, "th")
    assert counted.number == 3


def test_what_was_looked_at_just_now_is_not_read_again(
    floor: Floor, counted: Counted, time: clock.DrivenClock
) -> None:
    first = take(floor)
    correct(floor)
    assert take(floor) == first
    time.advance(seconds=21)
    assert take(floor) != first


def test_a_printed_report_is_the_same_whenever_it_is_made(
    floor: Floor, time: clock.DrivenClock
) -> None:
    def mark(language: str = "en") -> str:
        return making.draft(floor, DAY, language, Form.PDF, now=clock.now()).mark

    first, thai = mark(), mark("th")
    assert thai != first
    time.advance(days=1)
    assert mark() == first
    correct(floor)
    assert mark() != first


def test_of_many_at_once_one_makes_it_and_all_have_it(floor: Floor, counted: Counted) -> None:
    counted.slow = threading.Event()
    barrier = threading.Barrier(4, timeout=20)

    def one() -> bytes:
        barrier.wait()
        return take(floor)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(one) for _ in range(4)]
        counted.slow.set()
        found = {each.result() for each in asked}
    assert (len(found), counted.number) == (1, 1)
    with floor.db.read() as session:
        row = session.scalars(sa.select(LinkFile)).one()
    assert (row.content, row.making_until) == (found.pop(), None)


def test_who_fails_leaves_it_to_the_next(floor: Floor, counted: Counted) -> None:
    counted.broken = True
    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            take(floor)
    counted.broken = False
    assert take(floor)
    assert counted.number == 3


def test_who_died_over_it_is_not_waited_for_longer_than_it_takes(
    floor: Floor, counted: Counted, time: clock.DrivenClock
) -> None:
    draft = making.draft(floor, DAY, "en", Form.CSV, now=clock.now())
    place = shelf._Place(DAY.name, "en", "csv")
    assert shelf._won(floor, place, draft.mark, clock.now())
    assert not shelf._won(floor, place, draft.mark, clock.now())
    time.advance(seconds=shelf.PATIENCE.total_seconds())
    assert take(floor)
    assert counted.number == 1
