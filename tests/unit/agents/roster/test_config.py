"""`agents.roster` of config.yaml."""

import pytest
from pydantic import ValidationError

from agents.config import Agents, Roster, Wanted

WANTED = (
    Wanted(days="sat-sun", hours="22:00-06:00", agents=1),
    Wanted(days="mon-fri", hours="08:00-17:00", agents=3),
    Wanted(days="mon-sun", hours="00:00-24:00", agents=2),
)


@pytest.mark.parametrize(
    ("weekday", "hour", "agents"),
    [(0, 8, 3), (0, 17, 2), (5, 21, 2), (5, 22, 1), (6, 5, 1), (0, 5, 1), (0, 6, 2), (5, 5, 2)],
)
def test_the_first_line_that_fits_counts_and_a_night_is_of_the_day_before(weekday, hour, agents):
    assert Roster(wanted=WANTED).wanted_at(weekday, hour * 60) == agents


def test_nothing_said_nothing_wanted():
    assert Roster(wanted=WANTED[:2]).wanted_at(2, 60) is None


def test_a_break_that_there_is_not_is_a_fault():
    text = {"th": "พัก", "en": "Break"}
    section = Agents.model_validate({"breaks": {"meal": text}, "roster": {"breaks": ["tea"]}})
    assert [each.path for each in section.faults()] == ["roster.breaks.0"]
    with pytest.raises(ValidationError):
        Wanted(days="mon-fry", hours="08:00-17:00", agents=1)
    with pytest.raises(ValidationError):
        Wanted(days="mon", hours="8 to 5", agents=1)
