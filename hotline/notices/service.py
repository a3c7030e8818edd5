"""The verbs of notices: somebody is told, has seen it, chooses how.

`tell` writes a row for each person and no more: it is called in the unit of work that causes it.
When its e-mail is due, and to where, is decided by a sweep soon after (`plan_mail`), so that no
verb of a room needs to know of that.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock, outbox
from hotline.auth import Role
from hotline.db import insert_ignore
from hotline.floor import Floor
from hotline.models import Account, Effect, Notice, NoticeChoice
from hotline.notices import rules
from hotline.notices.rules import NOT_SENT, Choice, How, Kind, Mail

#: Effect: send the e-mail of a notice (`hotline.notices.mail`).
MAIL = "floor.mail"
#: So many are planned, and shown on a page, at a time.
BATCH, SHOWN = 200, 100
#: What has been seen is kept so long.
KEPT = timedelta(days=180)
#: Of the wall: the pause when the outbox has tried in vain, and how long that goes on.
PAUSE, GIVE_UP = timedelta(minutes=10), timedelta(hours=12)


@dataclass(frozen=True)
class NoticeFacts:
    """A notice; moments are aware. `data` as the texts `floor.notice.<kind>` name its values."""

    id: int
    account_id: int
    username: str
    name: str
    kind: Kind
    subject: str
    at: datetime
    urgent: bool
    data: Mapping[str, Any]
    seen_at: datetime | None
    mail: Mail
    mail_at: datetime | None
    mail_error: str
    settled_at: datetime | None


# ---------------------------------------------------------------- telling


def tell(
    session: Session,
    usernames: Collection[str],
    kind: Kind,
    *,
    key: str,
    subject: str = "",
    urgent: bool = False,
    now: datetime,
    **data: Any,
) -> list[str]:
    """Tell active accounts; the usernames of those who are there, in the order given.

    With the same `key` a person is told once, however often it is called.
    """
    rows = session.execute(
        sa.select(Account.id, Account.username).where(
            Account.active, Account.username.in_(set(usernames))
        )
    )
    ids = {row.username: row.id for row in rows}
    told = [name for name in dict.fromkeys(usernames) if name in ids]
    for name in told:
        row = {
            "account_id": ids[name],
            "key": key,
            "kind": kind.value,
            "subject": subject,
            "at": now,
            "urgent": urgent,
            "data": data,
            "mail": Mail.HELD.value,
            "mail_due_at": now,
            "mail_error": "",
        }
        insert_ignore(session, Notice, row)
    return told


def of_role(session: Session, role: Role) -> list[str]:
    """The usernames of the active accounts of a role."""
    query = sa.select(Account.username).where(Account.active, Account.role == role.value)
    return list(session.scalars(query.order_by(Account.username)))


# ---------------------------------------------------------------- reading


def unread(session: Session, account_id: int) -> int:
    """How many notices somebody has not seen."""
    query = sa.select(sa.func.count()).where(
        Notice.account_id == account_id, Notice.seen_at.is_(None)
    )
    return session.scalar(query) or 0


def of_account(session: Session, account_id: int, before: int | None = None) -> list[NoticeFacts]:
    """Somebody's notices, the newest first; `before`: the last id of the page before."""
    query = _all().where(Notice.account_id == account_id, Notice.kind != Kind.DIGEST.value)
    if before is not None:
        query = query.where(Notice.id < before)
    return _facts(session, query.order_by(Notice.id.desc()).limit(SHOWN))


def about(session: Session, subject: str) -> list[NoticeFacts]:
    """Who was told of something, the latest first."""
    query = _all().where(Notice.subject == subject)
    return _facts(session, query.order_by(Notice.id.desc()).limit(SHOWN))


def find(session: Session, notice_id: int) -> NoticeFacts | None:
    """One notice, or None."""
    return next(iter(_facts(session, _all().where(Notice.id == notice_id))), None)


def not_sent(session: Session) -> list[NoticeFacts]:
    """What was to be e-mailed and was not, until somebody has settled it; the newest first."""
    states = [each.value for each in NOT_SENT]
    query = _all().where(Notice.mail.in_(states), Notice.settled_at.is_(None))
    return _facts(session, query.order_by(Notice.id.desc()).limit(SHOWN))


