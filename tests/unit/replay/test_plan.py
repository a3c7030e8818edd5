"""From a log or a few figures to callers and shifts."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from hotline.replay import generate, plan
from hotline.replay.log import DayLog, LoggedCall, Outcome
from hotline.replay.plan import PlanError, Shift, from_log, from_table, keys_to, staff_table
from ivr.config import Ivr
from ivr.flow import Flow
from ivr.steps import Given, advance, begin

DAY = date(2001, 2, 3)


@pytest.fixture(scope="module")
def flow() -> Flow:
    content = yaml.safe_load((Path(__file__).parents[3] / "config.yaml").read_text("utf-8"))
    return Ivr.model_validate(content["ivr"]).graph


def call(
    service: str = "PS", outcome: Outcome = Outcome.SERVED, server: str | None = "S", **changes
) -> LoggedCall:
    served = outcome is Outcome.SERVED
    values = {
        "line": 2,
        "entered": 3600,
        "menu": 6,
        "wait": 30,
        "served": 3636 if served else None,
        "talk": 100 if served else 0,
    } | changes
    return LoggedCall(service=service, outcome=outcome, server=server if served else None, **values)


def planned(flow: Flow, *calls: LoggedCall) -> plan.Plan:
    return from_log(DayLog(DAY, list(calls)), flow)


@pytest.mark.parametrize("skill", sorted({*plan.SERVICES.values(), *generate.MATTERS}))
def test_the_keys_lead_where_the_caller_wants(flow, skill):
    step = begin(flow)
    for key in keys_to(flow, *skill):
        assert step.queue is None
        step = advance(flow, step.position, Given(digits=key))
    assert (step.queue, step.position.language) == skill


def test_a_queue_that_no_keys_lead_to(flow):
    with pytest.raises(PlanError):
        keys_to(flow, "complaint", "fr")


def test_what_each_kind_of_caller_does(flow):
    served, gone, bored = planned(
        flow,
        call(),
        call(outcome=Outcome.HUNG_UP_WAITING, wait=44),
        call(outcome=Outcome.HUNG_UP_IN_MENU, menu=33),
    ).callers
    assert served.script() == {"keys": ["1", "1", ""], "think": 1.5}
    assert (served.talk, served.logged_wait) == (100.0, 30.0)
    assert gone.script()["hang_up"] == {"in": "queue", "after": 44.0}
    assert gone.talk == 100.0  # as the others of the service, should somebody answer in time
    assert bored.script() == {
        "keys": [],
        "think": 33.0,
        "hang_up": {"in": "menu", "after": 33.0},
    }


def test_nobody_stays_longer_in_the_menu_than_it_lasts(flow):
    made = planned(flow, call(), call(outcome=Outcome.HUNG_UP_IN_MENU, menu=900))
    assert made.callers[1].hang_up == ("menu", plan.LONGEST_IN_MENU)
    assert len(made.notes) == 1


def test_numbers_are_unique_and_of_the_form_that_telephones_have(flow):
    made = planned(flow, *[call(line=line) for line in range(2, 300)])
    numbers = {caller.number for caller in made.callers}
    assert len(numbers) == 298
    assert all(len(number) == 12 and number.startswith("+668") for number in numbers)


def test_an_unknown_service_is_skipped_and_told(flow):
    made = planned(flow, call(), call(service="ZZ"))
    assert (len(made.callers), made.skipped) == (1, {"unknown type of service": 1})


def test_shifts_follow_the_servers_of_the_log(flow):
    made = planned(
        flow,
        call(server="A", served=36_000),
        call("IN", server="A", served=36_200),
        call("NE", server=None),
        call(server="B", served=50_000),
    )
    assert made.shifts == [
        Shift("replay-1", 36_000 - plan.MARGIN, 36_300 + plan.MARGIN),
        Shift("replay-2", 50_000 - plan.MARGIN, 50_100 + plan.MARGIN),
    ]
    # nobody with a name did NE: everybody can, or its callers would wait for ever
    assert made.skills["replay-1"] == {plan.SERVICES[s] for s in ("PS", "IN", "NE")}
    assert made.skills["replay-2"] == {plan.SERVICES[s] for s in ("PS", "NE")}
    everybody = frozenset().union(*made.skills.values())
    assert {caller.skill for caller in made.callers} <= everybody


def test_a_log_without_servers_needs_a_table(flow):
    with pytest.raises(PlanError):
        planned(flow, call(server=None))


def test_a_staff_table(tmp_path):
    path = tmp_path / "staff.csv"
    path.write_text("hour,agents\n8,1\n9,2\n10,1\n20,2\n")
    shifts, skills = from_table(staff_table(path), frozenset({("information", "th")}))
    assert shifts == [
        Shift("replay-1", 8 * 3600, 11 * 3600),
        Shift("replay-1", 20 * 3600, 21 * 3600),
        Shift("replay-2", 9 * 3600, 10 * 3600),
        Shift("replay-2", 20 * 3600, 21 * 3600),
    ]
    assert set(skills) == {"replay-1", "replay-2"}


@pytest.mark.parametrize(
    "text", ["hour,agents\n24,1\n", "hour,agents\n1,-1\n", "hour,agents\n1,x\n", "a,b\n1,2\n"]
)
def test_a_broken_staff_table_is_refused_with_its_line(tmp_path, text):
    path = tmp_path / "staff.csv"
    path.write_text(text)
    with pytest.raises(PlanError, match="line 2"):
        staff_table(path)


def test_a_generated_day(flow):
    made = generate.day(flow, on=DAY, calls=900)
    assert made == generate.day(flow, on=DAY, calls=900)
    assert made != generate.day(flow, on=DAY, calls=900, seed=1)
    assert len(made.callers) == 900
    moments = [caller.at for caller in made.callers]
    assert moments == sorted(moments)
    assert all(0 <= at < 24 * 3600 for at in moments)
    night = sum(at < 6 * 3600 for at in moments)
    assert 60 < night < 140  # 102 expected of 900
    assert {caller.skill for caller in made.callers} <= set().union(*made.skills.values())
    assert min(generate.staff(900)) >= 2
    assert generate.staff(9000)[17] > generate.staff(900)[17] > generate.staff(900)[4]
