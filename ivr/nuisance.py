"""Nuisance: numbers that are not served for a while, and numbers that a supervisor should look at.

Who is blocked hears a polite refusal and can still reach the emergency services. Every block says
why and ends by itself. Nobody is blocked by a machine: `suspects` only shows.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import phonenumbers
import sqlalchemy as sa
from phonenumbers import shortnumberinfo
from sqlalchemy.orm import Session

from hotline import telephones
from hotline.config import City
from hotline.db import insert_ignore
from ivr import silence
from ivr.calls import WITHHELD
from ivr.config import NuisanceRules
from ivr.errors import (
    AlreadyBlocked,
    BadLength,
    BlockOver,
    NeverBlocked,
    NoReason,
    NoSuchBlock,
    NotANumber,
    NumberWithheld,
)
from ivr.events import Kind
from ivr.models import Block, BlockEvent, Call, CallEvent, Dismissal
from ivr.silence import SilentCall, Suspect

LONGEST_BLOCK = 365
LONGEST_REASON = 500
#: Who ends a block that runs out.
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """A block. Moments are aware; `number` is E.164 and personal data."""

    id: int
    number: str
    reason: str
    author: str
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None

    def state(self, now: datetime) -> str:
        """`active`, `lifted` or `ran_out`."""
        if self.ended_by is not None:
            return "lifted"
        return "active" if self.ended_at is None and now < self.expires_at else "ran_out"


@dataclass(frozen=True, slots=True)
class DismissalFacts:
    """A number that is no nuisance, who said so, and until when that is remembered."""

    number: str
    by: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What an agent should know of a number: its silent calls of the last days, whether those are
    so many that a supervisor should look, and its blocks, the newest first.
    """

    silent: int
    suspect: bool
    blocks: tuple[BlockFacts, ...]


# ---------------------------------------------------------------- in a call


def blocked(session: Session, number: str, now: datetime) -> BlockFacts | None:
    """The block of a caller, or None. `number` is what the carrier sends as From."""
    row = session.execute(_OF_NUMBER, {"number": number, "now": now}).one_or_none()
    return None if row is None else BlockFacts(*row)


# ---------------------------------------------------------------- numbers


def normalised(typed: str, city: City) -> str:
    """A telephone number as typed in the city's country, as E.164.

    Raises `NumberWithheld`, `NeverBlocked` for emergency and short numbers and those of the hotline
    itself, `NotANumber` for anything else that nobody can call from.
    """
    text = typed.strip()
    if text.lower() in WITHHELD:
        raise NumberWithheld
    _refuse_short(text, city)
    found = telephones.kept(text, city.country, possible=True)
    if found is None:
        raise NotANumber
    if found in _own(city):
        raise NeverBlocked
    return found


def _refuse_short(text: str, city: City) -> None:
    digits = phonenumbers.normalize_digits_only(text)
    code = str(phonenumbers.country_code_for_region(city.country))
    # 191, and 191 behind the country's code, which is the same to who types it
    spellings = {digits, digits.removeprefix(code)} if text.startswith("+") else {digits}
    for each in spellings:
        if each in _own(city) or _is_short(each, city.country):
            raise NeverBlocked


def _is_short(digits: str, country: str) -> bool:
    if shortnumberinfo.is_emergency_number(digits, country):
        return True
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return False
    return shortnumberinfo.is_possible_short_number_for_region(number, country) and not (
        phonenumbers.is_possible_number(number)
    )


def _own(city: City) -> Set[str]:
    return frozenset((city.number, city.caller_id, city.fallback_number))


# ---------------------------------------------------------------- the verbs


def block(
    session: Session, number: str, *, reason: str, days: int, by: str, now: datetime
) -> BlockFacts:
    """Do not serve `number` (E.164, see `normalised`) for so many days.

    Raises `NoReason`, `BadLength`, `AlreadyBlocked`.
    """
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason:
        raise NoReason
    if not 1 <= days <= LONGEST_BLOCK:
        raise BadLength(longest=LONGEST_BLOCK)
    _end_what_ran_out(session, number, now)
    expires_at = now + timedelta(days=days)
    values = {
        "number": number,
        "reason": reason,
        "author": by,
        "made_at": now,
        "expires_at": expires_at,
    }
    block_id = insert_ignore(session, Block, values)
    if block_id is None:
        raise AlreadyBlocked
    kept = {"reason": reason, "expires_at": expires_at.isoformat()}
    _note(session, block_id, "blocked", kept, by, now)
    return find(session, block_id)


