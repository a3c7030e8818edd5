"""When many calls are one thing that happened: whichever order they come in, and nothing else."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import cos, radians
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.incidents import rules
from tickets.incidents.config import Incidents
from tickets.incidents.rules import Limits, Matter, Scene
from tickets.places.rules import DEGREE, Pin, distance

NOW = datetime(2026, 10, 14, 13, 0, tzinfo=UTC)
LIMITS = Limits(callers=6, minutes=60, metres=400, astray=1200, times_usual=3)
HERE = Pin(12.93, 100.8848)
BANGKOK = ZoneInfo("Asia/Bangkok")


def at(north: float, east: float) -> Pin:
    """So many metres from the middle."""
    return Pin.of(
        HERE.latitude + north / DEGREE,
        HERE.longitude + east / DEGREE / cos(radians(HERE.latitude)),
    )


def flood(n: int, north: float = 0, east: float = 0, street: str = "") -> Matter:
    return Matter(
        n,
        NOW,
        {"flood": 1.0},
        at(north, east),
        frozenset({street}) if street else frozenset(),
        area="nong_prue",
        came=came(f"ticket {n}"),
    )


def came(*who: str) -> frozenset[str]:
    return frozenset(who)


def test_who_tells_of_it_three_times_is_one_caller() -> None:
    told = [replace(flood(n), came=came("+66810000001")) for n in range(3)]
    told += [replace(flood(3), came=came("+66810000002", "+66810000003", "caller 1", "caller 2"))]
    # who called second with that one, first with another
    told += [replace(flood(4), came=came("+66810000003")), flood(5), flood(6)]
    assert rules.people(told) == 1 + 4 + 2
    assert rules.people([]) == 0


NEAR = st.tuples(st.floats(-400, 400), st.floats(-400, 400))


@given(pins=st.lists(NEAR, min_size=6, max_size=40), dice=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_a_burst_in_one_street_is_one_whichever_order_it_comes_in(
    pins: list[tuple[float, float]], dice: random.Random
) -> None:
    matters = [flood(n, *pin, street="soi") for n, pin in enumerate(pins)]
    # three kilometres away, another street, another matter: none of them is of it
    far = [flood(100 + n, 4000, 300 * n, "other") for n in range(5)]
    others = [replace(flood(200 + n), topics={"rubbish": 1.0}) for n in range(5)]
    shuffled = [*matters, *far, *others]
    dice.shuffle(shuffled)
    (burst,) = rules.bursts(shuffled, LIMITS)
    assert [each.id for each in burst.members] == [each.id for each in matters]
    assert burst.scene.streets == {"soi"}
    assert burst == rules.bursts(sorted(shuffled, key=lambda each: -each.id), LIMITS)[0]


@given(st.lists(NEAR, min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_matter_is_in_two_and_every_burst_is_large_enough(
    pins: list[tuple[float, float]],
) -> None:
    found = rules.bursts([flood(n, *pin) for n, pin in enumerate(pins)], LIMITS)
    members = [each.id for burst in found for each in burst.members]
    assert len(members) == len(set(members))
    assert all(burst.callers >= LIMITS.callers for burst in found)
    for burst in found:
        assert burst.scene.centre
        assert all(
            distance(each.pin, burst.scene.centre) <= LIMITS.astray
            for each in burst.members
            if each.pin
        )


def test_forty_in_one_place_are_one_and_two_places_are_two() -> None:
    assert len(rules.bursts([flood(n, n * 10) for n in range(40)], LIMITS)) == 1
    two = [flood(n, 0) for n in range(10)] + [flood(50 + n, 5000) for n in range(8)]
    first, second = rules.bursts(two, LIMITS)
    assert (first.callers, second.callers) == (10, 8)
    assert rules.bursts([flood(n) for n in range(5)], LIMITS) == []


def test_callers_count_and_not_tickets() -> None:
    (burst,) = rules.bursts(
        [replace(flood(1), came=came(*"abcd")), replace(flood(2), came=came(*"ef"))], LIMITS
    )
    assert burst.callers == 6


def test_without_a_pin_the_words_say_where() -> None:
    scene = Scene("flood", HERE, frozenset({"soi"}), frozenset({"temple"}), "nong_prue")
    bare = Matter(1, NOW, {"flood": 1.0}, came=came("ticket 1"))
    for there, matter in (
        (True, replace(bare, streets=frozenset({"soi"}))),
        (True, replace(bare, marks=frozenset({"temple"}))),
        (True, replace(bare, area="nong_prue")),
        (False, replace(bare, area="jomtien")),
        (False, bare),
        (False, replace(bare, streets=frozenset({"other"}), area="nong_prue")),
        # a pin may be astray where the street is named, and not without end
        (True, replace(bare, streets=frozenset({"soi"}), pin=at(1100, 0))),
        (False, replace(bare, streets=frozenset({"soi"}), pin=at(1300, 0))),
        (False, replace(bare, streets=frozenset({"other"}), pin=HERE)),
    ):
        assert rules.belongs(matter, scene, LIMITS) is there, matter
    assert not rules.belongs(replace(flood(1), topics={"noise": 1.0}), scene, LIMITS)


@pytest.mark.parametrize(
    ("chosen", "said", "shares", "is_about"),
    [
        ("flood", set(), {}, True),
        ("rubbish", {"flood"}, {}, True),  # wrong, and the words say so
        ("rubbish", set(), {"flood": 0.6}, True),
        ("drain", set(), {}, True),  # chosen in haste
        ("drain", set(), {"drain": 0.95}, False),  # it is a drain
        ("flood", set(), {"noise": 0.9}, False),  # wrong the other way round
        ("flood", {"blackout"}, {}, False),
        ("rubbish", set(), {}, False),
        (None, set(), {}, False),
    ],
)
def test_what_is_said_counts_more_than_what_was_chosen(
    chosen: str | None, said: set[str], shares: dict[str, float], is_about: bool
) -> None:
    found = rules.topics(
        chosen=chosen,
        said=said,
        shares=shares,
        alike={"flood": ("drain",)},
        category_of={"flood": "flood", "blackout": "street_light", "rubbish": "rubbish"},
    )
    assert replace(flood(1), topics=found).is_about("flood") is is_about


def test_the_middle_is_not_moved_by_what_is_far_off() -> None:
    pins = [at(0, 0), at(10, 0), at(-10, 0), at(0, 10), at(9000, 9000)]
    middle = rules.centre_of(pins)
    assert middle
    assert distance(middle, HERE) < 15
    # while there are few, the street's own point holds
    assert rules.centre_of(pins[:1], at(50, 50)) == at(50, 50)
    assert rules.centre_of([]) is None


def test_what_is_usual_is_counted_by_the_hour() -> None:
    # twenty days on which four came at eight in the evening, and forty at noon
    evening = [NOW - timedelta(days=n, minutes=m) for n in range(1, 21) for m in (0, 5, 10, 15)]
    noon = [NOW - timedelta(days=n, hours=8) for n in range(1, 21) for _ in range(40)]
    usual = rules.usual([*evening, *noon], NOW, BANGKOK, days=20, minutes=60)
    assert usual == pytest.approx(4 / 3)  # of the three hours around it
    assert rules.is_unusual(6, usual, LIMITS)
    assert not rules.is_unusual(6, 4, LIMITS)
    assert rules.is_unusual(12, 4, LIMITS)
    assert not rules.is_unusual(5, 0, LIMITS)


def test_a_file_with_faults_says_where() -> None:
    wrong = Incidents.model_validate(
        {
            "metres": 800,
            "astray": 500,
            "callers": 10,
            "opens_at": 5,
            "happenings": {
                "flood": {
                    "title": {"th": "น้ำท่วม", "en": "Flood"},
                    "category": "flood",
                    "alike": ["sea"],
                    "words": ["น้ำท่วม"],
                },
                "drain": {
                    "title": {"th": "ท่อ", "en": "Drain"},
                    "category": "flood",
                    "words": ["น้ำท่วม"],
                },
            },
        }
    )
    paths = [fault.path for fault in wrong.faults_beside({"flood", "drain"})]
    assert paths == [
        "astray",
        "opens_at",
        "happenings.flood",
        "happenings.drain",
        "happenings.drain.words",
    ]
