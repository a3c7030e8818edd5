"""The verbs of quality: draft, publish, discard, correct, comment. Rules: `ivr.quality.rules`.

Who marks is never who talked. A draft is seen by those who mark; the agent sees what is published.
Marking, publishing and correcting are lines of the audit log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from hotline import audit, clock
from hotline.auth import Identity
from hotline.db import insert_ignore
from hotline.errors import Conflict, Forbidden, Invalid, NotFound
from hotline.models import Account
from ivr import story
from ivr.models import QualityComment, QualityMark
from ivr.quality import rules
from ivr.quality.rules import Answers, Form, Score

DRAFT, PUBLISHED, REPLACED = "draft", "published", "replaced"
#: What an agent sees of their own.
SEEN = (PUBLISHED, REPLACED)
NOTE_LENGTH, COMMENT_LENGTH = 4000, 2000


class NoSuchMark(NotFound):
    """There is no such mark, or no such conversation to mark."""

    code, text = "no-such-mark", "ivr.quality.no_such_mark"


class OwnCall(Forbidden):
    """Nobody marks a conversation of their own."""

    code, text = "own-call", "ivr.quality.own_call"


class ChangedMeanwhile(Conflict):
    """Somebody else marked, published or corrected it since it was shown."""

    code, text = "mark-changed", "ivr.quality.changed_meanwhile"


class Unanswered(Invalid):
    """A form is published whole."""

    code, text = "unanswered", "ivr.quality.unanswered"


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as it is kept; `by` is the name of who gave it."""

    id: int
    call_id: int
    agent_id: int
    version: int
    state: str
    form: Form
    answers: Answers
    note: str
    reason: str
    n: int
    by: str
    made_at: datetime
    published_at: datetime | None

    @property
    def score(self) -> Score:
        """What the answers come to, by the form that was filled in."""
        return rules.score(self.form, self.answers)

    @property
    def share(self) -> float | None:
        """The score alone, 0 to 1."""
        return self.score.share


@dataclass(frozen=True, slots=True)
class Comment:
    """Who said what to a mark, and when."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form as it was filled in on a page."""

    form: Form
    answers: Answers
    note: str = ""


# ---------------------------------------------------------------- marking


def conversations(session: Session, call_id: int) -> list[int]:
    """The agents who talked in a call, in order; the talk is over. Raises NoSuchCall."""
    talked = [each for each in story.visits_of(session, call_id) if each.talk_ended_at is not None]
    return list(dict.fromkeys(each.agent_id for each in talked if each.agent_id is not None))


def draft(
    session: Session, call_id: int, agent_id: int, sheet: Sheet, *, by: Identity, at: datetime
) -> int:
    """A first mark of a conversation, as a draft; its id. Raises OwnCall, NoSuchMark, Invalid,
    and ChangedMeanwhile where there is one already.
    """
    _check_may_mark(session, agent_id, by)
    if agent_id not in conversations(session, call_id):
        raise NoSuchMark(f"agent {agent_id} in call {call_id}")
    _check(sheet)
    made = _add(session, call_id, agent_id, 1, sheet, "", by, at)
    _tell(session, "ivr.marked", find(session, made), by, at)
    return made


def change(session: Session, mark_id: int, sheet: Sheet, *, n: int, by: Identity) -> None:
    """Fill in a draft anew; its form stays the one that it was begun with."""
    mark = _may_mark(session, mark_id, by)
    sheet = Sheet(mark.form, sheet.answers, sheet.note)
    _check(sheet)
    _swap(session, mark, n, **_filled(sheet))


