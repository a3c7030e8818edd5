"""A city's tickets of many years, made up: Thai words after Zipf's law, as texts have them.

The words are this file's own. Some of them stand in every second ticket and some in one of a
hundred thousand; texts have no spaces but between clauses.
"""

import importlib
import json
import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from tickets import numbers
from tickets.models import TicketFault


def _listed(words: str) -> list[str]:
    return words.split()


#: The more common first.
COMMON = _listed(
    """
    ครับ ค่ะ แจ้ง ขอ ซ่อม ถนน ซอย ไฟ น้ำ ดับ ท่วม หน้า บ้าน ขยะ ท่อ เสีย รถ ทาง เท้า ชำรุด ตลาด วัด
    หาด โรงเรียน เหม็น เสียง ดัง สุนัข กลางคืน ต้นไม้ หัก ล้ม สาย ไฟฟ้า ประปา ไม่ไหล หลุม บ่อ ฝา เปิด
    คลอง ตัน ป้าย จราจร สัญญาณ กล้อง วงจรปิด ควัน เผา ก่อสร้าง ฝุ่น จอด กีดขวาง หาบเร่ แผงลอย ยุง
    ลาย พ่น เด็ก ผู้สูงอายุ พิการ เบี้ย ยังชีพ ภาษี ใบเสร็จ ทะเบียน บัตร นัดหมาย ห้องน้ำ สวน สาธารณะ
    สนาม กีฬา ชายหาด
    """
)
_HEADS = _listed("สว่าง มณี ธาร ศิลา พรหม ทอง เกษม รุ่ง ฉลอง ปรีชา อุดม วิจิตร บุญ เพชร ศรี จันทร์ ฤทธิ์ ฐาน")
_TAILS = _listed("พัฒนา นคร วิทยา สุข ไพร ชัย มงคล รัตน์ วงศ์ เจริญ กุล ภักดี ทิพย์ ธานี อารีย์ ณรงค์ ฆ้อง ฌาน")
_LINES = _listed("หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า สิบ")
#: Names of places, and so rare words: over three thousand of them.
RARE = [f"{head}{tail}{line}" for line in _LINES for head in _HEADS for tail in _TAILS]
#: Of one ticket in so many.
SELDOM = {"ฮิปโป": 20_000, "ฬว": 50_000}
ABSENT = ("ไดโนเสาร์", "ฮฬ", "ฅ")
NAMES = _listed("สมชาย สมหญิง วิชัย มาลี ประเสริฐ สุดา อนันต์ พิมพ์ใจ ธนา รัตนา")

_WORDS = COMMON + RARE
_WEIGHTS = list(accumulate(1 / (rank + 3) for rank in range(len(_WORDS))))


