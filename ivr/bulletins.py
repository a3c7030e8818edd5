"""Bulletins: what the city tells its callers for a while, where in the flow, and who heard it.

A bulletin is a row that may change and a row per change that may not. One that is withdrawn stays
withdrawn: to say it again, write it again.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.config import READER_LANGUAGES
from ivr.config import Ivr
from ivr.errors import BulletinChanged, NoSuchBulletin, Unsayable
from ivr.events import Kind
from ivr.hearing import Counts, Told, counted, hearings, seconds_of
from ivr.models import Bulletin, BulletinEvent, CallEvent
from ivr.nodes import Hangup
from ivr.speech.prompts import sayable

#: Languages that no bulletin can do without; any other falls back to the last of them.
REQUIRED = READER_LANGUAGES
FALLBACK = "en"
LONGEST_TEXT = 1000
#: What is on air is asked for before it is written down that it was spoken.
_TAIL = timedelta(minutes=1)
#: So long after it was heard last, no call that heard it still lives.
_SETTLED = timedelta(days=1)
_FETCHED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Draft:
    """A bulletin as somebody writes it. Moments are aware; `places` are nodes of the flow."""

    texts: Mapping[str, str]
    places: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said to who speaks `language`: in that language, or (`instead`) in the fallback."""

    language: str
    text: str
    instead: bool
    #: How long it takes, about.
    seconds: int