def publish(session: Session, mark_id: int, *, n: int, by: Identity, at: datetime) -> None:
    """The agent sees it from now on; what it corrects is replaced. Raises Unanswered."""
    mark = _may_mark(session, mark_id, by)
    if missing := mark.score.missing:
        raise Unanswered(", ".join(missing), count=len(missing))
    _swap(session, mark, n, state=PUBLISHED, published_at=at, marked_by=by.id)
    session.execute(
        sa.update(QualityMark)
        .where(
            QualityMark.call_id == mark.call_id,
            QualityMark.agent_id == mark.agent_id,
            QualityMark.version < mark.version,
        )
        .values(state=REPLACED)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    _tell(session, "ivr.mark_published", mark, by, at)


def correct(session: Session, mark_id: int, reason: str, *, by: Identity, at: datetime) -> int:
    """A new version of a published mark, as a draft with the same form and answers; its id. The
    old one stays as it is, and holds until the new one is published.
    """
    mark = _may_mark(session, mark_id, by)
    if not reason.strip():
        raise Invalid(text="ivr.quality.reason_needed")
    if mark.state != PUBLISHED:
        raise ChangedMeanwhile(f"mark {mark_id} is {mark.state}")
    sheet = Sheet(mark.form, mark.answers, mark.note)
    made = _add(session, mark.call_id, mark.agent_id, mark.version + 1, sheet, reason, by, at)
    _tell(session, "ivr.mark_corrected", find(session, made), by, at, reason)
    return made


def discard(
    session: Session, mark_id: int, reason: str, *, n: int, by: Identity, at: datetime
) -> Mark:
    """Throw a draft away, as it was; the conversation may be marked anew, and what the draft was to
    correct holds. The audit log keeps the reason, by whom it was begun, and how far it had come.

    Raises Invalid without a reason, and ChangedMeanwhile for what is published by now, or changed.
    """
    mark = _may_mark(session, mark_id, by)
    if not reason.strip():
        raise Invalid(text="ivr.quality.reason_needed")
    mine = (QualityMark.id == mark.id, QualityMark.n == n, QualityMark.state == DRAFT)
    gone = session.execute(
        sa.delete(QualityMark)
        .where(*mine)
        .returning(QualityMark.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if gone is None:
        raise ChangedMeanwhile(f"mark {mark.id}")
    session.expire_all()
    begun = {"form": mark.form.name, "begun_by": mark.by, "answered": len(mark.answers)}
    _tell(session, "ivr.mark_discarded", mark, by, at, reason, **begun)
    return mark


def comment(session: Session, mark: Mark, text: str, *, by: Identity, at: datetime) -> None:
    """Say something to a published mark; who may is asked at the edge (`readable`)."""
    words = text.strip()[:COMMENT_LENGTH]
    if not words:
        raise Invalid(text="ivr.quality.comment_needed")
    if mark.state not in SEEN:
        raise NoSuchMark(f"mark {mark.id} is a draft")
    row = {"mark_id": mark.id, "account_id": by.id, "at": at, "text": words}
    session.execute(sa.insert(QualityComment).values(**row))


def _add(
    session: Session,
    call_id: int,
    agent_id: int,
    version: int,
    sheet: Sheet,
    reason: str,
    by: Identity,
    at: datetime,
) -> int:
    row = {
        "call_id": call_id,
        "agent_id": agent_id,
        "version": version,
        "state": DRAFT,
        "form": sheet.form.as_json(),
        "reason": reason.strip()[: audit.REASON_LENGTH],
        "n": 1,
        "marked_by": by.id,
        "made_at": at,
        **_filled(sheet),
    }
    made = insert_ignore(session, QualityMark, row)
    if made is None:
        raise ChangedMeanwhile(f"call {call_id} is marked already")
    return int(made)


def _filled(sheet: Sheet) -> dict[str, Any]:
    return {"answers": dict(sheet.answers), "note": sheet.note.strip()[:NOTE_LENGTH]}


def _swap(session: Session, mark: Mark, n: int, **values: Any) -> None:
    """Win the row of a draft or walk away."""
    mine = (QualityMark.id == mark.id, QualityMark.n == n, QualityMark.state == DRAFT)
    won = session.execute(
        sa.update(QualityMark)
        .where(*mine)
        .values(n=n + 1, **values)
        .returning(QualityMark.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if won is None:
        raise ChangedMeanwhile(f"mark {mark.id}")
    session.expire_all()


def _check(sheet: Sheet) -> None:
    if wrong := rules.wrong(sheet.form, sheet.answers):
        raise Invalid(", ".join(wrong))


def _check_may_mark(session: Session, agent_id: int, by: Identity) -> None:
    me = agents.agent_of_account(session, by.id)
    if me is not None and me.id == agent_id:
        raise OwnCall()


def _may_mark(session: Session, mark_id: int, by: Identity) -> Mark:
    mark = find(session, mark_id)
    _check_may_mark(session, mark.agent_id, by)
    return mark


def _tell(
    session: Session,
    kind: str,
    mark: Mark,
    by: Identity,
    at: datetime,
    reason: str = "",
    **more: Any,
) -> None:
    data = {"mark": mark.id, "agent": mark.agent_id, "version": mark.version, "share": mark.share}
    audit.record(session, kind, f"call:{mark.call_id}", by=by, at=at, reason=reason, **data | more)


# ---------------------------------------------------------------- reading


def find(session: Session, mark_id: int) -> Mark:
    """One mark; raises NoSuchMark."""
    found = next(_marks(session, QualityMark.id == mark_id), None)
    if found is None:
        raise NoSuchMark(f"mark {mark_id}")
    return found


def readable(mark: Mark, agent_id: int | None, *, reads_all: bool) -> bool:
    """Whether somebody may see a mark: the agent whose it is (who may be a supervisor too) once it
    is published; nobody else but those who read all.
    """
    return mark.state in SEEN if mark.agent_id == agent_id else reads_all


def of_call(session: Session, call_id: int) -> list[Mark]:
    """Every version of every mark of a call."""
    return list(_marks(session, QualityMark.call_id == call_id))


def of_agent(session: Session, agent_id: int, limit: int = 200) -> list[Mark]:
    """What an agent sees of their own marks: those that hold, the newest first."""
    mine = (QualityMark.agent_id == agent_id, QualityMark.state == PUBLISHED)
    return list(_marks(session, *mine, limit=limit))


def published(
    session: Session, start: datetime, end: datetime, *, agent_id: int | None = None
) -> list[Mark]:
    """The marks that hold and were published in a span, the newest first."""
    span = (QualityMark.published_at >= start, QualityMark.published_at < end)
    whose = () if agent_id is None else (QualityMark.agent_id == agent_id,)
    return list(_marks(session, QualityMark.state == PUBLISHED, *span, *whose))


def drafts(session: Session) -> list[Mark]:
    """The marks that nobody has published yet."""
    return list(_marks(session, QualityMark.state == DRAFT))


def comments(session: Session, mark: Mark) -> list[Comment]:
    """What was said to a conversation's marks, all versions, in order."""
    same = sa.select(QualityMark.id).where(
        QualityMark.call_id == mark.call_id, QualityMark.agent_id == mark.agent_id
    )
    query = (
        sa.select(QualityComment.at, Account.name, QualityComment.text)
        .join(Account, Account.id == QualityComment.account_id)
        .where(QualityComment.mark_id.in_(same))
        .order_by(QualityComment.id)
    )
    return [Comment(*row) for row in session.execute(query)]


def _marks(
    session: Session, *where: sa.ColumnElement[bool], limit: int | None = None
) -> Iterator[Mark]:
    query = (
        sa.select(QualityMark, Account.name)
        .join(Account, Account.id == QualityMark.marked_by)
        .where(*where)
        .order_by(QualityMark.published_at.desc().nulls_first(), QualityMark.id.desc())
        .limit(limit)
    )
    for row, name in session.execute(query):
        yield Mark(
            row.id,
            row.call_id,
            row.agent_id,
            row.version,
            row.state,
            Form.from_json(row.form),
            row.answers,
            row.note,
            row.reason,
            row.n,
            name,
            row.made_at,
            row.published_at,
        )


# ---------------------------------------------------------------- whom to mark


@dataclass(frozen=True, slots=True)
class Picked:
    """A conversation that the lot chose, and its mark, if somebody has begun one."""

    call_id: int
    agent_id: int
    at: datetime
    mark: Mark | None


def picked(
    session: Session, first: date, zone: Any, count: int, *, but: int | None = None
) -> list[Picked]:
    """The conversations of seven local days that are to be marked, `count` of each agent; `but`:
    the agent who asks, and marks none of their own.
    """
    start, end = clock.midnight(first, zone), clock.midnight(first + timedelta(days=7), zone)
    talks = {
        (each.call_id, each.agent_id): each.connected_at
        for each in story.visits(session, start, end)
        if each.agent_id is not None and each.connected_at and each.talk_ended_at
    }
    chosen = rules.picked(((c, a) for c, a in talks if a != but), first, count)
    marks = _latest(session, [call for call, _ in chosen])
    return [Picked(c, a, talks[c, a], marks.get((c, a))) for c, a in chosen]


def _latest(session: Session, calls: Sequence[int]) -> dict[tuple[int, int], Mark]:
    found: dict[tuple[int, int], Mark] = {}
    for each in _marks(session, QualityMark.call_id.in_(calls)):
        key = (each.call_id, each.agent_id)
        if key not in found or found[key].version < each.version:
            found[key] = each
    return found