def text(chance: random.Random, n: int) -> str:
    """The text of the n-th ticket."""
    clauses = []
    for _ in range(chance.randint(1, 4)):
        words = (
            _WORDS[bisect(_WEIGHTS, chance.random() * _WEIGHTS[-1])]
            for _ in range(chance.randint(3, 9))
        )
        clauses.append("".join(words))
    clauses += [word for word, seldom in SELDOM.items() if n % seldom == seldom // 2]
    return " ".join([*clauses, f"ซอย {chance.randint(1, 120)}"])


TABLES = {
    "tickets": _listed(
        "id number kind state category division owner priority private incomplete text language "
        "caller_number source made_by received_at due_at acknowledge_due_at acknowledged_at "
        "update_due_at escalation version closed_at result"
    ),
    "ticket_events": _listed("ticket_id at who kind data"),
    "ticket_calls": _listed("call_id ticket_id caller_number at"),
    "citizens": _listed("id name note vip made_at version"),
    "call_citizens": _listed("call_id citizen_id at"),
    # of these `benchmarks.duplicates` makes some
    "ticket_places": _listed(
        "ticket_id latitude longitude source house moo soi road address landmark contradicts"
    ),
}
#: One of so many tickets is still open, the newer the likelier.
OPEN_SHARE = 0.03
#: How often each promise fails, of those that are closed: three in ten.
FAILED = {
    "acknowledge": 0.08,
    "update": 0.05,
    "overdue": 0.08,
    "escalated": 0.04,
    "routed": 0.015,
    "elsewhere": 0.015,
    "reopened": 0.006,
    "agency": 0.006,
}
_PERSONS = 50_000
#: From one ticket to the next.
EVERY = timedelta(seconds=30)


def rows(
    many: int, divisions: Sequence[str], until: datetime
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The rows of `many` tickets, one every half minute up to `until`: table and values."""
    chance = random.Random(1337)
    persons = min(_PERSONS, many // 10)
    for n in range(1, persons + 1):
        yield "citizens", (n, f"{chance.choice(NAMES)} {chance.choice(RARE)}", "", "", until, 1)
    open_from = many - int(many * OPEN_SHARE * 2)
    for n in range(1, many + 1):
        at = until - EVERY * (many - n + 1)
        yield from _ticket(chance, n, at, n > open_from and chance.random() < 0.5, divisions)
        yield "ticket_calls", (n, n, None, at)
        if n % 5 == 0:
            yield "call_citizens", (n, chance.randint(1, persons), at)


def _ticket(
    chance: random.Random, n: int, at: datetime, is_open: bool, divisions: Sequence[str]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    words, division = text(chance, n), divisions[n * 7919 % len(divisions)]
    caller = f"+668{chance.randint(0, 99_999_999):08}" if chance.random() < 0.8 else None
    due = at + timedelta(hours=chance.randint(8, 240))
    closed = None if is_open else at + timedelta(hours=chance.randint(1, 200))
    state, result = ("received", None) if is_open else ("done", "fixed")
    owner = f"person{n % 40}" if chance.random() < 0.5 else None
    yield (
        "tickets",
        (
            n,
            numbers.make(n),
            "complaint",
            state,
            "water_supply",
            division,
            owner,
            "normal",
            n % 50 == 0,
            False,
            words,
            "th",
            caller,
            "call",
            "agent1",
            at,
            due,
            at + timedelta(hours=8),
            at + timedelta(hours=2) if n % 3 else None,
            due if is_open else None,
            0,
            1,
            closed,
            result,
        ),
    )
    made = {"kind": "complaint", "category": "water_supply", "division": division}
    made |= {"state": "received", "result": None, "outcome": "complaint", "text": words}
    made["due_at"] = due.isoformat()
    yield "ticket_events", (n, at, "agent1", "made", json.dumps(made))
    if n % 2:
        note = {"text": text(chance, n + 1)}
        yield (
            "ticket_events",
            (n, at + timedelta(hours=1), "division", "note", json.dumps(note, ensure_ascii=False)),
        )
    if closed:
        for after, who, kind, data in _failures(chance, divisions[(n * 7919 + 1) % len(divisions)]):
            yield "ticket_events", (n, at + after, who, kind, json.dumps(data))
        moved = {"from": "received", "to": "done", "result": "fixed", "text": "แก้ไขแล้ว"}
        yield "ticket_events", (n, closed, "division", "moved", json.dumps(moved))


def _failures(chance: random.Random, elsewhere: str) -> Iterator[tuple[timedelta, str, str, Any]]:
    """What a promise failed by: after how long, who, kind and data."""
    told = {
        **_BY_CLOCKS,
        "elsewhere": [(10, "agent1", "routed", {"was": {"division": elsewhere}, "now": {}})],
    }
    failed = [name for name, share in FAILED.items() if chance.random() < share]
    happened = (each for name in failed for each in told[name])
    for hours, who, kind, data in sorted(happened, key=lambda each: each[0]):
        yield timedelta(hours=hours), who, kind, data


_DUE = "2026-01-01T00:00:00+00:00"
_BY_CLOCKS: dict[str, list[tuple[int, str, str, dict[str, Any]]]] = {
    "acknowledge": [(8, "system", "missed", {"clock": "acknowledge", "due_at": _DUE})],
    "update": [(72, "system", "missed", {"clock": "update", "due_at": _DUE})],
    "overdue": [(80, "system", "overdue", {"due_at": _DUE})],
    "escalated": [
        (81, "system", "escalated", {"level": 1, "to": "division", "clocks": [], "since": _DUE})
    ],
    "routed": [(9, "agent1", "routed", {"was": {"category": "roads"}, "now": {}, "text": "แก้"})],
    "reopened": [
        (90, "division", "moved", {"from": "received", "to": "done", "result": "fixed"}),
        (95, "agent1", "moved", {"from": "done", "to": "received", "text": "ยังไม่เสร็จ"}),
    ],
    "agency": [
        (11, "division", "waiting", {"for": "agency", "until": _DUE, "text": "รอการไฟฟ้า"}),
        (35, "system", "resumed", {"text": ""}),
    ],
}
#: What reads the failures out of stories.
_READS = "hotline.migrations.versions.0049_failures_are_written_down"


def failures(connection: sa.Connection) -> None:
    """Write the rows of failures, which the verbs write beside their events."""
    connection.execute(sa.delete(TicketFault))
    importlib.import_module(_READS).write(connection)
