"""The summary's figures."""

from collections import Counter
from datetime import date

import pytest

from hotline.replay import summary
from hotline.replay.drive import Played
from hotline.replay.plan import Caller, Plan
from hotline.replay.verify import Findings


@pytest.mark.parametrize(
    ("share", "value"), [(0.5, 2), (0.51, 3), (0.75, 3), (0.99, 4), (1.0, 4), (0.0, 1)]
)
def test_quantiles_are_values_that_were_measured(share, value):
    assert summary.quantile([4, 1, 3, 2], share) == value


def findings(**changes) -> Findings:
    values = {
        "calls": 2,
        "ended": 2,
        "answered": 1,
        "tickets": 1,
        "cells": 2,
        "totals": Counter(calls=2, answered=1, abandoned=1),
        "never_queued": 0,
        "waits": {"CA1": 12.0},
    }
    return Findings(**(values | changes))


def lines(found: Findings) -> list[str]:
    caller = Caller("+66800000001", 0, "information", "th", ("1",), 1, None, 60, logged_wait=10)
    plan = Plan(date(2001, 2, 3), [caller], [], {}, Counter(phantom=3), ["a note"])
    played = Played(placed={"CA1": caller, "CA2": caller}, webhook_seconds=[0.010, 0.020])
    return list(summary.lines(plan, played, found))


def test_what_is_told():
    told = "\n".join(lines(findings()))
    assert "skipped rows           3  phantom" in told
    assert "note: a note" in told
    assert "ours   mean 12.0" in told
    assert "log's  mean 10.0" in told
    assert "2  median 10 ms, 99 % 20 ms" in told


def test_the_equalities_hold_or_what_does_not():
    assert sum(line.startswith("OK") for line in lines(findings())) == 3
    told = lines(findings(failures=["3 numbers differ: …"]))
    assert "FAILED  3 numbers differ: …" in told
    assert not any(line.startswith("OK") for line in told)
