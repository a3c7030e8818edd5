"""A believable day of a city's hotline, from a few figures.

The figures were measured on real logs (a county's emergency line for the hours of the day, a
bank's centre for how long people talk and wait); the logs themselves are not part of this
product.
"""

import math
import random
from datetime import date

from hotline.replay.plan import (
    LONGEST_IN_MENU,
    Caller,
    Plan,
    Skill,
    from_table,
    keys_to,
    number_of,
)
from ivr.flow import Flow

#: Calls by hour of the day, per mille.
BY_HOUR = (
    *(21, 17, 18, 15, 14, 17, 23, 34, 42, 46, 53, 55),
    *(60, 60, 62, 57, 64, 78, 72, 53, 43, 37, 35, 23),
)  # fmt: skip
#: What people call for, and in which language (shares).
MATTERS: dict[Skill, float] = {
    ("information", "th"): 0.40,
    ("complaint", "th"): 0.28,
    ("information", "en"): 0.11,
    ("complaint", "en"): 0.05,
    ("information", "zh"): 0.05,
    ("information", "ru"): 0.05,
    ("complaint", "ru"): 0.02,
    ("emergency", "th"): 0.03,
    ("emergency", "en"): 0.01,
}
#: Talk is log-normal: median and the standard deviation of its logarithm.
TALK_MEDIAN, TALK_SPREAD = 110.0, 1.0
TALK_LEAST, TALK_MOST = 10.0, 1800.0
#: Patience is exponential with this mean; the share of callers who hang up in the menu, and after
#: how long (median).
PATIENCE = 415.0
GIVE_UP_IN_MENU, MENU_MEDIAN = 0.07, 30.0
#: Handling of one call in seconds, talk and wrap-up, and how busy an agent should be: what the
#: staff is planned with.
HANDLING, OCCUPANCY = 225.0, 0.72


def day(flow: Flow, *, on: date, calls: int, seed: int = 1337) -> Plan:
    """A day of `calls` calls with the staff that it needs; the same `seed` gives the same day."""
    chance = random.Random(seed)  # noqa: S311 - a demonstration, not a secret
    keys = {skill: keys_to(flow, *skill) for skill in MATTERS}
    hours = chance.choices(range(24), weights=BY_HOUR, k=calls)
    moments = sorted(hour * 3600 + chance.uniform(0, 3600) for hour in hours)
    callers = [_caller(index, at, keys, chance) for index, at in enumerate(moments)]
    shifts, skills = from_table(staff(calls), frozenset(MATTERS))
    return Plan(on, callers, shifts, skills)


def staff(calls: int) -> list[int]:
    """Agents on duty in each hour for a day of so many calls: never fewer than two."""
    total = sum(BY_HOUR)
    return [
        max(2, math.ceil(calls * share / total * HANDLING / 3600 / OCCUPANCY)) for share in BY_HOUR
    ]


def _caller(
    index: int, at: float, keys: dict[Skill, tuple[str, ...]], chance: random.Random
) -> Caller:
    skill = chance.choices(list(MATTERS), weights=list(MATTERS.values()))[0]
    talk = min(
        TALK_MOST, max(TALK_LEAST, chance.lognormvariate(math.log(TALK_MEDIAN), TALK_SPREAD))
    )
    patience = chance.expovariate(1 / PATIENCE)
    in_menu = chance.random() < GIVE_UP_IN_MENU
    menu = min(LONGEST_IN_MENU, chance.expovariate(math.log(2) / MENU_MEDIAN))
    return Caller(
        number=number_of(index),
        at=round(at, 3),
        queue=skill[0],
        language=skill[1],
        keys=() if in_menu else keys[skill],
        think=round(chance.uniform(1.0, 4.0), 1),
        hang_up=("menu", round(menu, 1)) if in_menu else ("queue", round(patience, 1)),
        talk=round(talk, 1),
    )