@dataclass(frozen=True, slots=True)
class BulletinFacts:
    """A bulletin as it stands. Moments are aware."""

    id: int
    texts: Mapping[str, str]
    places: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    written_at: datetime
    version: int
    withdrawn_at: datetime | None

    def text_for(self, language: str) -> str:
        """What is said in `language`: its own text, else the English one."""
        return self.texts.get(language) or self.texts[FALLBACK]

    def said_to(self, language: str) -> Saying:
        """The same, with the language in which it is said and how long it takes."""
        return said_to(self.texts, language)

    def state(self, now: datetime) -> str:
        """`on_air`, `planned`, `over` or `withdrawn`."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        if now < self.starts_at:
            return "planned"
        return "on_air" if now < self.ends_at else "over"


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """Something that was done to a bulletin: see `models.BulletinEvent`."""

    n: int
    at: datetime
    by: str
    kind: str
    data: Mapping[str, Any]


class Settled(NamedTuple):
    """The counts of a bulletin that is over, as it stood in `version`."""

    bulletin_id: int
    version: int
    counts: Counts


# ---------------------------------------------------------------- in a call


def on_air(session: Session, place: str, now: datetime) -> list[BulletinFacts]:
    """What is to be said at the node `place` at this moment, the newest first."""
    rows = session.execute(_ON_AIR, {"now": now})
    return [facts for facts in map(_facts, rows) if place in facts.places]


# ---------------------------------------------------------------- the verbs


def write(
    session: Session,
    config: Ivr,
    draft: Draft,
    *,
    by: str,
    now: datetime,
    incident: int | None = None,
) -> int:
    """A new bulletin, heard from its start on; its id. `incident`: the one that it tells of.
    Raises `Unsayable`.
    """
    texts = _checked(config, draft, now)
    row = Bulletin(
        **_columns(draft, texts),
        author=by,
        written_at=now,
        version=1,
        withdrawn_at=None,
        incident_id=incident,
    )
    session.add(row)
    session.flush()
    _note(session, row.id, 1, "written", {}, by, now)
    return row.id


def change(
    session: Session,
    config: Ivr,
    bulletin_id: int,
    draft: Draft,
    *,
    version: int,
    by: str,
    now: datetime,
) -> None:
    """Say something else, elsewhere or at another time, from the next call on.

    `version` is the one that was seen. Raises `Unsayable`, `NoSuchBulletin`, and `BulletinChanged`
    when somebody was first or it is withdrawn.
    """
    texts = _checked(config, draft, now)
    before = find(session, bulletin_id)
    # it may be heard again: what was counted is no longer all
    _win(session, bulletin_id, version, heard=None, satisfied=None, **_columns(draft, texts))
    _note(session, bulletin_id, version + 1, "changed", _kept(before), by, now)


def withdraw(session: Session, bulletin_id: int, *, version: int, by: str, now: datetime) -> None:
    """Say it no more. Raises as `change` does."""
    before = find(session, bulletin_id)
    _win(session, bulletin_id, version, withdrawn_at=now)
    _note(session, bulletin_id, version + 1, "withdrawn", _kept(before), by, now)


def _win(session: Session, bulletin_id: int, version: int, **values: Any) -> None:
    row = session.execute(
        sa.update(Bulletin)
        .where(
            Bulletin.id == bulletin_id,
            Bulletin.version == version,
            Bulletin.withdrawn_at.is_(None),
        )
        .values(version=version + 1, **values)
        .returning(Bulletin.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise BulletinChanged


def _note(
    session: Session,
    bulletin_id: int,
    n: int,
    kind: str,
    data: Mapping[str, Any],
    by: str,
    now: datetime,
) -> None:
    session.execute(
        sa.insert(BulletinEvent).values(
            bulletin_id=bulletin_id, n=n, at=now, by=by, kind=kind, data=dict(data)
        )
    )


def _columns(draft: Draft, texts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "texts": dict(texts),
        "places": list(draft.places),
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
    }


def _kept(before: BulletinFacts) -> dict[str, Any]:
    return {
        "before": {
            "texts": dict(before.texts),
            "places": list(before.places),
            "starts_at": before.starts_at.isoformat(),
            "ends_at": before.ends_at.isoformat(),
        }
    }


# ---------------------------------------------------------------- what can be said


def said_to(texts: Mapping[str, str], language: str) -> Saying:
    """What is said to who speaks `language`; nothing yet of a draft that lacks the fallback too."""
    own = sayable(texts.get(language, ""))
    text = own or sayable(texts.get(FALLBACK, ""))
    seconds = seconds_of(text, language if own else FALLBACK)
    return Saying(language, text, not own and language != FALLBACK, seconds)


def faults(config: Ivr, draft: Draft, now: datetime) -> dict[str, str]:
    """What is wrong with a draft: field (`text.th`, `places`, `ends_at`) → key of the words."""
    found: dict[str, str] = {}
    for language in dict.fromkeys((*config.languages, *REQUIRED, *draft.texts)):
        text = sayable(draft.texts.get(language, ""))
        wrong = _wrong_text(config, language, text)
        if wrong:
            found[f"text.{language}"] = f"ivr.bulletin.{wrong}"
    if not draft.places:
        found["places"] = "ivr.bulletin.no_place"
    if draft.ends_at <= draft.starts_at:
        found["ends_at"] = "ivr.bulletin.ends_first"
    elif draft.ends_at <= now:
        found["ends_at"] = "ivr.bulletin.is_over"
    return found


def _wrong_text(config: Ivr, language: str, text: str) -> str:
    if not text and language not in REQUIRED:
        return ""
    if not re.search(r"\w", text):
        return "no_text"
    if language not in (*REQUIRED, *config.languages):
        return "no_such_language"
    return "too_long" if len(text) > LONGEST_TEXT else ""


def _checked(config: Ivr, draft: Draft, now: datetime) -> dict[str, str]:
    """The texts as they are kept; raises `Unsayable`."""
    found = faults(config, draft, now)
    if found:
        raise Unsayable(found)
    spoken = {language: sayable(text) for language, text in draft.texts.items()}
    return {language: text for language, text in spoken.items() if text}


# ---------------------------------------------------------------- what there is


def find(session: Session, bulletin_id: int) -> BulletinFacts:
    """One bulletin; raises `NoSuchBulletin`."""
    row = session.execute(_ALL.where(Bulletin.id == bulletin_id)).one_or_none()
    if row is None:
        raise NoSuchBulletin(f"bulletin {bulletin_id}")
    return _facts(row)


def of_incident(session: Session, incident_id: int) -> list[BulletinFacts]:
    """The bulletins that tell of an incident, the newest first."""
    query = _ALL.where(Bulletin.incident_id == incident_id).order_by(Bulletin.id.desc())
    return [_facts(row) for row in session.execute(query)]


def incident_of(session: Session, bulletin_id: int) -> int | None:
    """The incident that a bulletin tells of, if it tells of one."""
    return session.scalar(sa.select(Bulletin.incident_id).where(Bulletin.id == bulletin_id))


def listing(session: Session, now: datetime) -> list[BulletinFacts]:
    """Every bulletin that is on air or planned, in the order of their beginning."""
    query = _ALL.where(_TO_COME).order_by(Bulletin.starts_at, Bulletin.id)
    rows = session.execute(query, {"now": now})
    return [_facts(row) for row in rows]


def past(
    session: Session, now: datetime, *, before: int | None = None, limit: int = 20
) -> list[BulletinFacts]:
    """Those that are over or withdrawn, the newest first; with `before` those with a smaller id."""
    query = _ALL.where(sa.not_(_TO_COME)).order_by(Bulletin.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Bulletin.id < before)
    return [_facts(row) for row in session.execute(query, {"now": now})]


def history(session: Session, bulletin_id: int) -> list[ChangeFacts]:
    """What was done to a bulletin, in order."""
    rows = session.execute(
        sa.select(
            BulletinEvent.n,
            BulletinEvent.at,
            BulletinEvent.by,
            BulletinEvent.kind,
            BulletinEvent.data,
        )
        .where(BulletinEvent.bulletin_id == bulletin_id)
        .order_by(BulletinEvent.n)
    )
    return [ChangeFacts(*row) for row in rows]


# ---------------------------------------------------------------- who heard it


def heard_counts(session: Session, config: Ivr, ids: Collection[int]) -> dict[int, Counts]:
    """Calls that heard each of these bulletins, and those of them that it satisfied."""
    known = {
        bulletin_id: Counts(heard or 0, satisfied or 0)
        for bulletin_id, heard, satisfied in session.execute(
            sa.select(Bulletin.id, Bulletin.heard, Bulletin.satisfied).where(
                Bulletin.id.in_(ids), Bulletin.heard.is_not(None)
            )
        )
    }
    return known | _counted_now(session, config, [each for each in ids if each not in known])


def _counted_now(session: Session, config: Ivr, ids: Sequence[int]) -> dict[int, Counts]:
    found = counted(of_call for _, of_call in _hearings(session, config, ids))
    return {each: found.get(each, Counts()) for each in ids}


def counted_for_good(session: Session, config: Ivr, now: datetime) -> list[Settled]:
    """What was heard of those that have been over for a while: nothing can be added to it."""
    over_at = sa.func.coalesce(Bulletin.withdrawn_at, Bulletin.ends_at)
    over = sa.select(Bulletin.id, Bulletin.version).where(
        Bulletin.heard.is_(None), over_at < now - _SETTLED
    )
    versions = {row.id: row.version for row in session.execute(over)}
    counts = _counted_now(session, config, [*versions])
    return [Settled(each, versions[each], counts[each]) for each in counts]


def settle(session: Session, found: Iterable[Settled]) -> None:
    """Keep these counts, so that no page counts a year of calls; not of one that was changed
    meanwhile.
    """
    for bulletin_id, version, counts in found:
        session.execute(
            sa.update(Bulletin)
            .where(Bulletin.id == bulletin_id, Bulletin.version == version)
            .values(heard=counts.heard, satisfied=counts.satisfied)
            .execution_options(synchronize_session=False)
        )


def calls_that_heard(
    session: Session, config: Ivr, bulletin_id: int, *, satisfied: bool = False
) -> list[int]:
    """The calls behind those numbers, in order."""
    return [
        call
        for call, of_call in _hearings(session, config, [bulletin_id])
        if bulletin_id in of_call and (of_call[bulletin_id] or not satisfied)
    ]


def _hearings(
    session: Session, config: Ivr, ids: Collection[int]
) -> Iterator[tuple[int, dict[int, bool]]]:
    """What each call heard that may have heard one of these bulletins, by call."""
    spans = session.execute(
        sa.select(Bulletin.written_at, Bulletin.ends_at).where(Bulletin.id.in_(ids))
    ).all()
    if not spans:
        return
    since = min(written_at for written_at, _ in spans)
    until = max(ends_at for _, ends_at in spans)
    rows = session.connection().execute(
        _EVENTS_OF_HEARERS,
        {"since": since, "until": until + _TAIL},
        execution_options={"yield_per": _FETCHED_AT_ONCE},
    )
    heard_after = timedelta(seconds=config.bulletins.heard_after)
    goodbyes = _goodbyes(config)
    for call_id, of_call in groupby(rows, key=itemgetter(0)):
        events: list[Told] = [(at, kind, data) for _, at, kind, data in of_call]
        yield call_id, hearings(events, heard_after=heard_after, goodbyes=goodbyes)


def _goodbyes(config: Ivr) -> Set[str]:
    return frozenset(name for name, node in config.flow.items() if isinstance(node, Hangup))


_COLUMNS = (
    Bulletin.id,
    Bulletin.texts,
    Bulletin.places,
    Bulletin.starts_at,
    Bulletin.ends_at,
    Bulletin.author,
    Bulletin.written_at,
    Bulletin.version,
    Bulletin.withdrawn_at,
)
_ALL = sa.select(*_COLUMNS)
_TO_COME = sa.and_(Bulletin.withdrawn_at.is_(None), Bulletin.ends_at > sa.bindparam("now"))
_ON_AIR = _ALL.where(_TO_COME, Bulletin.starts_at <= sa.bindparam("now")).order_by(
    Bulletin.starts_at.desc(), Bulletin.id.desc()
)
_HEARERS = sa.select(CallEvent.call_id).where(
    CallEvent.kind == Kind.BULLETIN.value,
    CallEvent.at >= sa.bindparam("since"),
    CallEvent.at < sa.bindparam("until"),
)
_EVENTS_OF_HEARERS = (
    sa.select(CallEvent.call_id, CallEvent.at, CallEvent.kind, CallEvent.data)
    .where(CallEvent.call_id.in_(_HEARERS))
    .order_by(CallEvent.call_id, CallEvent.id)
)


def _facts(row: Any) -> BulletinFacts:
    id_, texts, places, *rest = row
    return BulletinFacts(id_, texts, tuple(places), *rest)
