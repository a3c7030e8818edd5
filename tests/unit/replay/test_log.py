"""Reading a call log: synthetic rows of the same shape as the real one's."""

from collections import Counter
from datetime import date

import pytest

from hotline.replay.log import COLUMNS, LogError, Outcome, parse, spells

HEADER = "\t".join(COLUMNS)
DAY = date(2001, 2, 3)


def row(**changes: object) -> str:
    values = {
        "vru+line": "XX0101",
        "call_id": "1",
        "customer_id": "0",
        "priority": "0",
        "type": "PS",
        "date": DAY.isoformat(),
        "vru_entry": "9:00:00",
        "vru_exit": "9:00:10",
        "vru_time": "10",
        "q_start": "9:00:10",
        "q_exit": "9:00:40",
        "q_time": "30",
        "outcome": "AGENT",
        "ser_start": "9:00:40",
        "ser_exit": "9:02:40",
        "ser_time": "120",
        "server": "SOMEBODY",
    } | {name.replace("vru_line", "vru+line"): str(value) for name, value in changes.items()}
    return "\t".join(values[name] for name in COLUMNS)


def read(*rows: str, day: date | None = None):
    return parse([HEADER, *rows], day)


def test_a_served_call():
    (call,) = read(row()).calls
    assert (call.service, call.entered, call.menu, call.wait, call.talk) == (
        "PS",
        9 * 3600,
        10,
        30,
        120,
    )
    assert (call.outcome, call.served, call.server) == (
        Outcome.SERVED,
        9 * 3600 + 40,
        "SOMEBODY",
    )


def test_served_at_once_has_no_wait():
    (call,) = read(row(q_start="0:00:00", q_exit="0:00:00", q_time=0)).calls
    assert (call.wait, call.outcome) == (0, Outcome.SERVED)


def test_hung_up_waiting_and_in_the_menu():
    gone = {"outcome": "HANG", "ser_start": "0:00:00", "ser_time": 0, "server": "NO_SERVER"}
    waiting, in_menu = read(row(**gone), row(**gone, q_start="0:00:00", q_time=0)).calls
    assert (waiting.outcome, waiting.wait, waiting.served) == (Outcome.HUNG_UP_WAITING, 30, None)
    assert (in_menu.outcome, in_menu.server) == (Outcome.HUNG_UP_IN_MENU, None)


def test_unusable_rows_are_counted_by_reason():
    log = read(
        row(),
        row(outcome="PHANTOM"),
        row(q_time=-3),
        row(ser_time=-1),
        row(vru_time=-1),
        row(ser_time="long"),
        row(vru_entry="25:00:00"),
        row(outcome="LOST"),
        row(outcome="PHANTOM", ser_time=-1),
    )
    assert len(log.calls) == 1
    assert log.skipped == Counter(
        {"phantom": 2, "negative duration": 3, "unreadable row": 2, "unknown outcome": 1}
    )
    assert log.rows == len(log.calls) + log.skipped.total()


def test_a_row_with_missing_columns_or_date_is_told():
    log = read(row(), "XX0101\t1", row(date="yesterday"))
    assert (len(log.calls), log.skipped) == (1, Counter({"unreadable row": 2}))


def test_a_call_served_after_midnight():
    (call,) = read(
        row(vru_entry="23:59:30", ser_start="0:00:20", ser_exit="0:01:20", ser_time=60)
    ).calls
    assert call.served == 23 * 3600 + 59 * 60 + 30 + 40


def test_only_the_wanted_day_in_order_of_entry():
    rows = [row(vru_entry="10:00:00"), row(vru_entry="9:30:00"), row(date="2001-02-04")]
    assert [call.entered for call in read(*rows).calls] == [34_200, 36_000]
    assert len(read(*rows, day=date(2001, 2, 4)).calls) == 1
    with pytest.raises(LogError, match="2001-02-05"):
        read(*rows, day=date(2001, 2, 5))


@pytest.mark.parametrize("lines", [[], ["a,b,c"], [HEADER]])
def test_a_file_that_is_no_such_log(lines):
    with pytest.raises(LogError):
        parse(lines)


def test_stretches_of_work():
    def served(at: str, seconds: int, server: str) -> str:
        return row(vru_entry=at, ser_start=at, ser_time=seconds, server=server)

    log = read(
        served("9:00:00", 600, "A"),
        served("9:20:00", 60, "A"),
        served("12:00:00", 60, "A"),
        served("9:00:00", 60, "NO_SERVER"),
        served("10:00:00", 60, "B"),
    )
    assert list(spells(log.calls, gap=1800)) == [
        ("A", 9 * 3600, 9 * 3600 + 21 * 60),
        ("A", 12 * 3600, 12 * 3600 + 60),
        ("B", 10 * 3600, 10 * 3600 + 60),
    ]
