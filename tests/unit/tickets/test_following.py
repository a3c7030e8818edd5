"""What a citizen sees of a story is what is named, and never what is left over."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tickets.facts import CITIZEN, EventFacts
from tickets.following import Seen, Sight, timeline
from tickets.models import EventKind

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SECRET = "for colleagues only"
#: One event of every kind, with a secret wherever somebody of the city writes for colleagues.
STORY: dict[EventKind, dict[str, Any]] = {
    EventKind.MADE: {"text": SECRET, "call_id": 1},
    EventKind.CALL: {"text": SECRET, "call_id": 2},
    EventKind.CALLED_OUT: {"result": "no-answer", "text": SECRET},
    EventKind.MOVED: {"from": "done", "to": "in_progress", "text": SECRET},
    EventKind.NOTE: {"text": SECRET},
    EventKind.COMPLETED: {"text": SECRET},
    EventKind.OVERDUE: {"due_at": SECRET},
    EventKind.MISSED: {"due_at": SECRET},
    EventKind.WAITING: {"for": "citizen", "until": AT.isoformat(), "text": SECRET},
    EventKind.RESUMED: {"text": SECRET},
    EventKind.ROUTED: {"was": {}, "now": {"division": "works"}, "text": SECRET},
    EventKind.ASSIGNED: {"from": SECRET, "to": SECRET, "text": SECRET},
    EventKind.ESCALATED: {"to": SECRET},
    EventKind.RATED: {"mark": 1, "text": SECRET},
    EventKind.NAMED: {"person": SECRET},
    EventKind.PLACED: {"was": {}, "now": {"address": SECRET}, "text": SECRET},
    EventKind.MESSAGE: {"text": "to you"},
    EventKind.CITIZEN: {"text": "from me", "by": "page"},
    EventKind.JUDGED: {"mark": 4, "text": SECRET},
    EventKind.CONFIRMED: {"text": SECRET},
    EventKind.READ: {"text": SECRET},
    EventKind.LINKS_ENDED: {"count": 1, "text": SECRET},
    EventKind.FILE_ADDED: {"file": 1, "of": SECRET},
    EventKind.FILE_MARKED: {"file": 1, "of": SECRET, "public": True, "text": SECRET},
    EventKind.FILE_REMOVED: {"file": 1, "of": SECRET, "text": SECRET},
    EventKind.LINKED: {"kind": SECRET, "other": SECRET, "text": SECRET},
    EventKind.UNLINKED: {"kind": SECRET, "other": SECRET, "text": SECRET},
    EventKind.MERGED: {"into": "1000027", "text": SECRET, "from": "received"},
    EventKind.UNMERGED: {"out_of": SECRET, "text": SECRET, "to": "received"},
    EventKind.JOINED: {"other": SECRET, "text": SECRET},
    EventKind.PARTED: {"other": SECRET, "text": SECRET},
    EventKind.FORWARDED: {"agency": SECRET, "reference": SECRET, "text": SECRET},
    EventKind.TO_CHASE: {"agency": SECRET},
    EventKind.CHASED: {"agency": SECRET, "text": SECRET},
    EventKind.REPLIED: {"agency": SECRET, "text": SECRET},
    EventKind.UNDONE: {"kind": SECRET, "was": {}, "now": {}},
    EventKind.TOLD: {"to": [SECRET], "why": SECRET},
    EventKind.LOOKED: {"text": SECRET},
    EventKind.HIDDEN: {"hidden": True, "text": SECRET},
    EventKind.HELD: {"text": SECRET},
    EventKind.RELEASED: {"text": SECRET},
    EventKind.CALLER: {"callers": SECRET, "text": SECRET},
    EventKind.CALLER_GONE: {"callers": SECRET, "instead": SECRET, "text": SECRET},
    EventKind.CLOSING: {"at": SECRET, "text": SECRET},
    EventKind.UNIT_ASKED: {"wanted": True, "text": SECRET},
    EventKind.UNIT_SENT: {"unit": SECRET, "title": {"th": SECRET}, "text": SECRET},
    EventKind.UNIT_MOVED: {"unit": SECRET, "from": "sent", "to": "on_way", "text": SECRET},
    EventKind.UNIT_LATE: {"unit": SECRET, "instead": SECRET},
    EventKind.UNIT_HELP: {"unit": SECRET, "needed": True, "text": SECRET},
    EventKind.REDACTED: {"why": SECRET, "text": SECRET},
    EventKind.INCIDENT: {"incident": 1, "titles": {"th": SECRET, "en": SECRET}},
}


def event(kind: EventKind, who: str = "nok", **data: Any) -> EventFacts:
    return EventFacts(AT, who, kind, {**STORY.get(kind, {}), **data})


def test_nothing_that_was_written_for_colleagues_and_nobodys_name() -> None:
    # a kind that is added later stays inside until somebody decides otherwise
    assert set(STORY) == set(EventKind), "what does a citizen see of the new kind?"
    seen = timeline(event(kind) for kind in EventKind)
    assert SECRET not in str(seen)
    assert "nok" not in str(seen)
    assert [each.what for each in seen] == [
        Sight.RECEIVED,
        Sight.REOPENED,
        Sight.WAITS_FOR_YOU,
        Sight.PASSED_ON,
        Sight.MESSAGE,
        Sight.YOU,
        Sight.JUDGED,
        Sight.CONFIRMED,
        Sight.JOINED,
    ]


@pytest.mark.parametrize("kind", [EventKind.UNIT_MOVED, EventKind.INCIDENT])
def test_the_unit_that_they_were_told_of_and_no_other_word_of_it(kind: EventKind) -> None:
    told = {"tell": True} if kind is EventKind.UNIT_MOVED else {"on_way": True}
    (seen,) = timeline([event(kind, call_sign="Pattaya 101", **told)])
    assert seen == Seen(AT, Sight.UNIT, "", "Pattaya 101")
    assert timeline([event(kind, call_sign="Pattaya 101")]) == []


@pytest.mark.parametrize(
    ("data", "what", "text", "more"),
    [
        (
            {"from": "in_progress", "to": "done", "result": "fixed", "text": "repaired"},
            Sight.DONE, "repaired", "fixed",
        ),
        (
            {"from": "received", "to": "cancelled", "result": "withdrawn", "text": "not ours"},
            Sight.CANCELLED, "not ours", "withdrawn",
        ),
        (
            {"from": "received", "to": "cancelled", "instead": "1000019", "text": SECRET},
            Sight.JOINED, "", "100-0019",
        ),
        ({"from": "received", "to": "in_progress", "text": SECRET}, Sight.TAKEN_UP, "", ""),
    ],
)  # fmt: skip
def test_moves(data: dict[str, Any], what: Sight, text: str, more: str) -> None:
    (seen,) = timeline([EventFacts(AT, "nok", EventKind.MOVED, data)])
    assert seen == Seen(AT, what, text, more)


def test_what_the_citizen_said_is_theirs_with_numbers_hidden() -> None:
    words = {"from": "done", "to": "in_progress", "text": "call me: 081 234 5678"}
    seen = timeline([EventFacts(AT, CITIZEN, EventKind.MOVED, words)])
    assert seen == [Seen(AT, Sight.REOPENED, "call me: ·····", "", mine=True)]
    assert timeline([event(EventKind.CALLED_OUT, result="answered")])[0].what is Sight.CALLED_YOU
