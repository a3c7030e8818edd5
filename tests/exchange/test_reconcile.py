"""A day of calls read through the twilio library: nothing missed, nothing twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioException

from exchange.clock import HandClock
from exchange.core import Exchange
from tests.exchange.conftest import Line

MIDNIGHT = datetime(2027, 1, 16, tzinfo=UTC)
"""The tests' clock starts at 08:00 of the day before."""


@pytest.fixture
async def days(line: Line) -> Line:
    """Answered and unanswered calls on both sides of two midnights, at the second itself too."""
    line.app["/voice"] = "<Say>Hi</Say>"
    clock: HandClock = line.clock
    offsets = (-3600, -1, -0.4, 0, 0.5, 1, 3600, 86399, 86399.9, 86400, 90000)
    for number, offset in enumerate(offsets):
        moment = MIDNIGHT.timestamp() + offset
        await clock.advance(moment - clock.time())
        line.app["/voice"] = "<Say>Hi</Say>" if number % 3 else "<Reject/>"
        await line.call(from_=f"+6680000{number:04}")
    await line.after(10)
    return line


def froms(calls: Any) -> list[int]:
    return sorted(int(call._from[-4:]) for call in calls)


async def test_days_share_no_call_and_miss_none(days: Line) -> None:
    found = []
    for offset in (-1, 0, 1, 2):
        start = MIDNIGHT + timedelta(days=offset)
        end = start + timedelta(days=1)
        found.append(
            await days.rest(
                lambda c, s=start, e=end: c.calls.list(start_time_after=s, start_time_before=e)
            )
        )
    assert [froms(calls) for calls in found] == [[0, 1, 2], [3, 4, 5, 6, 7, 8], [9, 10], []]


async def test_each_call_shows_the_time_by_which_it_was_found(days: Line) -> None:
    end = MIDNIGHT + timedelta(days=1)
    calls = await days.rest(
        lambda c: c.calls.list(start_time_after=MIDNIGHT, start_time_before=end)
    )
    assert {call.status for call in calls} == {"completed", "no-answer"}
    assert all(MIDNIGHT <= call.start_time < end for call in calls)


async def test_a_day_alone_is_that_day(days: Line) -> None:
    for day in (date(2027, 1, 16), datetime(2027, 1, 16, 15, tzinfo=UTC), "2027-01-16"):
        calls = await days.rest(lambda c, d=day: c.calls.list(start_time=d))
        assert froms(calls) == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"start_time_after": "2027-01-17"}, [9, 10]),
        ({"start_time_before": "2027-01-16"}, [0, 1, 2]),
        (
            {
                "start_time_after": "2027-01-16T00:00:01Z",
                "start_time_before": "2027-01-16T02:00:00Z",
            },
            [5, 6],
        ),
        (
            {
                "start_time_after": "2027-01-16T07:00:01+07:00",
                "start_time_before": "2027-01-16T12:00:00+07:00",
            },
            [5, 6],
        ),
        ({"start_time_after": "2027-01-16T00:00:01"}, [5, 6, 7, 8, 9, 10]),
        ({"end_time_before": "2027-01-16"}, [0, 1]),  # 2 spoke on until after midnight
        ({"end_time_after": "2027-01-17", "start_time_before": "2027-01-17"}, [8]),
        ({"start_time": "2027-01-16", "start_time_after": "2027-01-16T01:00:00Z"}, [6, 7, 8]),
        (
            {"start_time": "2027-01-16", "start_time_before": "2027-01-17T01:00:00Z"},
            [3, 4, 5, 6, 7, 8],
        ),
        ({"start_time": "2027-01-16", "status": "no-answer"}, [3, 6]),
    ],
)
async def test_limits(days: Line, options: dict[str, Any], expected: list[int]) -> None:
    calls = await days.rest(lambda c: c.calls.list(**options))
    assert froms(calls) == expected


