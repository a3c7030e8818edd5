"""A database that is filled once and copied is the one that was filled, on either engine."""

from datetime import timedelta
from typing import Any

from hotline.db import Base
from hotline.floor import Floor
from tests.service.reports.test_night import midnight
from tests.service.reports.test_rollups import conversation
from tests.support.prepared import prepared
from tests.support.stories import snapshot
from tests.support.world import empty


def everything(floor: Floor) -> dict[str, list[Any]]:
    with floor.db.read() as session:
        tables = Base.metadata.sorted_tables
        return {table.name: rows for table in tables if (rows := snapshot(session, table))}


def test_what_was_filled_once_is_copied_and_goes_on_from_there(floor: Floor) -> None:
    calls: list[int] = []

    @prepared
    def filled(floor: Floor) -> None:
        calls.append(conversation(floor, midnight(floor) + timedelta(hours=9)))

    filled(floor)
    first = everything(floor)
    empty(floor)
    filled(floor)
    assert (everything(floor), len(calls)) == (first, 1)
    filled(floor)  # to what is there it is added
    assert calls == [1, 2]
    assert len(everything(floor)["tickets"]) == 2


def test_a_city_of_its_own_is_filled_for_itself(floor: Floor) -> None:
    cities: list[Any] = []

    @prepared
    def filled(floor: Floor) -> None:
        cities.append(floor.sections)
        conversation(floor, midnight(floor))

    filled(floor)
    empty(floor)
    floor.sections = {each: found.model_copy() for each, found in floor.sections.items()}
    filled(floor)
    assert cities[1] is floor.sections
