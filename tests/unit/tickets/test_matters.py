"""How alike two matters are: the same whoever is asked first, and never what cannot be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.matters import rules
from tickets.matters.rules import About, Limits, Matter
from tickets.places.rules import Pin

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = Limits(200, 7 * DAY)
HERE = Pin(12.93, 100.88)
FLOOD = "น้ำท่วมซอยบัวขาว สูงถึงเข่า รถผ่านไม่ได้"

pins = st.none() | st.builds(
    Pin,
    st.floats(12.928, 12.932, allow_nan=False),
    st.floats(100.878, 100.882, allow_nan=False),
)
matters = st.builds(
    Matter,
    key=st.just(0),
    text=st.sampled_from([FLOOD, "ไฟดับซอยบัวขาว 12", "ไฟดับซอยบัวขาว 14", "", "flood on Soi 6"])
    | st.text(max_size=40),
    at=st.integers(0, 300).map(lambda hours: NOW - timedelta(hours=hours)),
    limits=st.sampled_from([LIMITS, Limits(50, 30 * DAY), Limits(500, DAY)]),
    category=st.sampled_from([None, "flood", "street_light"]),
    group=st.just("engineering"),
    pin=pins,
    area=st.sampled_from([None, "nong_prue", "na_kluea"]),
    place=st.sampled_from(["", "ซอยบัวขาว"]),
    numbers=st.sampled_from([frozenset(), frozenset({"+66812345678"})]),
)


def matter(key: int = 0, text: str = FLOOD, **more: object) -> Matter:
    base = Matter(key=key, text=text, at=NOW, limits=LIMITS, category="flood", pin=HERE)
    return replace(base, **more)  # type: ignore[arg-type]


@given(matters, matters)
def test_it_is_the_same_whichever_is_asked_first(one: Matter, other: Matter) -> None:
    assert rules.likeness(one, other) == rules.likeness(other, one)


@given(matters, st.lists(matters, max_size=8))
def test_what_is_offered_is_in_reach_in_time_and_ranked(
    draft: Matter, others: list[Matter]
) -> None:
    others = [replace(each, key=n) for n, each in enumerate(others, 1)]
    found = rules.offers(draft, others)
    assert len(found) <= rules.OFFERED
    scores = [each.likeness.score for each in found]
    assert scores == sorted(scores, reverse=True)
    for each in found:
        limits = draft.limits.wider(each.matter.limits)
        assert rules.LEAST <= each.likeness.score <= 1
        assert each.likeness.apart <= limits.within
        if each.likeness.metres is not None:
            assert each.likeness.metres <= limits.radius_m


@given(matters)
def test_nothing_is_the_same_as_itself_and_all_that_is_said_twice_is(one: Matter) -> None:
    it = replace(one, key=7, pin=HERE)
    assert rules.likeness(it, it) is None
    twin = rules.likeness(it, replace(it, key=8))
    assert twin is not None
    assert twin.words == rules.alike(one.runs, one.runs)


@pytest.mark.parametrize("hours", [169, 400, 10_000])
def test_nothing_from_long_ago(hours: int) -> None:
    old = matter(1, at=NOW - timedelta(hours=hours), numbers=frozenset({"+66812345678"}))
    assert rules.offers(matter(numbers=frozenset({"+66812345678"})), [old]) == []


def test_the_newer_of_two_alike_stands_first_and_what_speaks_for_it_is_said() -> None:
    near = Pin(12.9303, 100.8803)
    older, newer = (matter(key, pin=near, at=NOW - timedelta(hours=2)) for key in (1, 2))
    found = rules.offers(matter(text="น้ำท่วม ซอยบัวขาว"), [older, newer])
    assert [each.matter.key for each in found] == [2, 1]
    like = found[0].likeness
    assert like.metres == pytest.approx(46.6, abs=1)
    assert (like.about, like.apart) == (About.SAME, timedelta(hours=2))
    assert found[0].shared == ("น้ำท่วม", "ซอยบัวขาว")


def test_the_next_pole_is_less_alike_than_the_same_one() -> None:
    draft = matter(text="เสาไฟฟ้าเอียง ถนนพรหมดี เสาที่ 15", category="street_light")
    same = replace(draft, key=1, at=NOW - timedelta(hours=5))
    next_one = replace(same, key=2, text="เสาไฟฟ้าเอียง ถนนพรหมดี เสาที่ 14")
    found = rules.offers(draft, [next_one, same])
    assert [each.matter.key for each in found] == [1, 2]
    assert [each.likeness.other_numbers for each in found] == [False, True]


def test_how_long_it_has_been_so_is_no_other_place() -> None:
    draft = matter(text="น้ำท่วมซอยพัฒนาการ 46 ท่วมมาแล้วน้อยกว่า 1 วัน")
    other = matter(1, text="น้ำท่วมซอยพัฒนาการ 46 ท่วมมาแล้วน้อยกว่า 3 ชั่วโมง")
    [found] = rules.offers(draft, [other])
    assert not found.likeness.other_numbers


def test_another_thing_at_the_same_place_is_not_offered() -> None:
    other = matter(1, text="แท็กซี่เรียกค่าโดยสารเกินราคา หน้าห้าง", category="taxi_fares")
    assert rules.offers(matter(), [other]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("น้ำท่วม", "นํ้าท่วม"),
        ("ซอย ๖", "ซอย6"),
        ("Soi Buakhao", "SOI BUAKHAO!"),
        ("บัว\u200bขาว", "บัวขาว"),
    ],
)
def test_what_is_typed_differently_is_compared_alike(one: str, other: str) -> None:
    assert rules.letters(one) == rules.letters(other)


@given(st.text(max_size=80), st.text(max_size=80))
def test_shared_words_stand_in_the_other_text(one: str, other: str) -> None:
    shared = rules.shared_words(one, other)
    assert len(shared) <= rules.SHOWN_WORDS
    spaced = " ".join(other.split())
    assert all(words in spaced for words in shared)


def test_a_soi_is_a_place_where_much_the_same_is_said_of_it() -> None:
    """Two of one category in one soi are more often two matters than one."""
    there = frozenset({"soi_buakhao"})
    draft = matter(text="น้ำท่วมซอยบัวขาว สูงถึงเข่า", pin=None, area=None, place="", streets=there)
    alike = replace(draft, key=1, text="น้ำท่วมถึงเข่าแล้ว ซอยบัวขาว", at=NOW - timedelta(minutes=5))
    other = replace(alike, key=2, text="ร้านอาหารเทน้ำล้างจานลงข้างทางทุกคืน ส่งกลิ่น")
    russian = replace(alike, key=3, text="улица затоплена, вода по колено")
    found = rules.offers(draft, [alike, other, russian])
    assert [each.matter.key for each in found] == [1, 3]
    assert rules.offers(replace(draft, streets=frozenset()), [russian]) == []
