"""A call's row and its events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hotline.db import Database, insert_ignore
from hotline.errors import NotFound
from ivr.events import OVER, RANK, Kind
from ivr.models import Call, CallEvent

#: How our names of calls begin that agents make: the carrier knows none of them.
OUTGOING = "out-"

#: What the carrier sends instead of a number that is withheld: a word, or the word as typed on
#: a telephone (its help pages tell so: +266696687 is "anonymous").
_WITHHELD_WORDS = ("anonymous", "blocked", "private", "restricted", "unavailable", "unknown")
_KEYS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
WITHHELD = frozenset(
    spelling
    for word in _WITHHELD_WORDS
    for spelling in (word, word.translate(_KEYS), "+" + word.translate(_KEYS))
)


def is_withheld(number: str) -> bool:
    """Whether this is nobody's number, so that nobody is recognised by it."""
    return not number.startswith("+") or number in WITHHELD


def says_withheld(number: str) -> bool:
    """Whether this stands for a number that is withheld, so that a reader is told that in words;
    not for none, nor for a telephone of ours.
    """
    return number.lower() in WITHHELD


def known_number(number: str) -> str | None:
    """The number, or None when it is withheld: what tickets keep of a caller."""
    return None if is_withheld(number) else number


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call as the carrier announces it; numbers as it sends them."""

    sid: str
    from_number: str
    to_number: str
    status: str = "in-progress"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Who a call is. Moments are aware."""

    id: int
    sid: str
    from_number: str
    to_number: str
    language: str
    status: str
    arrived_at: datetime
    ended_at: datetime | None
    #: What was said to being recorded (`given`, `refused`, None: not asked).
    consent: str | None = None
    #: The ticket that the caller asked about, bare digits; the mark given after the conversation.
    ticket: str | None = None
    mark: int | None = None

    @property
    def outgoing(self) -> bool:
        """Whether an agent made it."""
        return self.sid.startswith(OUTGOING)

    @property
    def recorded(self) -> bool:
        """Whether its conversation may be recorded. Not that of a callback: it may be somebody else
        who answers there, and who is told then (`ivr.callbacks.attempts.records`).
        """
        return self.consent == "given" and self.ended_at is None


def arrive(
    session: Session,
    arrival: Arrival,
    *,
    language: str,
    at: str,
    now: datetime,
    found_by: str | None = None,
    chosen: str | None = None,
) -> tuple[int, bool]:
    """The call's id, and whether it is new: however often the carrier says so, it arrives once.

    `at` is the node of the flow that it is led to; `chosen` its language, where that is known;
    `found_by`: who found out, when the carrier did not say so itself.
    """
    call_id = insert_ignore(
        session,
        Call,
        {
            "sid": arrival.sid,
            "from_number": arrival.from_number,
            "to_number": arrival.to_number,
            "language": language,
            "status": arrival.status,
            "rank": min(RANK.get(arrival.status, 0), OVER - 1),  # how it ended is told of its own
            "arrived_at": now,
            "checked_at": now,
        },
    )
    if call_id is None:
        return _id_of(session, arrival.sid), False
    said = {"at": at, "by": found_by, "chosen": chosen}
    known = {name: word for name, word in said.items() if word is not None}
    step(session, call_id, 0, Kind.ARRIVED, known, now=now)
    return int(call_id), True


def call_out(
    session: Session, number: str, *, shown: str, language: str, ticket: str, now: datetime
) -> int:
    """A call that an agent makes to `number` (E.164), which sees `shown`; its id.

    It has no line of its own that could ring or end: the carrier's calls to the two telephones are
    those of the offer and of the attempt. So it is over for whoever looks after lines. What they
    said to being recorded when they called last goes for it, too.
    """
    said = session.scalar(_LAST_CONSENT, {"number": number})
    row = {
        "sid": f"{OUTGOING}{uuid4().hex}",
        "from_number": number,
        "to_number": shown,
        "language": language,
        "status": "completed",
        "rank": OVER,
        "arrived_at": now,
        "ended_at": now,
        "checked_at": now,
        "ticket": ticket,
        "consent": "refused" if said == "refused" else None,
    }
    made = session.execute(sa.insert(Call).values(row).returning(Call.id))
    return int(made.scalar_one())


def step(
    session: Session, call_id: int, n: int, kind: Kind, data: Mapping[str, Any], *, now: datetime
) -> bool:
    """Write step `n` of a call; False when it stands already: then nothing is to follow."""
    statement = _insert_step(session.get_bind().dialect.name)
    row = _step(call_id, n, kind, data, now)
    return session.execute(statement, row).scalar_one_or_none() is not None


def step_alone(
    db: Database, call_id: int, n: int, kind: Kind, data: Mapping[str, Any], *, now: datetime
) -> None:
    """Write step `n` of a call as a unit of work of its own, if it does not stand already."""
    db.write_alone(_insert_step(db.engine.dialect.name), _step(call_id, n, kind, data, now))


