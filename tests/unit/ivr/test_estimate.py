"""The expected wait: what it is made of, and what no caller may hear."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import estimate as bench
from benchmarks.machine import percentile
from hotline.replay.log import COLUMNS
from ivr.room.estimate import (
    AT_ONCE,
    LONGEST,
    OLDEST,
    PRIOR,
    RECENT,
    Departure,
    Heard,
    Line,
    Range,
    expected,
    say,
)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
EVERY = 60.0


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def gone(
    seconds: float, wait: float, *, answered: bool = True, handled: float | None = None
) -> Departure:
    """Somebody who left the line so many seconds ago, after such a wait."""
    return Departure(ago(seconds + wait), ago(seconds), answered, handled)


def line(ahead: int = 0, agents: int = 3, longest: float = 0.0) -> Line:
    return Line(NOW, ahead, agents, longest)


def moving(
    every: float = 40, wait: float = 200, callers: int = 10, *, answered: bool = False
) -> list[Departure]:
    """A line in which somebody always waited, and that moved by one place every so often.

    All hung up, where nothing else is said: so there is no experience of answered callers in it.
    """
    return [gone(every * n, wait, answered=answered) for n in range(callers)]


departures = st.lists(
    st.builds(
        gone,
        st.floats(0, 2 * OLDEST),
        st.one_of(st.just(0.0), st.floats(0, 3600)),
        answered=st.booleans(),
        handled=st.one_of(st.none(), st.floats(0, 7200)),
    ),
    max_size=2 * RECENT,
)
#: Two hosts whose clocks disagree make a wait of less than nothing.
waits = st.floats(-60, 7200)


# ---------------------------------------------------------------- how long


@pytest.mark.parametrize(("ahead", "seconds"), [(0, 40), (1, 80), (7, 320)])
def test_a_line_is_expected_to_move_as_it_did(ahead: int, seconds: float) -> None:
    assert expected(line(ahead), moving(every=40), 0) == pytest.approx(seconds)


@pytest.mark.parametrize(("own", "left"), [(0, 180), (60, 120), (500, 0)])
def test_a_third_is_what_the_answered_waited_less_ones_own_wait(own: float, left: float) -> None:
    both = [*moving(), gone(0, 180, answered=True)]
    position = expected(line(4), [*moving(), gone(0, 180, answered=False)], own)
    assert position is not None
    assert expected(line(4), both, own) == pytest.approx(position * 2 / 3 + left / 3)


def test_time_in_which_nobody_waited_does_not_count() -> None:
    """Four times a minute apart, then nobody for half an hour, then the same again."""
    busy = moving(every=60, wait=60, callers=4)
    both = [*busy, *(gone(2000 + 60 * n, 60, answered=False) for n in range(4))]
    # the first to leave only says since when the line is watched
    assert expected(line(), both, 0) == pytest.approx(60)


def test_who_was_answered_at_once_says_nothing_of_the_pace() -> None:
    lucky = [gone(5 + 40 * n, AT_ONCE - 1, answered=False) for n in range(9)]
    assert expected(line(3), [*moving(), *lucky], 0) == expected(line(3), moving(), 0)


def test_a_line_that_has_stopped_is_noticed_by_who_waits_and_by_a_newcomer() -> None:
    stopped = [gone(1200 + 40 * n, 200, answered=False) for n in range(10)]
    unaware = expected(line(4), stopped, 0)
    newcomer, waiting = (
        expected(line(4, longest=1200), stopped, 0),
        expected(line(4), stopped, 1200),
    )
    assert unaware == pytest.approx(5 * 40)
    assert newcomer == waiting == pytest.approx(5 * (9 * 40 + 1200) / 9)


def test_a_wait_of_less_than_nothing_is_none() -> None:
    earlier = [gone(30 + 40 * n, 200, answered=False) for n in range(10)]
    assert expected(line(longest=-60), earlier, -60) == expected(line(), earlier, 0)


def test_few_who_waited_weigh_against_what_the_agents_need() -> None:
    """One place in 40 seconds as seen, one in 100 by the textbook."""
    seen = [gone(0, 40, answered=False), gone(40, 40, handled=300)]
    position = 2 * (40 + PRIOR * 100) / (PRIOR + 1)
    assert expected(line(1, agents=3), seen, 0) == pytest.approx(position * 2 / 3 + 40 / 3)


@pytest.mark.parametrize(
    "recent",
    [
        [],
        [gone(10, 30), gone(60, 30)],  # too few, and no handling time
        [gone(OLDEST + 1 + n, 100, handled=60) for n in range(20)],  # too long ago
    ],
)
def test_nothing_is_made_up(recent: list[Departure]) -> None:
    assert expected(line(), recent, 0) is None


def test_with_nobody_signed_in_there_is_nothing_to_expect() -> None:
    assert expected(line(agents=0), moving(), 0) is None


@given(departures, st.integers(0, 100), st.integers(0, 50), waits, waits)
def test_an_estimate_is_a_number_of_seconds_or_none(
    recent: list[Departure], ahead: int, agents: int, longest: float, own: float
) -> None:
    seconds = expected(line(ahead, agents, longest), recent, own)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@given(departures, st.integers(0, 100), st.integers(0, 100), waits)
def test_who_is_further_back_waits_no_shorter(
    recent: list[Departure], ahead: int, more: int, own: float
) -> None:
    near, far = expected(line(ahead), recent, own), expected(line(ahead + more), recent, own)
    assert (near is None) == (far is None)
    assert near is None or far is None or near <= far


def test_only_the_last_to_leave_count() -> None:
    recent = moving(every=40, callers=RECENT)
    slower = [gone(40 * RECENT + 300 * n, 600) for n in range(RECENT)]  # answered
    assert expected(line(), [*slower, *recent], 0) == expected(line(), recent, 0)


@given(departures.flatmap(st.permutations), waits)
def test_neither_the_order_nor_more_history_matters(recent: list[Departure], own: float) -> None:
    ordered = sorted(recent, key=lambda one: one.left_at)
    # which of several who left at the same moment are the last is nobody's to say
    if len({one.left_at for one in ordered}) == len(ordered):
        assert expected(line(1), recent, own) == expected(line(1), ordered[-RECENT:], own)


# ---------------------------------------------------------------- what is said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, Range(0, 1)),
        (1, Range(0, 2)),
        (48, Range(0, 2)),
        (150, Range(1, 5)),
        (300, Range(2, 8)),
        (600, Range(5, 15)),
        (1500, Range(10, 30)),
        (1800, Range(15, 30)),
        (1801, Range(LONGEST, LONGEST)),
        (7200, Range(LONGEST, LONGEST)),
    ],
)
def test_what_is_said_first(seconds: float, said: Range) -> None:
    assert say(seconds, None, NOW, EVERY)[0] == said
    assert said.is_open == (seconds > LONGEST * 60)


def test_what_is_unknown_is_not_said() -> None:
    heard = Heard(5, ago(600))
    assert say(None, None, NOW, EVERY) == (None, None)
    assert say(None, heard, NOW, EVERY) == (None, heard)


@pytest.mark.parametrize(
    ("most", "before", "seconds", "said"),
    [
        (8, 59.9, 60, None),  # too soon
        (8, 60, 240, Range(2, 6)),  # in keeping with the promise as it is
        (8, 120, 300, Range(2, 6)),  # held down: 8 minutes, 2 of which are over
        (8, 240, 240, Range(2, 4)),
        (8, 240, 241, None),  # rather nothing than more
        (8, 481, 1, None),  # broken: no new one
        (3, 125, 40, None),  # less than a minute is left of it: not enough to say a minute
        (3, 120, 40, Range(0, 1)),
        (None, 60, 1900, None),  # once is enough
        (None, 60, 1700, Range(10, 30)),
    ],
)
def test_what_is_said_next(
    most: int | None, before: float, seconds: float, said: Range | None
) -> None:
    heard = Heard(most, ago(before))
    now, then = say(seconds, heard, NOW, EVERY)
    assert now == said
    assert then == (heard if said is None else Heard(said.high, NOW))


#: Seconds since the last request of the wait loop, and the estimate then.
loops = st.lists(
    st.tuples(st.floats(0, 400), st.one_of(st.none(), st.floats(0, 4000))), max_size=30
)


@given(loops, st.floats(1, 300))
def test_no_caller_hears_a_promise_moved_or_is_told_too_often(
    calls: Sequence[tuple[float, float | None]], every: float
) -> None:
    now, heard = NOW, None
    told: list[tuple[datetime, Range]] = []
    for gap, seconds in calls:
        now += timedelta(seconds=gap)
        said, heard = say(seconds, heard, now, every)
        if said is not None:
            assert seconds is not None
            assert said.low * 60 <= seconds
            assert said.is_open or seconds <= said.high * 60
            assert 0 <= said.low <= said.high
            assert 1 <= said.high <= LONGEST
            told.append((now, said))
    for (before, old), (after, new) in pairwise(told):
        assert (after - before).total_seconds() >= every
        assert not new.is_open
        if not old.is_open:
            assert new.high <= old.high
            assert after + timedelta(minutes=new.high) <= before + timedelta(minutes=old.high)


@given(
    st.builds(
        Heard,
        st.one_of(st.none(), st.integers(1, LONGEST)),
        st.integers(0, 10**16).map(
            lambda n: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=n)
        ),
    )
)
def test_what_was_heard_travels_in_a_url(heard: Heard) -> None:
    text = heard.to_text()
    assert re.fullmatch(r"[0-9.]{1,20}", text)
    assert Heard.from_text(text) == heard


@pytest.mark.parametrize("text", ["", ".", "5", "5.", "x.1", "5.x", "5.9" * 20, "5." + "9" * 30])
def test_what_is_no_memory_of_ours_was_not_heard(text: str) -> None:
    assert Heard.from_text(text) is None


@given(st.text())
def test_no_text_makes_an_error_in_a_callers_ear(text: str) -> None:
    heard = Heard.from_text(text)
    assert heard is None or isinstance(heard, Heard)


# ---------------------------------------------------------------- as it is measured


def test_on_days_made_up_ours_errs_least_when_it_errs_much() -> None:
    asked = list(bench.moments(bench.generated(3)))
    wrong = {
        estimate: percentile(
            [
                abs(seconds - at.truth)
                for at in asked
                if bench.ours(at) is not None and (seconds := estimate(at)) is not None
            ],
            0.9,
        )
        for estimate in (bench.ours, bench.average, bench.textbook)
    }
    assert len(asked) > 500
    assert wrong[bench.ours] == min(wrong.values())


def test_what_is_known_at_a_moment_holds_nothing_of_later() -> None:
    for at in bench.moments(bench.generated(1)):
        assert at.truth > 0
        assert all(one.left_at <= at.line.now for one in at.recent)
        assert all(
            one.left_at + timedelta(seconds=one.handled) <= at.line.now
            for one in at.recent
            if one.handled is not None
        )


def row(**values: object) -> str:
    usual: dict[str, object] = {
        **dict.fromkeys(COLUMNS, 0),
        "type": "PS",
        "date": "2010-08-02",
        "vru_entry": "9:00:00",
        "q_start": "9:00:10",
        "ser_start": "9:01:10",
        "q_time": 60,
        "ser_time": 100,
        "outcome": "AGENT",
        "server": "SHARON",
    }
    return "\t".join(str((usual | values)[name]) for name in COLUMNS)


def test_the_log_is_read_without_its_traps(tmp_path: Path) -> None:
    rows = [
        row(),
        row(priority=2),
        row(vru_entry="23:59:55", q_start="0:00:10"),  # over midnight
        row(q_start="0:00:00", q_time=0),  # served at once
        row(outcome="HANG", server="NO_SERVER"),
        row(outcome="HANG", q_time=0),  # in the menu
        row(outcome="PHANTOM"),
        row(ser_time=-5),
    ]
    path = tmp_path / "log.tsv"
    path.write_text("\n".join(["\t".join(COLUMNS), *rows]) + "\n")
    callers = bench.read(path)
    day = 86_400
    nine = day + 9 * 3600
    assert [(one.place, one.entered, one.left, one.answered, one.agent) for one in callers] == [
        (nine + 10, nine + 10, nine + 70, True, "SHARON"),
        (nine - 80, nine + 10, nine + 70, True, "SHARON"),
        (2 * day + 10, 2 * day + 10, 2 * day + 70, True, "SHARON"),
        (nine + 70, nine + 70, nine + 70, True, "SHARON"),
        (nine + 10, nine + 10, nine + 70, False, None),
    ]


def test_a_log_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"cannot read .*none\.tsv: No such file"):
        bench.main(log=tmp_path / "none.tsv")


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "other.tsv"
    path.write_text("a\tb\n")
    with pytest.raises(SystemExit, match=r"other\.tsv: the first line must name the columns vru"):
        bench.read(path)