def lift(session: Session, block_id: int, *, by: str, now: datetime) -> BlockFacts:
    """Serve the number again. Raises `NoSuchBlock`; `BlockOver` when it is no longer blocked."""
    row = session.execute(
        sa.update(Block)
        .where(Block.id == block_id, Block.ended_at.is_(None), Block.expires_at > now)
        .values(ended_at=now, ended_by=by)
        .returning(Block.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    found = find(session, block_id)
    if row is None:
        raise BlockOver
    _note(session, block_id, "lifted", {}, by, now)
    return found


def dismiss(session: Session, rules: NuisanceRules, number: str, *, by: str, now: datetime) -> None:
    """This number (as the carrier sends it) is no nuisance: not shown for the configured days."""
    until = now + timedelta(days=rules.dismissed_days)
    session.add(Dismissal(number=number, by=by, at=now, until=until))
    session.flush()


def _end_what_ran_out(session: Session, number: str, now: datetime) -> None:
    """Make room for a new block: a number has at most one that is not ended."""
    ended = session.execute(
        sa.update(Block)
        .where(Block.number == number, Block.ended_at.is_(None), Block.expires_at <= now)
        .values(ended_at=Block.expires_at)
        .returning(Block.id)
        .execution_options(synchronize_session=False)
    )
    for block_id in ended.scalars().all():
        _note(session, block_id, "ran_out", {}, SYSTEM, now)


def _note(
    session: Session, block_id: int, kind: str, data: Mapping[str, Any], by: str, now: datetime
) -> None:
    session.execute(
        sa.insert(BlockEvent).values(block_id=block_id, at=now, by=by, kind=kind, data=dict(data))
    )


# ---------------------------------------------------------------- what there is


def find(session: Session, block_id: int) -> BlockFacts:
    """One block; raises `NoSuchBlock`."""
    row = session.execute(_ALL.where(Block.id == block_id)).one_or_none()
    if row is None:
        raise NoSuchBlock(f"block {block_id}")
    return BlockFacts(*row)


def listing(session: Session, now: datetime) -> list[BlockFacts]:
    """Every number that is not served now, the newest block first."""
    rows = session.execute(_ALL.where(_HOLDS).order_by(Block.id.desc()), {"now": now})
    return [BlockFacts(*row) for row in rows]


def past(
    session: Session, now: datetime, *, before: int | None = None, limit: int = 20
) -> list[BlockFacts]:
    """Blocks that were lifted or ran out, the newest first; with `before` those of smaller ids."""
    query = _ALL.where(sa.not_(_HOLDS)).order_by(Block.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Block.id < before)
    return [BlockFacts(*row) for row in session.execute(query, {"now": now})]


def dismissals(session: Session, now: datetime) -> list[DismissalFacts]:
    """What is remembered as no nuisance, the newest first."""
    rows = session.execute(
        sa.select(Dismissal.number, Dismissal.by, Dismissal.at, Dismissal.until)
        .where(Dismissal.until > now)
        .order_by(Dismissal.until.desc())
    )
    return [DismissalFacts(*row) for row in rows]


def refused_counts(session: Session, blocks: Mapping[int, BlockFacts]) -> dict[int, int]:
    """How many calls each of these blocks has refused."""
    if not blocks:
        return {}
    since = min(each.made_at for each in blocks.values())
    counts = dict.fromkeys(blocks, 0)
    rows = session.scalars(
        sa.select(CallEvent.data).where(CallEvent.kind == Kind.REFUSED.value, CallEvent.at >= since)
    )
    for data in rows:
        if data["block"] in counts:
            counts[data["block"]] += 1
    return counts


# ---------------------------------------------------------------- whom to look at


def suspects(session: Session, rules: NuisanceRules, now: datetime) -> list[Suspect]:
    """Numbers with many silent calls in the last days; without those that are blocked or that
    somebody has looked at.
    """
    known = {each.number for each in listing(session, now)}
    known |= {each.number for each in dismissals(session, now)}
    since = now - timedelta(days=rules.days)
    # counted here: asked to group, a planner may read the whole index of numbers for it
    calls = Counter(session.scalars(_NUMBERS_SINCE, {"since": since}))
    often = [
        number
        for number, count in calls.items()
        if count >= rules.calls and number not in known and number not in WITHHELD
    ]
    return silence.suspects(_silent_calls(session, often, since, frozenset(rules.outcomes)), rules)


def of_number(session: Session, rules: NuisanceRules, number: str, *, now: datetime) -> NumberFacts:
    """The marks of one number (E.164); who has been looked at and dismissed is no suspect."""
    since = now - timedelta(days=rules.days)
    silent = [*_silent_calls(session, [number], since, frozenset(rules.outcomes))]
    looked_at = sa.select(Dismissal.id).where(Dismissal.number == number, Dismissal.until > now)
    dismissed = session.execute(looked_at.limit(1)).one_or_none() is not None
    blocks = session.execute(_ALL.where(Block.number == number).order_by(Block.id.desc()))
    return NumberFacts(
        len(silent),
        bool(silence.suspects(silent, rules)) and not dismissed,
        tuple(BlockFacts(*row) for row in blocks),
    )


def _silent_calls(
    session: Session, numbers: list[str], since: datetime, outcomes: Set[str]
) -> Iterator[SilentCall]:
    rows = session.execute(_EVENTS_OF_NUMBERS, {"numbers": numbers, "since": since})
    for (number, call_id), of_call in groupby(rows, key=itemgetter(0, 1)):
        events = [(at, kind, data) for _, _, at, kind, data in of_call]
        found = silence.silent_call(call_id, number, events, outcomes)
        if found is not None:
            yield found


_COLUMNS = (
    Block.id,
    Block.number,
    Block.reason,
    Block.author,
    Block.made_at,
    Block.expires_at,
    Block.ended_at,
    Block.ended_by,
)
_ALL = sa.select(*_COLUMNS)
_HOLDS = sa.and_(Block.ended_at.is_(None), Block.expires_at > sa.bindparam("now"))
_OF_NUMBER = _ALL.where(Block.number == sa.bindparam("number"), _HOLDS)
_OVER_SINCE = (Call.arrived_at >= sa.bindparam("since"), Call.ended_at.is_not(None))
#: Few numbers call often: only their calls are looked into.
_NUMBERS_SINCE = sa.select(Call.from_number).where(*_OVER_SINCE, Call.from_number.startswith("+"))
_EVENTS_OF_NUMBERS = (
    sa.select(Call.from_number, Call.id, CallEvent.at, CallEvent.kind, CallEvent.data)
    .join(CallEvent, CallEvent.call_id == Call.id)
    .where(*_OVER_SINCE, Call.from_number.in_(sa.bindparam("numbers", expanding=True)))
    .order_by(Call.from_number, Call.id, CallEvent.id)
)