def _step(
    call_id: int, n: int | None, kind: Kind, data: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    return {"call_id": call_id, "n": n, "at": now, "kind": kind.value, "data": data}


def tell(
    session: Session, call_id: int, kind: Kind, data: Mapping[str, Any], *, now: datetime
) -> None:
    """Write down something that happened to a call."""
    session.execute(_INSERT_EVENT, _step(call_id, None, kind, data, now))


def progress(session: Session, sid: str, status: str) -> None:
    """Note how far a call has come; a word that is not further than the last changes nothing."""
    rank = RANK.get(status, -1)
    session.execute(
        sa.update(Call)
        .where(Call.sid == sid, Call.rank < rank, Call.ended_at.is_(None))
        .values(status=status, rank=rank)
    )


def is_open(session: Session, call_id: int) -> bool:
    """Whether the call is not over, as far as we know."""
    row = session.execute(_OPEN, {"call": call_id}).one_or_none()
    return row is not None


def choose_language(session: Session, call_id: int, language: str) -> bool:
    """Note the language of a call that is not over; False when it is.

    On PostgreSQL the row stays locked: who ends the call waits until this unit of work is done, so
    that nobody enters the waiting room behind the back of the end.
    """
    row = session.execute(
        sa.update(Call)
        .where(Call.id == call_id, Call.ended_at.is_(None))
        .values(language=language)
        .returning(Call.id)
    ).one_or_none()
    return row is not None


def note(session: Session, call_id: int, **values: Any) -> None:
    """Note what a caller said of the call itself: `consent`, `ticket`, `mark`."""
    session.execute(
        sa.update(Call)
        .where(Call.id == call_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def next_step(session: Session, call_id: int) -> int:
    """The number of the first step that the call has not taken yet."""
    return int(session.execute(_LAST_STEP, {"call": call_id}).scalar_one() or 0) + 1


def language_before(
    session: Session, number: str, since: datetime, call_id: int | None = None
) -> str | None:
    """The language in which the last call of this number was led, not before `since` and apart
    from `call_id`; None when there was none. A call in which nothing was pressed tells nothing.
    """
    found = {"number": number, "since": since, "call": call_id or 0}
    data = session.execute(_LANGUAGE_BEFORE, found).scalars().first()
    return None if data is None else data.get("language")


def find(session: Session, sid: str) -> int | None:
    """The id of the carrier's call `sid`, or None."""
    return session.execute(_BY_SID, {"sid": sid}).scalar_one_or_none()


def facts(session: Session, call_id: int) -> CallFacts:
    """Who a call is; raises NotFound."""
    row = session.execute(_FACTS, {"call": call_id}).one_or_none()
    if row is None:
        raise NotFound(f"call {call_id}", text="ivr.no_such_call")
    return CallFacts(*row)


def _id_of(session: Session, sid: str) -> int:
    found = find(session, sid)
    assert found is not None, "a row was in the way of an insert and is not there"
    return found


_BY_SID = sa.select(Call.id).where(Call.sid == sa.bindparam("sid"))
_OPEN = sa.select(Call.id).where(Call.id == sa.bindparam("call"), Call.ended_at.is_(None))
#: What `CallFacts` is made of, in its order.
COLUMNS = tuple(getattr(Call, name) for name in CallFacts.__slots__)
_FACTS = sa.select(*COLUMNS).where(Call.id == sa.bindparam("call"))
#: What was said to it by who was asked last at a number.
_LAST_CONSENT = (
    sa.select(Call.consent)
    .where(
        Call.from_number == sa.bindparam("number"),
        Call.consent.is_not(None),
        ~Call.sid.startswith(OUTGOING),
    )
    .order_by(Call.arrived_at.desc(), Call.id.desc())
    .limit(1)
)
_LAST_STEP = sa.select(sa.func.max(CallEvent.n)).where(
    CallEvent.call_id == sa.bindparam("call"), CallEvent.n.is_not(None)
)
#: The last step of the last call.
_LANGUAGE_BEFORE = (
    sa.select(CallEvent.data)
    .join(Call, Call.id == CallEvent.call_id)
    .where(
        Call.from_number == sa.bindparam("number"),
        Call.arrived_at >= sa.bindparam("since", type_=Call.arrived_at.type),
        Call.id != sa.bindparam("call"),
        CallEvent.kind == Kind.STEP.value,
    )
    .order_by(Call.arrived_at.desc(), CallEvent.n.desc())
    .limit(1)
)
_EVENTS = CallEvent.__table__
_INSERT_EVENT = sa.insert(_EVENTS)  # type: ignore[arg-type]


@cache
def _insert_step(dialect: str) -> Any:
    """Built once: making the statement anew costs more than running it."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table: Any = _EVENTS
    return insert(table).on_conflict_do_nothing().returning(table.c.id)
