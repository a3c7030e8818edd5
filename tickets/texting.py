"""The rules of what a citizen is told by SMS: at which moments, when, and when not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from hotline.calendars import Span
from hotline.telephones import can_receive
from tickets.workflow import OPEN, Priority, State, Waiting


class Moment(StrEnum):
    """What in the life of a ticket its citizen is told of."""

    MADE = "made"
    ACCEPTED = "accepted"
    MESSAGE = "message"
    WAITING = "waiting"
    CLOSED = "closed"
    REOPENED = "reopened"
    #: A unit is on its way to it.
    UNIT = "unit"


#: How a ticket stands: while one of these is still held back, a newer one takes its place.
STANDS: Final = frozenset(set(Moment) - {Moment.MESSAGE, Moment.UNIT})

#: What a text of each moment may name in braces.
PLACES: Final[Mapping[Moment, frozenset[str]]] = {
    Moment.MADE: frozenset({"number", "link", "due"}),
    Moment.ACCEPTED: frozenset({"number", "link", "due"}),
    Moment.MESSAGE: frozenset({"number", "link"}),
    Moment.WAITING: frozenset({"number", "link"}),
    Moment.CLOSED: frozenset({"number", "link", "result"}),
    Moment.REOPENED: frozenset({"number", "link", "due"}),
    Moment.UNIT: frozenset({"number", "link", "unit"}),
}
#: The longest that stands in such a place, as far as the file can know. A link: https://, a host of
#: 28 letters, /t/ and 22 letters.
LINK: Final = "https://" + "h" * 28 + "/t/" + "t" * 22
#: A call sign of 16 letters.
UNIT: Final = "U" * 16
_DUE: Final = {"th": "30 พ.ย. 2569 23:59 น."}
_RESULT: Final = {
    "th": "ไม่สามารถดำเนินการแก้ไขได้",
    "zh": "未发现所反映的问题",
    "ru": "Проблема не обнаружена",
}


def longest(language: str) -> dict[str, str]:
    """Return what a text is measured with."""
    return {
        "number": "100-000-0000",
        "link": LINK,
        "due": _DUE.get(language, "30 Nov 2026, 23:59:00"),
        "result": _RESULT.get(language, "Not found as reported"),
        "unit": UNIT,
    }


def moment_of(kind: str, data: Mapping[str, Any]) -> Moment | None:
    """Return the moment that an event is (`tickets.models.EventKind`, and its data), or None.

    A matter that is closed at birth was answered while its caller listened. Of a call whose agent
    wrote nothing down nobody knows yet whether there is a matter at all. One that goes on under
    another number is not closed for its citizen.
    """
    if kind in ("made", "completed"):
        return _taken_down(kind, data)
    if kind == "unit_moved":
        return Moment.UNIT if data.get("tell") else None
    if kind == "incident":
        # a unit that was sent to one of its tickets comes to all of them
        return Moment.UNIT if "on_way" in data else None
    if kind == "message":
        # who has several tickets of one matter reads it in each, and is told of it once
        return None if data.get("quiet") else Moment.MESSAGE
    if kind == "waiting":
        return Moment.WAITING if data.get("for") == Waiting.CITIZEN else None
    return _moved(data) if kind == "moved" and "instead" not in data else None


def _taken_down(kind: str, data: Mapping[str, Any]) -> Moment | None:
    told_at_once = data.get("source", "call") != "call"
    is_open = data.get("state") in OPEN
    if kind == "made":
        return Moment.MADE if is_open and (told_at_once or not data.get("incomplete")) else None
    if told_at_once:
        return None if is_open else Moment.CLOSED
    return Moment.MADE if is_open else None


def _moved(data: Mapping[str, Any]) -> Moment:
    from_, to = State(data["from"]), State(data["to"])
    if to not in OPEN:
        return Moment.CLOSED
    return Moment.ACCEPTED if from_ in OPEN else Moment.REOPENED


class Why(StrEnum):
    """Why a citizen was not told, or could not be."""

    NO_SENDER = "no_sender"
    WITHHELD = "withheld"
    LANDLINE = "landline"
    OPTED_OUT = "opted_out"
    OVERTAKEN = "overtaken"
    #: It would have had to wait for the morning, and then is no news.
    QUIET = "quiet"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


def why_not(number: str | None, *, has_sender: bool, opted_out: bool) -> Why | None:
    """Say why no SMS can go to who called from `number` (E.164; None: withheld), or None."""
    if not has_sender:
        return Why.NO_SENDER
    if not number:
        return Why.WITHHELD
    if not can_receive(number):
        return Why.LANDLINE
    return Why.OPTED_OUT if opted_out else None


def send_at(now: datetime, quiet: Span | None, zone: ZoneInfo, priority: Priority) -> datetime:
    """Return when an SMS of this moment goes: at once, or when the quiet hours are over. What is
    urgent wakes people.
    """
    if quiet is None or priority is not Priority.NORMAL:
        return now
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (-1, 0):
        start = midnight + timedelta(days=day, minutes=quiet.start)
        end = midnight + timedelta(days=day, minutes=quiet.end)
        if start <= local < end:
            return end.astimezone(now.tzinfo)
    return now


# ------------------------------------------------------------------ the carrier's words

#: How far a message is, by the carrier's word for it. Source: Twilio, "Message resource", "Message
#: Status values".
RANK: Final[Mapping[str, int]] = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "delivered": 4,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
}
LOST: Final = frozenset({"undelivered", "failed", "canceled"})


def is_newer(word: str, known: str | None) -> bool:
    """Say whether the carrier's `word` tells more than the one that is known: they may come twice,
    late and in any order.
    """
    return word in RANK and (known is None or RANK[word] > RANK.get(known, -1))


# ------------------------------------------------------------------ what a citizen writes

#: The words of the carriers' own lists (Twilio, "SMS opt-out keywords"), and what people write.
_STOP: Final = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"}
    | {"หยุด", "หยุดส่ง", "ยกเลิก", "ยกเลิกsms", "ไม่รับ", "ไม่รับsms", "стоп", "停止", "退订"}
)
_START: Final = frozenset({"start", "unstop", "yes", "เริ่ม", "รับ", "รับsms", "старт", "开始"})


@dataclass(frozen=True)
class Wish:
    """Whether somebody wants our SMS."""

    wanted: bool


def wish_of(text: str) -> Wish | None:
    """Return what an SMS of one word wishes; None: it is a message."""
    word = "".join(text.split()).strip(".!").casefold()
    if word in _STOP:
        return Wish(wanted=False)
    return Wish(wanted=True) if word in _START else None
