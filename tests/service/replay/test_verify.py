"""The second count finds what is wrong: each test breaks one thing that the replay promises."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

import tickets.service
from hotline import clock
from hotline.replay.verify import Findings, verify
from ivr.models import Call, CallEvent
from reports import jobs
from reports.config import Reports
from reports.models import call_intervals
from tests.support.stories import Story
from tickets.config import Tickets
from tickets.models import TicketCall

DAY = date(2026, 11, 20)


@pytest.fixture
def played(floor):
    """A day with every kind of call, and what was placed."""
    morning = clock.midnight(DAY, floor.city.zone) + timedelta(hours=8)
    with floor.db.write() as session:
        stories = [
            Story(session, morning).ended(3),
            Story(session, morning).queued().abandoned(40),
            Story(session, morning).queued().missed().connected(5).done(),
            Story(session, morning, language="en").queued(queue="complaint").connected().done(),
            Story(session, morning).queued().tell("left", 5, why="unseen").ended(),
            Story(session, morning)
            .queued()
            .tell("left", 5, why="unseen")
            .tell("returned", 5)
            .connected(5)
            .done(),
            Story(session, morning + timedelta(hours=15, minutes=59)).queued().connected().done(),
        ]
        for story in stories:
            if any(kind == "connected" for kind, _ in story.events):
                tickets.service.record_call(
                    session,
                    floor.section(Tickets),
                    call_id=story.call_id,
                    outcome="information",
                    now=story.at,
                )
    with clock.driven(clock.midnight(DAY, floor.city.zone) + timedelta(hours=25)):
        jobs.recompute(floor, DAY, DAY)
    with floor.db.read() as session:
        return set(session.scalars(sa.select(Call.sid)))


def check(floor, placed: set[str], days: tuple[date, ...] = (DAY,)) -> Findings:
    return verify(
        floor.settings.database_url,
        placed,
        zone=floor.city.zone,
        threshold=floor.section(Reports).rules.threshold,
        days=list(days),
    )


def change(floor, *statements: sa.Executable) -> None:
    with floor.db.write() as session:
        for statement in statements:
            session.execute(statement)


def test_a_day_that_is_right(floor, played):
    found = check(floor, played)
    assert found.failures == []
    assert (found.calls, found.ended, found.answered, found.tickets) == (7, 7, 4, 4)
    assert (found.totals["abandoned"], found.totals["left_queue"], found.never_queued) == (1, 1, 1)
    assert sorted(found.waits.values()) == [5.0, 5.0, 6.0, 15.0]


def test_a_call_that_was_placed_and_is_not_there(floor, played):
    (failure,) = check(floor, played | {"CAmissing"}).failures
    assert "CAmissing" in failure


def test_a_call_that_nobody_placed(floor, played):
    (failure,) = check(floor, played - {min(played)}).failures
    assert "were not placed" in failure


def test_a_call_without_an_end(floor, played):
    ended = sa.select(sa.func.min(CallEvent.id)).where(CallEvent.kind == "ended").scalar_subquery()
    change(floor, sa.delete(CallEvent).where(CallEvent.id == ended))
    (failure,) = check(floor, played).failures
    assert failure.startswith("1 calls have no end")


def test_an_answered_call_without_a_ticket(floor, played):
    one = sa.select(sa.func.min(TicketCall.call_id)).scalar_subquery()
    change(floor, sa.delete(TicketCall).where(TicketCall.call_id == one))
    (failure,) = check(floor, played).failures
    assert failure.startswith("1 answered calls have no ticket")


@pytest.mark.parametrize("column", ["calls", "answered", "talk_ms", "answered_in_threshold"])
def test_a_number_that_the_events_do_not_give(floor, played, column):
    change(floor, sa.update(call_intervals).values({column: call_intervals.c[column] + 1}))
    (failure,) = check(floor, played).failures
    assert "numbers differ" in failure
    assert column in failure


def test_a_row_that_is_missing(floor, played):
    change(floor, sa.delete(call_intervals).where(call_intervals.c.queue == "complaint"))
    (failure,) = check(floor, played).failures
    assert "complaint/en" in failure


def test_an_event_that_came_after_the_night(floor, played):
    talk = sa.select(sa.func.min(CallEvent.id)).where(CallEvent.kind == "talk_ended")
    change(
        floor,
        sa.update(CallEvent)
        .where(CallEvent.id == talk.scalar_subquery())
        .values(at=clock.midnight(DAY, floor.city.zone) + timedelta(hours=20)),
    )
    (failure,) = check(floor, played).failures
    assert "talk_ms" in failure


def test_a_day_that_the_night_left_out(floor, played):
    failures = check(floor, played, days=()).failures
    assert any("2026-11-20" in failure for failure in failures)
