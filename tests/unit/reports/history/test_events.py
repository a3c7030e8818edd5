"""Calls put together from the lines of Asterisk's queue_log."""

import io
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.history import events, files, maps
from reports.history.maps import EventsMap
from reports.history.visit import Outcome, Row, Visit

NOW = datetime(2026, 11, 20, tzinfo=UTC)
START = 1_366_720_000
ENTER = "0|c|600|NONE|ENTERQUEUE||0812345678|1"


def read(*lines: str) -> list[Row]:
    """The rows of a log whose moments are written as seconds after START."""
    text = "".join(f"{START + int(at)}|{more}\n" for at, more in (x.split("|", 1) for x in lines))
    the_map = maps.load(maps.find("asterisk-queue-log"))
    assert isinstance(the_map, EventsMap)
    reading = events.Reading(the_map, ZoneInfo("Asia/Bangkok"), "TH", NOW)
    records = files.records(io.BytesIO(text.encode()), the_map.file.form, lambda _: None)
    return list(reading.rows(records))


def visits(*lines: str) -> list[Visit]:
    found = read(*lines)
    assert [each.bad for each in found if each.bad] == []
    return [each.visit for each in found if each.visit is not None]


def seconds(start: datetime | None, end: datetime | None) -> float:
    assert start is not None
    assert end is not None
    return (end - start).total_seconds()


@pytest.mark.parametrize(
    ("lines", "outcome", "wait", "talk"),
    [
        (["30|c|600|NONE|ABANDON|1|1|30"], Outcome.ABANDONED, 30, None),
        (["60|c|600|NONE|EXITWITHTIMEOUT|1|1|60"], Outcome.LEFT, 60, None),
        (["60|c|600|NONE|EXITEMPTY|1|1|60"], Outcome.LEFT, 60, None),
        (["60|c|600|NONE|EXITWITHKEY|9|1|1|60"], Outcome.LEFT, 60, None),
        (["60|c|600|NONE|WITHDRAW|1|1|60|moved"], Outcome.LEFT, 60, None),
        (
            ["12|c|600|Anong|CONNECT|12|x.1|4", "72|c|600|Anong|COMPLETECALLER|12|60|1"],
            Outcome.ANSWERED, 12, 60,
        ),
        # the log counts whole seconds, and its moments may be one off
        (
            ["13|c|600|Anong|CONNECT|12|x.1|4", "72|c|600|Anong|COMPLETEAGENT|12|60|1"],
            Outcome.ANSWERED, 12, 60,
        ),
        (
            ["12|c|600|A|CONNECT|12|x.1|4", "72|c|600|A|BLINDTRANSFER|700|ctx|12|60|1"],
            Outcome.ANSWERED, 12, 60,
        ),
        (
            ["12|c|600|A|CONNECT|12|x.1|4", "72|c|600|A|ATTENDEDTRANSFER|BRIDGE|b|12|60|1"],
            Outcome.ANSWERED, 12, 60,
        ),
        (
            ["12|c|600|A|CONNECT|12|x.1|4", "72|c|600|A|ATTENDEDTRANSFER|LINK|a|b|12|60|1"],
            Outcome.ANSWERED, 12, 60,
        ),
        # of old versions: without the lengths
        (
            ["12|c|600|A|CONNECT|12|x.1", "72|c|600|A|TRANSFER|700|ctx"],
            Outcome.ANSWERED, 12, 60,
        ),
    ],
)  # fmt: skip
def test_every_end(lines: list[str], outcome: Outcome, wait: float, talk: float | None) -> None:
    (visit,) = visits(ENTER, *lines)
    assert visit.outcome is outcome
    assert visit.queue == "600"
    assert visit.number == "+66812345678"
    end = visit.connected_at or visit.abandoned_at or visit.left_at
    assert seconds(visit.queued_at, end) == wait
    if talk is not None:
        assert seconds(visit.connected_at, visit.talk_ended_at) == talk