def _all() -> sa.Select[Notice, str, str]:
    return sa.select(Notice, Account.username, Account.name).join(
        Account, Account.id == Notice.account_id
    )


def _facts(session: Session, query: "sa.Select[Notice, str, str]") -> list[NoticeFacts]:
    return [
        NoticeFacts(
            id=row.id,
            account_id=row.account_id,
            username=username,
            name=name,
            kind=Kind(row.kind),
            subject=row.subject,
            at=row.at,
            urgent=row.urgent,
            data=row.data,
            seen_at=row.seen_at,
            mail=Mail(row.mail),
            mail_at=row.mail_at,
            mail_error=row.mail_error,
            settled_at=row.settled_at,
        )
        for row, username, name in session.execute(query.execution_options(populate_existing=True))
    ]


def see(session: Session, account_id: int, notice_id: int | None, now: datetime) -> None:
    """Somebody has seen one notice of theirs, or (None) all."""
    which = [Notice.account_id == account_id, Notice.seen_at.is_(None)]
    if notice_id is not None:
        which.append(Notice.id == notice_id)
    session.execute(
        sa.update(Notice)
        .where(*which)
        .values(seen_at=now)
        .execution_options(synchronize_session=False)
    )


def settle(session: Session, notice_id: int, now: datetime) -> int | None:
    """Somebody has dealt with it that a notice could not be e-mailed: the account that it was for;
    None when that was said before, or there is none.
    """
    row = session.execute(
        sa.update(Notice)
        .where(Notice.id == notice_id, Notice.settled_at.is_(None))
        .values(settled_at=now)
        .returning(Notice.account_id)
        .execution_options(synchronize_session=False)
    )
    return row.scalar_one_or_none()


# ---------------------------------------------------------------- how somebody wants to be told


def choice_of(session: Session, account_id: int) -> Choice:
    """How somebody wants to be told."""
    row = session.get(NoticeChoice, account_id)
    if row is None:
        return Choice()
    how = {
        kind: How(said)
        for kind, hows in rules.HOWS.items()
        if (said := row.how.get(kind.value)) in hows
    }
    return Choice(how, row.quiet_from, row.quiet_until)


def choose(session: Session, account_id: int, choice: Choice, email: str) -> None:
    """Another choice, and another address. Raises `BadEmail`."""
    email = rules.read_email(email)
    values = {
        "how": {kind.value: how.value for kind, how in choice.how.items()},
        "quiet_from": choice.quiet_from,
        "quiet_until": choice.quiet_until,
    }
    row = {"account_id": account_id, **values}
    if insert_ignore(session, NoticeChoice, row) is None:
        session.execute(
            sa.update(NoticeChoice).where(NoticeChoice.account_id == account_id).values(**values)
        )
    session.execute(sa.update(Account).where(Account.id == account_id).values(email=email))


def email_of(session: Session, account_id: int) -> str:
    """Where somebody's notices are e-mailed; empty: nowhere."""
    return session.scalar(sa.select(Account.email).where(Account.id == account_id)) or ""


# ---------------------------------------------------------------- e-mail: when, and to where


def plan_mail(floor: Floor, now: datetime) -> None:
    """Hand to the outbox what is due, and note what the outbox has given up."""
    waits = (Notice.mail == Mail.HELD.value, Notice.mail_due_at <= now)
    on_its_way = sa.exists().where(
        Effect.key.startswith(sa.literal(f"{MAIL}:") + sa.cast(Notice.id, sa.String) + ":"),
        Effect.state.in_(("pending", "sending")),
    )
    lost = sa.select(Notice.id, Notice.at).where(Notice.mail == Mail.POSTED.value, ~on_its_way)
    with floor.db.read() as session:
        due = session.scalar(sa.select(Notice.id).where(*waits).limit(1))
        gone = session.execute(lost.limit(BATCH)).all()
    if due is None and not gone:
        return  # the usual case takes no write lock
    with floor.db.write() as session:
        query = sa.select(Notice, Account.email).join(Account, Account.id == Notice.account_id)
        rows = session.execute(query.where(*waits).order_by(Notice.mail_due_at).limit(BATCH)).all()
        for notice, email in rows:
            _plan(floor, session, notice, email, now)
        for id_, at in gone:
            _again(session, id_, at, now)


