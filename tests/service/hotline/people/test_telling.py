"""What a line of the audit log says besides who, what, whom and why: words, in both languages."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from hotline import audit, clock
from hotline.auth import Role
from hotline.floor import Floor
from tests.service.hotline.people.conftest import Person

Make = Callable[..., Person]
#: kind, subject, what it keeps, what is read in English.
SAID: list[tuple[str, str, dict[str, Any], str]] = [
    ("agents.state_changed", "agent:7", {"move": "break", "pause": "meal", "was": "ready:"}, ""),
    (
        "agents.skills_changed",
        "agent:7",
        {"gave": ["complaint/en", "complaint/th"], "took": [], "name": "noi"},
        "gave: Complaints (English, ไทย)",
    ),
    (
        "agents.shift_added",
        "agent:7",
        {
            "first_day": "2026-12-01",
            "start": "16:00",
            "minutes": 480,
            "rule": "FREQ=WEEKLY;BYDAY=MO,TU",
            "run": 1,
        },
        "first day: 1 December 2026 · begins at: 16:00 · minutes: 480 · repeats: Every",
    ),
    (
        "agents.shift_altered",
        "agent:7",
        {"planned": "2026-12-01", "off": True, "day": "2026-12-01", "start": "16:00"},
        "day off: yes",
    ),
    ("agents.roster_imported", "agent:7", {"shifts": 3, "form": "csv"}, "file: a table (CSV)"),
    ("ivr.reordered", "call:12", {"how": "queue", "queue": "emergency", "was": "complaint"}, ""),
    ("ivr.monitored", "call:12", {"monitor": 4, "mode": "whispering"}, "Whispered to the agent"),
    ("ivr.mark_published", "call:12", {"mark": 1, "version": 2, "share": 0.875}, "score: 87.5 %"),
    ("ivr.blocked", "block:3", {"of": "+66·····002"}, "of: +66·····002"),
    ("tickets.unit_made", "unit:q1", {"call_sign": "Q1", "title": {"th": "ก", "en": "A"}}, "A"),
    ("floor.retention", "room:tickets", {"did": {"close": 2}, "subjects": ["close ticket:7"]}, ""),
    ("floor.erased", "citizen:4", {"of": "person 4", "did": {"recordings": 2}}, "erased:"),
    ("reports.subscribed", "subscription:2", {"email": "a@b.th", "report": "month"}, "monthly"),
]
#: A word of the code: one that two words make with a line or a stroke between them.
OF_CODE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b|\b[a-z]+/[a-z]{2}\b|FREQ=|\{|\btrue\b", re.IGNORECASE)


@pytest.mark.parametrize(("kind", "subject", "data", "english"), SAID)
def test_a_line_is_told_in_words(
    floor: Floor, make: Make, kind: str, subject: str, data: dict[str, Any], english: str
) -> None:
    with floor.db.write() as session:
        audit.record(session, kind, subject, by="boss", at=clock.now(), **data)
    root = make("root", Role.ADMINISTRATOR)
    for language, wanted in (("en", english), ("th", "")):
        table = root.looks(f"/audit.csv?kind={kind}&lang={language}").text
        assert wanted in table
        assert not OF_CODE.search(table), table
        for name in data:
            assert language == "en" or f"{name}: " not in table, table
    # what a record is called, when nobody knows it any more, is the least that is said
    assert subject.startswith("agent:") or subject not in table


def test_what_is_done_to_all_callers_stands_in_the_log(make: Make) -> None:
    boss, root = make("boss", Role.SUPERVISOR), make("root", Role.ADMINISTRATOR)
    boss.sends("/nuisance/blocks", number="0812345678", reason="breathes only", days="3")
    boss.sends("/nuisance/blocks/1/lift")
    page = root.looks("/audit?lang=en").text
    assert "Blocked a number" in page and "Lifted the block of a number" in page
    assert "breathes" not in page and "0812345678" not in page