@pytest.mark.parametrize("wrong", ["yesterday", "2027-13-01", "16/01/2027", "2027-01-16T25:00:00Z"])
async def test_a_limit_that_is_none_is_refused_even_when_there_is_nothing(
    line: Line, wrong: str
) -> None:
    with pytest.raises(TwilioException) as fault:  # of a list the library tells no more
        await line.rest(lambda c: c.calls.list(start_time_after=wrong))
    answer = fault.value.args[1]
    assert (answer.status_code, "Invalid StartTime" in answer.text) == (400, True)


async def test_a_call_that_goes_on_has_no_end(line: Line) -> None:
    line.app["/voice"] = '<Say>Hi</Say><Pause length="60"/>'
    await line.call()
    assert await line.rest(lambda c: c.calls.list(end_time_after="2000-01-01")) == []
    assert len(await line.rest(lambda c: c.calls.list(start_time_after="2000-01-01"))) == 1


async def many(line: Line, count: int) -> list[str]:
    """Sids of `count` calls, newest first."""
    line.app["/voice"] = '<Say>Hi</Say><Pause length="600"/>'
    calls = [await line.call() for _ in range(count)]
    return [call.sid for call in reversed(calls)]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 1000])
async def test_pages_of_any_size_hold_each_call_once(line: Line, size: int) -> None:
    sids = await many(line, 7)
    calls = await line.rest(lambda c: c.calls.list(page_size=size))
    assert [call.sid for call in calls] == sids
    five = await line.rest(lambda c: c.calls.list(limit=5, page_size=size))
    assert [call.sid for call in five] == sids[:5]


async def test_calls_that_come_between_two_pages_shift_nothing(line: Line) -> None:
    sids = await many(line, 6)
    stream = await line.rest(lambda c: c.calls.stream(page_size=2))
    seen = []
    for _ in range(6):
        seen.append((await line.rest(lambda _: next(stream, None))).sid)
        await line.call()
    assert seen == sids


async def test_calls_that_change_between_two_pages_shift_nothing(line: Line) -> None:
    sids = await many(line, 6)
    exchange: Exchange = line.exchange
    stream = await line.rest(lambda c: c.calls.stream(page_size=2, status="in-progress"))
    seen = []
    for _ in range(6):
        sid = (await line.rest(lambda _: next(stream, None))).sid
        seen.append(sid)
        call = exchange.call(sid)
        assert call is not None
        call.end()
    assert seen == sids


async def test_pages_go_back_too(line: Line) -> None:
    sids = await many(line, 5)
    first = await line.rest(lambda c: c.calls.page(page_size=2))
    second = await line.rest(lambda _: first.next_page())
    third = await line.rest(lambda _: second.next_page())
    assert [call.sid for call in third] == sids[4:]
    assert await line.rest(lambda _: third.next_page()) is None
    again = await line.rest(lambda _: third.previous_page())
    assert [call.sid for call in again] == sids[2:4]
    start = await line.rest(lambda _: again.previous_page())
    assert [call.sid for call in start] == sids[:2]
    assert await line.rest(lambda _: start.previous_page()) is None


async def test_a_page_token_that_is_none(line: Line) -> None:
    await many(line, 1)
    with pytest.raises(TwilioException):
        await line.rest(lambda c: c.calls.page(page_token="XX123"))
    empty = await line.rest(lambda c: c.calls.page(page_token="PACA0"))
    assert list(empty) == [], "behind one that has been forgotten there is nothing"


async def test_participants_and_queue_members_have_pages(line: Line) -> None:
    line.app["/voice"] = '<Enqueue waitUrl="">help</Enqueue>'
    waiting = [await line.call(from_=f"+6680000000{n}") for n in range(5)]
    [queue] = list(line.exchange.queues)
    members = await line.rest(lambda c: c.queues(queue.sid).members.list(page_size=2))
    assert [member.call_sid for member in members] == [call.sid for call in waiting]
    assert [member.position for member in members] == [1, 2, 3, 4, 5]
    line.app["/voice"] = '<Dial><Conference waitUrl="">room</Conference></Dial>'
    talking = [await line.call(from_=f"+6680000000{n}") for n in range(5)]
    [room] = list(line.exchange.conferences)
    found = await line.rest(lambda c: c.conferences(room.sid).participants.list(page_size=2))
    assert [participant.call_sid for participant in found] == [call.sid for call in talking]
