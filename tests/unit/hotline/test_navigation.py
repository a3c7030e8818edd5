"""The header: a row of pages and groups, and under it the pages of a group."""

import pytest

from hotline.navigation import Entry, Menu, menu
from hotline.roles import Role

AGENT, BOSS, MANAGER = Role.AGENT, Role.SUPERVISOR, Role.MANAGER
DESK = Entry("desk", "/desk", (AGENT, BOSS))
CALLBACKS = Entry("callbacks", "/callbacks", (AGENT, BOSS), "callers")
CALLS = Entry("calls", "/calls", (BOSS, MANAGER), "callers")
ROSTER = Entry("roster", "/roster", (BOSS,), "team")
MINE = Entry("mine", "/roster/mine", (AGENT, BOSS))
ENTRIES = (DESK, CALLBACKS, CALLS, ROSTER, MINE)


def row(found: Menu) -> list[tuple[str, str]]:
    return [(each.text, each.address) for each in found.row]


def test_a_group_is_named_by_its_own_word_and_leads_to_its_first_page() -> None:
    found = menu(ENTRIES, BOSS, "/desk")
    assert row(found) == [
        ("desk", "/desk"),
        ("callers", "/callbacks"),
        ("roster", "/roster"),
        ("mine", "/roster/mine"),
    ]
    assert (found.current, found.below) == (DESK, ())


def test_of_a_group_one_page_is_seen_by_its_own_name() -> None:
    found = menu(ENTRIES, AGENT, "/callbacks")
    assert row(found) == [
        ("desk", "/desk"),
        ("callbacks", "/callbacks"),
        ("mine", "/roster/mine"),
    ]
    assert (found.current, found.below) == (CALLBACKS, ())
    assert row(menu(ENTRIES, MANAGER, "/")) == [("calls", "/calls")]


def test_under_the_row_are_the_pages_of_the_group_one_is_in() -> None:
    found = menu(ENTRIES, BOSS, "/calls/12")
    assert found.current in found.row
    assert found.current is not None
    assert (found.current.text, found.current.address) == ("callers", "/callbacks")
    assert (found.below, found.current_below) == ([CALLBACKS, CALLS], CALLS)


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/roster", ROSTER),
        ("/roster/2026-11-23", ROSTER),
        ("/roster/mine", MINE),
        ("/rosters", None),
        ("/", None),
    ],
)
def test_the_longer_address_says_it_better(path: str, current: Entry | None) -> None:
    assert menu(ENTRIES, BOSS, path).current == current


def test_who_may_open_nothing_is_offered_nothing() -> None:
    assert menu(ENTRIES, Role.CREW, "/desk") == Menu([], None)
