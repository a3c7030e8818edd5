"""Several people, one matter: counted, added, taken away, told; whatever happens at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hotline.db import Database
from tests.service.tickets.conftest import CALLER, NOW, SUPERVISOR
from tickets import service
from tickets.config import Tickets
from tickets.life import merging
from tickets.matters import service as matters
from tickets.service import TicketFacts

Make = Callable[..., TicketFacts]
HOUR = timedelta(hours=1)
OTHER = "+66899999999"


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 10_000))

    def complaint(category: str | None = "street_light", **more: Any) -> TicketFacts:
        asked = {"outcome": "complaint", "caller": CALLER, "by": "nok", "now": NOW} | more
        with db.write() as session:
            return service.record_call(
                session, config, call_id=next(calls), category=category, **asked
            )

    return complaint


def count(db: Database, *tickets: TicketFacts) -> list[int]:
    with db.read() as session:
        found = matters.callers_of(session, [each.id for each in tickets])
    return [found[each.id] for each in tickets]


# ------------------------------------------------------------------ who is counted


def test_a_ticket_has_a_caller_and_what_is_merged_brings_its_own(db: Database, make: Make) -> None:
    a, b, same = make(), make(caller=OTHER), make()
    withheld = make(caller=None)
    assert count(db, a, b, same, withheld) == [1, 1, 1, 1]
    for each in (b, same, withheld):
        with db.write() as session:
            merging.merge(session, each, a, text="เสาเดียวกัน", actor=SUPERVISOR, now=NOW + HOUR)
    assert count(db, a, b) == [3, 1], "two numbers, and one that nobody knows"
    with db.read() as session:
        assert matters.callers_of(session, []) == {}
        assert matters.callers_of(session, [a.id, 9_999]) == {a.id: 3}
