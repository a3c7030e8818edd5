"""What was said and written of a conversation is forgotten too, and no figure changes by it."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.privacy import service as privacy
from ivr import calls
from ivr.callbacks import service as callbacks
from ivr.callbacks.service import Asked
from ivr.errors import StillPromised
from ivr.models import Draft
from reports import jobs
from reports.models import call_intervals
from tests.service.ivr.test_keeping import close, erase, keep
from tests.service.ivr.test_messages import ticket_of
from tests.service.ivr.world import Agent, World
from tests.support.stories import snapshot
from tickets.config import Retention, Tickets
from tickets.models import Citizen

DAY = timedelta(days=1)


@pytest.fixture
def agent(world: World) -> Agent:
    return world.agent(queues=["information"])


def test_a_draft_that_is_written_up_later_brings_nobody_back(world: World, agent: Agent) -> None:
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    agent.does(f"/api/calls/{caller.id}/draft", note="โทรกลับ", who="สมชาย", hide_name="1")
    caller.hangs_up()
    erase(world, caller.number)
    with world.floor.db.read() as session:
        assert session.scalars(sa.select(Draft.who)).all() == []
    world.sweep(*world.floor.sweeps, seconds=600)
    ticket = ticket_of(world, caller)
    assert ticket.caller_number is None
    with world.floor.db.read() as session:
        assert session.scalars(sa.select(Citizen.name)).all() == []


def test_whom_the_city_still_owes_a_call_is_not_forgotten_in_any_room(
    world: World, agent: Agent
) -> None:
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    caller.hangs_up()
    agent.finishes("complaint", category="street_light")
    agent.goes_home()
    promised = world.caller(caller.number).comes_again()
    with world.floor.db.write() as session:
        asked = Asked(promised.id, promised.number, "information", "th", "information")
        callbacks.request(world.floor, session, asked, promised.stay, now=clock.now())
    with pytest.raises(StillPromised):
        erase(world, caller.number)
    assert ticket_of(world, caller).caller_number == caller.number


def test_no_figure_of_a_report_changes(world: World, agent: Agent) -> None:
    caller = world.caller().to_queue()
    agent.talks_with(caller)
    world.clock.advance(seconds=60)
    caller.hangs_up()
    agent.finishes("complaint", category="street_light", who="สมชาย")
    close(world, caller)
    today = clock.local_day(clock.now(), world.floor.city.zone)

    def figures() -> list[Any]:
        jobs.recompute(world.floor, today, today)
        with world.floor.db.read() as session:
            return snapshot(session, call_intervals)

    before = figures()
    config = world.floor.section(Tickets).model_copy(
        update={"retention": Retention(anonymise="1 day", delete="2 days")}
    )
    world.floor.sections = {**world.floor.sections, Tickets: config}
    keep(world.floor, recordings="1 day", numbers="1 day")
    for days in (1.5, 3):
        later = clock.now() + days * DAY
        assert privacy.run(world.floor, later)
    assert world.read(calls.facts, caller.id).from_number == ""
    assert figures() == before