def _again(session: Session, notice_id: int, at: datetime, now: datetime) -> None:
    """The outbox has given up: some minutes later it begins anew, for half a day."""
    if now - at < GIVE_UP * clock.speed():
        values = {"mail": Mail.HELD.value, "mail_due_at": now + PAUSE * clock.speed()}
    else:
        values = {"mail": Mail.FAILED.value, "mail_at": now}
    _set(session, [notice_id], Mail.POSTED, **values)


def _plan(floor: Floor, session: Session, notice: Notice, email: str, now: datetime) -> None:
    if not floor.settings.smtp_url:
        _set(session, [notice.id], Mail.HELD, mail=Mail.NONE.value)
        return
    planned = rules.plan(
        Kind(notice.kind),
        choice_of(session, notice.account_id),
        urgent=notice.urgent,
        email=email,
        now=now,
        zone=floor.city.zone,
    )
    values = {"mail": planned.mail.value, "mail_due_at": planned.until}
    if _set(session, [notice.id], Mail.HELD, **values) and planned.mail is Mail.POSTED:
        key = f"{MAIL}:{notice.id}:{now:%Y%m%d%H%M%S}"
        outbox.post(session, MAIL, {"notice": notice.id}, now=now, key=key)


def _set(session: Session, ids: Sequence[int], was: Mail, **values: Any) -> list[int]:
    """Compare and set; the ids of those that were so."""
    if not ids:
        return []
    return list(
        session.scalars(
            sa.update(Notice)
            .where(Notice.id.in_(ids), Notice.mail == was.value)
            .values(**values)
            .returning(Notice.id)
            .execution_options(synchronize_session=False)
        )
    )


def begin(session: Session, notice_id: int) -> list[int]:
    """Take a notice to be sent, and with the night's list what has gathered for it; the ids, or
    none when it is not to be sent (any more). One whose sender died is `unsure` from now on.
    """
    taken = _set(session, [notice_id], Mail.POSTED, mail=Mail.SENDING.value)
    if not taken:
        _set(session, [notice_id], Mail.SENDING, mail=Mail.UNSURE.value)
        return []
    notice = session.get_one(Notice, notice_id, populate_existing=True)
    if notice.kind in (Kind.NIGHTLY.value, Kind.DIGEST.value):
        waiting = sa.select(Notice.id).where(
            Notice.account_id == notice.account_id, Notice.mail == Mail.DIGEST.value
        )
        ids = session.scalars(waiting.order_by(Notice.id).limit(BATCH)).all()
        taken += _set(session, ids, Mail.DIGEST, mail=Mail.SENDING.value)
    return taken


def end(
    session: Session, ids: Sequence[int], mail: Mail, now: datetime, *, error: str = ""
) -> None:
    """Note how the sending of what `begin` gave ended. `POSTED`: it is tried again."""
    first, rest = list(ids[:1]), list(ids[1:])
    again = mail is Mail.POSTED
    values = {"mail_at": None if again else now, "mail_error": error[:200]}
    # who was slower than the outbox's patience knows better than the one who took over from it
    for was in (Mail.SENDING, Mail.UNSURE):
        _set(session, first, was, mail=mail.value, **values)
        _set(session, rest, was, mail=(Mail.DIGEST if again else mail).value, **values)


def gather(session: Session, day: str, already: Collection[str], now: datetime) -> list[str]:
    """Have what gathered sent in the night to who gets no list of it (`already`: who does)."""
    rows = session.scalars(
        sa.select(Account.username)
        .join(Notice, Notice.account_id == Account.id)
        .where(Notice.mail == Mail.DIGEST.value)
        .distinct()
    )
    names = [name for name in rows if name not in already]
    told = tell(session, names, Kind.DIGEST, key=f"digest:{day}", now=now)
    session.execute(
        sa.update(Notice)
        .where(Notice.kind == Kind.DIGEST.value, Notice.seen_at.is_(None))
        .values(seen_at=now)
        .execution_options(synchronize_session=False)
    )
    return told


def forget(session: Session, now: datetime) -> int:
    """Delete what was seen long ago."""
    rows = session.scalars(
        sa.delete(Notice)
        .where(Notice.at < now - KEPT, Notice.seen_at.is_not(None))
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    return len(rows.all())