def test_offers_and_who_let_ring() -> None:
    (visit,) = visits(
        ENTER,
        "10|c|600|Anong|RINGNOANSWER|10000",
        "15|c|600|Boon|RINGCANCELED|3000",
        "20|c|600|Chai|CONNECT|20|x|2",
        "25|c|600|Chai|COMPLETEAGENT|20|5|1",
    )
    assert (visit.offers, visit.missed, visit.agent) == (3, 1, "Chai")


def test_one_call_in_two_queues_is_two_visits() -> None:
    first, second = visits(
        ENTER,
        "12|c|600|A|CONNECT|12|x|4",
        "72|c|600|A|BLINDTRANSFER|601|ctx|12|60|1",
        "73|c|601|NONE|ENTERQUEUE||0812345678|1",
        "80|c|601|B|CONNECT|7|x|4",
        "90|c|601|B|COMPLETECALLER|7|10|1",
    )
    assert (first.visit, first.again, second.visit, second.again) == (1, False, 2, True)


def test_who_was_not_let_in_never_queued() -> None:
    (visit,) = visits("0|c|600|NONE|JOINEMPTY")
    assert visit.outcome is Outcome.NOT_QUEUED


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([ENTER], "the file ends before the call does"),
        ([ENTER, "1|NONE|NONE|NONE|QUEUESTART"], "started anew"),
        (["5|c|600|A|COMPLETEAGENT|1|1|1"], "without ENTERQUEUE"),
        ([ENTER, "9|c|600|A|COMPLETEAGENT|9|0|1"], "without CONNECT"),
        ([ENTER, "9|c|600|A|CONNECT|3|x|1", "9|c|600|A|COMPLETEAGENT|9|0|1"], "says 3 s after 9 s"),
        ([ENTER, "5|c|600|A|CONNECT|5|x|1", "9|c|600|N|ABANDON|1|1|9"], "ABANDON after CONNECT"),
        ([ENTER, "5|c|600|A|SHOUTED", "9|c|600|N|ABANDON|1|1|9"], "no event that is known"),
        ([ENTER, "9|c|600|N|ABANDON|1|1|soon"], "is not a number of seconds"),
        (["5|c|600"], "fields where"),
    ],
)
def test_what_is_not_guessed(lines: list[str], why: str) -> None:
    assert [each.bad for each in read(*lines) if why in each.bad] != []


def test_a_bad_call_keeps_all_its_lines() -> None:
    (row,) = [each for each in read(ENTER, "9|c|600|A|CONNECT|9|x|1") if each.bad]
    assert row.raw.count(b"\n") == 2
    assert row.line == 1


def test_lines_of_the_exchange_are_left_out() -> None:
    found = read("0|NONE|NONE|A|ADDMEMBER", "1|NONE|600|A|PAUSE|lunch", "2|c|600|NONE|DID|1337")
    assert [each.ignored for each in found] == ["ADDMEMBER", "PAUSE", "DID"]


def test_however_calls_stand_between_each_other() -> None:
    calls = [
        [
            f"0|c{number}|600|NONE|ENTERQUEUE||08123456{number:02}|1",
            f"{number}|c{number}|600|A|CONNECT|{number}|x|1",
            f"{2 * number}|c{number}|600|A|COMPLETEAGENT|{number}|{number}|1",
        ]
        for number in range(40)
    ]
    one_by_one = {each.key: each.visit for each in read(*(line for call in calls for line in call))}
    chance = random.Random(1)
    for _ in range(5):
        waiting = [list(call) for call in calls]
        mixed = []
        while waiting:
            call = chance.choice(waiting)
            mixed.append(call.pop(0))
            waiting = [each for each in waiting if each]
        assert {each.key: each.visit for each in read(*mixed)} == one_by_one


def test_calls_that_never_end_are_not_held_for_ever() -> None:
    day = int(timedelta(days=1).total_seconds())
    lines = [f"{n * 60}|c{n}|600|NONE|ENTERQUEUE||1|1" for n in range(3000)]
    found = read(*lines, f"{10 * day}|d|600|NONE|ENTERQUEUE||1|1")
    assert sum("no end within" in each.bad for each in found) > 500
    assert sum(bool(each.bad) for each in found) == 3001
