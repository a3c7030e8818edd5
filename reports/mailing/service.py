"""Who gets which report by e-mail: people of the city for themselves, and addresses outside that a
manager enters with a reason.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit
from hotline.auth import Identity, Role
from hotline.db import insert_ignore
from hotline.errors import Conflict, Invalid, NotFound
from hotline.models import Account
from hotline.notices.rules import read_email
from reports.mailing.models import Mail, Subscription
from reports.mailing.rules import READERS, Form, Kind, State

#: Of `ended_by`: the link in a mail, which asks nobody who they are.
BY_LINK = "link"
#: An ended subscription, with its address, is kept so long, and so is what was sent.
KEPT = timedelta(days=90)
_TOKEN = 32


class AlreadySubscribed(Conflict):
    """The address gets this report already."""

    code, text = "already-subscribed", "reports.mail.already"


class ReasonNeeded(Invalid):
    """Why an address outside gets reports has to be said."""

    code, text = "reason-needed", "reports.mail.reason_needed"


class EmailNeeded(Invalid):
    """There is no address."""

    code, text = "email-needed", "reports.mail.email_needed"


class NoSubscription(NotFound):
    """There is none by that id, or it has ended."""

    code, text = "no-subscription", "reports.mail.no_subscription"


@dataclass(frozen=True)
class Wish:
    """In which language ("th", "en"), and what is attached."""

    language: str
    forms: tuple[Form, ...] = (Form.PDF,)


def forms_of(names: Collection[str]) -> tuple[Form, ...]:
    """Those that there are, each once, in their order."""
    return tuple(form for form in Form if form.value in names)


@dataclass(frozen=True)
class Facts:
    """A subscription. `account_id` None: an address outside; `email` is where it goes now, empty:
    nowhere. `reads` False: the account may not read reports any more.
    """

    id: int
    account_id: int | None
    name: str
    email: str
    reads: bool
    kind: Kind
    wish: Wish
    reason: str
    made_by: str
    made_at: datetime
    since: datetime
    paused_at: datetime | None
    paused_because: str
    ended_at: datetime | None

    @property
    def goes(self) -> bool:
        """Whether what is due is sent."""
        return self.reads and bool(self.email) and self.paused_at is None and not self.ended_at


@dataclass(frozen=True)
class Sent:
    """How far one mail is; `due_at` and the others UTC."""

    subscription_id: int
    period: str
    due_at: datetime
    state: State
    ended_at: datetime | None
    email: str
    error: str


# ---------------------------------------------------------------- reading


def _all() -> sa.Select[Subscription, str, str, str, bool]:
    return sa.select(
        Subscription, Account.name, Account.email, Account.role, Account.active
    ).outerjoin(Account, Account.id == Subscription.account_id)


def _facts(session: Session, *which: sa.ColumnElement[bool]) -> list[Facts]:
    rows = session.execute(
        _all().where(*which).order_by(Subscription.id).execution_options(populate_existing=True)
    )
    return [
        Facts(
            id=row.id,
            account_id=row.account_id,
            name=name or "",
            email=(email or "") if row.account_id is not None else row.email,
            reads=row.account_id is None or (active and Role(role) in READERS),
            kind=Kind(row.kind),
            wish=Wish(row.language, forms_of(row.forms.split(","))),
            reason=row.reason,
            made_by=row.made_by,
            made_at=row.made_at,
            since=row.since,
            paused_at=row.paused_at,
            paused_because=row.paused_because,
            ended_at=row.ended_at,
        )
        for row, name, email, role, active in rows
    ]


_LIVES = Subscription.ended_at.is_(None)


def all_of(session: Session) -> list[Facts]:
    """Every subscription that has not ended, the oldest first."""
    return _facts(session, _LIVES)


def own(session: Session, account_id: int) -> dict[Kind, Facts]:
    """Somebody's own."""
    return {each.kind: each for each in _facts(session, _LIVES, _of_account(account_id))}


def _of_account(account_id: int) -> sa.ColumnElement[bool]:
    return Subscription.account_id == account_id


def find(session: Session, subscription_id: int) -> Facts | None:
    """One, also when it has ended."""
    return next(iter(_facts(session, Subscription.id == subscription_id)), None)


def last_mails(session: Session, ids: Sequence[int]) -> dict[int, Sent]:
    """Of these subscriptions the newest mail each."""
    newest = (
        sa.select(sa.func.max(Mail.id))
        .where(Mail.subscription_id.in_(ids))
        .group_by(Mail.subscription_id)
    )
    rows = session.scalars(
        sa.select(Mail).where(Mail.id.in_(newest)).execution_options(populate_existing=True)
    )
    return {row.subscription_id: _sent(row) for row in rows}


def not_sent(session: Session, limit: int = 50) -> list[Sent]:
    """What was to go and did not, or has not yet: the newest first."""
    states = (State.WAITING, State.POSTED, State.SENDING, State.FAILED, State.UNSURE)
    rows = session.scalars(
        sa.select(Mail)
        .where(Mail.state.in_([each.value for each in states]))
        .order_by(Mail.id.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [_sent(row) for row in rows]


def _sent(row: Mail) -> Sent:
    state = State(row.state)
    return Sent(
        row.subscription_id, row.period, row.due_at, state, row.ended_at, row.email, row.error
    )


# ---------------------------------------------------------------- one's own


def choose(session: Session, me: Identity, kind: Kind, wish: Wish | None, *, now: datetime) -> None:
    """Get a report for oneself as `wish` says, or (None) no more."""
    mine = sa.update(Subscription).where(
        _LIVES, _of_account(me.id), Subscription.kind == kind.value
    )
    if wish is None:
        values: dict[str, object] = {"ended_at": now, "ended_by": me.username}
        session.execute(_quietly(mine.values(**values)))
        return
    row = _row(kind, wish, by=me.username, now=now) | {"account_id": me.id, "email": ""}
    if insert_ignore(session, Subscription, row) is None:
        values = {"language": row["language"], "forms": row["forms"]}
        session.execute(_quietly(mine.values(**values)))


def _row(kind: Kind, wish: Wish, *, by: str, now: datetime) -> dict[str, object]:
    return {
        "kind": kind.value,
        "language": wish.language,
        "forms": ",".join(wish.forms),
        "reason": "",
        "made_by": by,
        "made_at": now,
        "since": now,
        "paused_because": "",
        "ended_by": "",
    }


def _quietly(statement: sa.Update) -> sa.Update:
    return statement.execution_options(synchronize_session=False)


# ---------------------------------------------------------------- of others


def enter(
    session: Session,
    email: str,
    kind: Kind,
    wish: Wish,
    *,
    reason: str,
    by: Identity,
    now: datetime,
) -> int:
    """Have a report sent to an address outside; the id. Written into the audit log.

    Raises `notices.rules.BadEmail`, `EmailNeeded`, `ReasonNeeded`, `AlreadySubscribed`.
    """
    email, reason = read_email(email).lower(), reason.strip()
    if not email:
        raise EmailNeeded()
    if not reason:
        raise ReasonNeeded()
    row = _row(kind, wish, by=by.username, now=now)
    row |= {"account_id": None, "email": email, "reason": reason[: audit.REASON_LENGTH]}
    made = insert_ignore(session, Subscription, row)
    if made is None:
        raise AlreadySubscribed(email=email)
    _log(session, "subscribed", int(made), by, now, reason, email=email, report=kind.value)
    return int(made)


def _log(
    session: Session,
    verb: str,
    subscription_id: int,
    by: Identity,
    now: datetime,
    reason: str = "",
    **data: str,
) -> None:
    subject = f"subscription:{subscription_id}"
    audit.record(session, f"reports.{verb}", subject, by=by, at=now, reason=reason, **data)


def stop(session: Session, subscription_id: int, *, by: Identity, now: datetime) -> None:
    """End a subscription; another's is written into the audit log. Raises `NoSubscription`."""
    found = find(session, subscription_id)
    if found is None or not _end(session, subscription_id, by.username, now):
        raise NoSubscription()
    if found.account_id != by.id:
        _log(
            session,
            "subscription_ended",
            found.id,
            by,
            now,
            email=found.email,
            report=found.kind.value,
        )


def stop_by_link(session: Session, subscription_id: int, *, now: datetime) -> None:
    """The same by the link of a mail; twice is once."""
    _end(session, subscription_id, BY_LINK, now)


def _end(session: Session, subscription_id: int, by: str, now: datetime) -> bool:
    mine = sa.update(Subscription).where(Subscription.id == subscription_id, _LIVES)
    ended = mine.values(ended_at=now, ended_by=by).returning(Subscription.id)
    return session.execute(_quietly(ended)).one_or_none() is not None


def pause(session: Session, subscription_id: int, because: str, *, now: datetime) -> None:
    """Send nothing more: the mail server takes nothing for the address."""
    mine = sa.update(Subscription).where(
        Subscription.id == subscription_id, Subscription.paused_at.is_(None)
    )
    session.execute(_quietly(mine.values(paused_at=now, paused_because=because[:200])))


def resume(session: Session, subscription_id: int, *, now: datetime) -> None:
    """Send again, from what is due next. Raises `NoSubscription`."""
    mine = sa.update(Subscription).where(Subscription.id == subscription_id, _LIVES)
    values = {"paused_at": None, "paused_because": "", "since": now}
    done = session.execute(_quietly(mine.values(**values).returning(Subscription.id)))
    if done.one_or_none() is None:
        raise NoSubscription()


def forget(session: Session, now: datetime) -> None:
    """Delete what has ended long ago, with the addresses, and what was sent long ago."""
    # by the newest of each it is known what has been sent: of a year it stands for a year
    newest = sa.select(sa.func.max(Mail.id)).group_by(Mail.subscription_id)
    for statement in (
        sa.delete(Mail).where(Mail.ended_at < now - KEPT, Mail.id.not_in(newest)),
        sa.delete(Subscription).where(Subscription.ended_at < now - KEPT),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


# ---------------------------------------------------------------- the link in each mail


def token(secret_key: str, subscription_id: int) -> str:
    """What ends a subscription without an account: signed, and good for this one alone."""
    return f"{subscription_id}-{_signature(secret_key, subscription_id)}"


def read_token(secret_key: str, text: str) -> int | None:
    """Whose token it is; None for one that is not ours."""
    number, _, signature = text.partition("-")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    right = _signature(secret_key, int(number))
    return int(number) if hmac.compare_digest(signature.encode(), right.encode()) else None


def _signature(secret_key: str, subscription_id: int) -> str:
    said = f"end of the subscription {subscription_id}".encode()
    return hmac.new(secret_key.encode(), said, hashlib.sha256).hexdigest()[:_TOKEN]
