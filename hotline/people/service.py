"""What accounts do to each other. Every verb writes its line in the log, in the same unit of work.

`by` is who acts; None is the command line of the machine, which may do all that leaves somebody
to sign in. Verbs raise NoSuchAccount, NotTheirs, NotYourself, LastAdministrator, ReasonNeeded (see
`rules`), and Conflict when the account is no longer as it was.

Announced after the commit: `account.renamed` (account_id, name).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit, auth
from hotline.announce import announce
from hotline.auth import Identity, Role
from hotline.errors import Conflict, NotFound
from hotline.models import Account, SecondFactor
from hotline.notices.rules import read_email
from hotline.people import factors, resets, rules
from hotline.people.rules import LastAdministrator, NotTheirs, NotYourself

PAGE = 100
#: The largest id that a database can be asked for.
LARGEST_ID = 2**63 - 1


class NobodyThere(NotFound):
    code, text = "no-such-account", "floor.people.nobody"


@dataclass(frozen=True)
class Person:
    """An account as those see it who look after it."""

    id: int
    username: str
    name: str
    role: Role
    contact: str
    email: str
    active: bool
    demo: bool
    locked_until: datetime | None
    created_at: datetime
    second_factor: bool
    #: The city's own sign-in has made it, and says what it is; and since when its groups give none.
    provisioned: bool
    group_gone_at: datetime | None

    def locked_now(self, now: datetime) -> bool:
        """Whether wrong passwords have locked it for the moment."""
        return self.locked_until is not None and self.locked_until > now


# ---------------------------------------------------------------- reading


def search(
    session: Session, *, roles: Collection[Role], text: str = "", after: str = ""
) -> list[Person]:
    """Accounts of these roles whose name or username contains `text`, by username; one more than a
    page. `after`: the last username of the page before.
    """
    query = _people().where(Account.role.in_([each.value for each in roles]))
    if text:
        found = Account.username.icontains(text, autoescape=True)
        query = query.where(found | Account.name.icontains(text, autoescape=True))
    if after:
        query = query.where(Account.username > after)
    rows = session.execute(query.order_by(Account.username).limit(PAGE + 1))
    return [_person(row) for row in rows]


def person(session: Session, account_id: int) -> Person:
    """The account; raises NobodyThere."""
    row = session.execute(_people().where(Account.id == account_id)).one_or_none()
    if row is None:
        raise NobodyThere(str(account_id))
    return _person(row)


def person_of(session: Session, account_id: int, by: Identity | None) -> Person:
    """The account, for who looks after it; raises NobodyThere, NotTheirs."""
    them = person(session, account_id)
    if by is not None and not rules.manages(by.role, them.role):
        raise NotTheirs()
    return them


def _people() -> sa.Select[Account, bool]:
    confirmed = sa.exists().where(
        SecondFactor.account_id == Account.id, SecondFactor.confirmed_at.is_not(None)
    )
    return sa.select(Account, confirmed.label("second_factor"))


def _person(row: Any) -> Person:
    account: Account = row[0]
    return Person(
        id=account.id,
        username=account.username,
        name=account.name,
        role=Role(account.role),
        contact=account.contact,
        email=account.email,
        active=account.active,
        demo=account.demo,
        locked_until=account.locked_until,
        created_at=account.created_at,
        second_factor=bool(row[1]),
        provisioned=account.provisioned_at is not None,
        group_gone_at=None if account.active else account.group_gone_at,
    )


# ---------------------------------------------------------------- acting


def make(
    session: Session,
    *,
    username: str,
    name: str,
    role: Role,
    contact: str = "",
    email: str = "",
    by: Identity | None,
    now: datetime,
) -> int:
    """A new account without a password: a link sets one. Raises UsernameTaken, BadUsername, …"""
    if by is not None and not rules.manages(by.role, role):
        raise NotTheirs()
    username, name = rules.read_username(username), rules.read_name(name)
    email = read_email(email)
    account_id = auth.create_account(
        session,
        username=username,
        name=name,
        role=role,
        contact=rules.read_contact(contact),
        password=None,
        now=now,
    )
    if email:
        session.execute(sa.update(Account).where(Account.id == account_id).values(email=email))
    _log(session, "made", account_id, by, now, username=username, role=role.value)
    return account_id


def rename(
    session: Session,
    account_id: int,
    *,
    name: str,
    contact: str,
    email: str | None = None,
    by: Identity | None,
    now: datetime,
) -> None:
    """Another name, and where the person is reached; `email` None: where it was."""
    them = person_of(session, account_id, by)
    name, contact = rules.read_name(name), rules.read_contact(contact)
    email = them.email if email is None else read_email(email)
    if (them.name, them.contact, them.email) == (name, contact, email):
        return
    _change(session, them, {}, name=name, contact=contact, email=email)
    announce(session, "account.renamed", account_id=account_id, name=name)
    # a number of somebody's own does not go into a log that is never erased
    _log(session, "renamed", account_id, by, now, was=them.name, name=name)


def change_role(
    session: Session,
    account_id: int,
    role: Role,
    *,
    reason: str,
    by: Identity | None,
    now: datetime,
) -> None:
    """Another role; every session ends, so that the new rights count."""
    them = _other(session, account_id, by)
    reason = rules.need_reason(reason)
    if by is not None and not rules.manages(by.role, role):
        raise NotTheirs()
    if role is them.role:
        raise Conflict()
    if role is not Role.ADMINISTRATOR:
        leave_an_administrator(session, them)
    _change(session, them, {"role": them.role.value}, role=role.value)
    auth.end_sessions(session, account_id)
    facts = {"was": them.role.value, "role": role.value}
    _log(session, "role_changed", account_id, by, now, reason, **facts)


def lock(
    session: Session, account_id: int, *, reason: str, by: Identity | None, now: datetime
) -> None:
    """Nobody signs in to this account any more, and nobody stays signed in."""
    them = _other(session, account_id, by)
    reason = rules.need_reason(reason)
    leave_an_administrator(session, them)
    _change(session, them, {"active": True}, active=False)
    auth.lock_out(session, account_id)
    _log(session, "locked", account_id, by, now, reason)


def unlock(
    session: Session, account_id: int, *, reason: str = "", by: Identity | None, now: datetime
) -> None:
    """Let in again; a lock for wrong passwords is lifted as well."""
    person_of(session, account_id, by)
    auth.let_in(session, account_id)
    _log(session, "unlocked", account_id, by, now, reason)


def lift_lock(session: Session, account_id: int, *, by: Identity | None, now: datetime) -> None:
    """Forget wrong passwords, and the lock for them."""
    person_of(session, account_id, by)
    auth.lift_lock(session, account_id)
    _log(session, "lock_lifted", account_id, by, now)


def make_link(session: Session, account_id: int, *, by: Identity | None, now: datetime) -> str:
    """The token of a link that sets a password once; raises Conflict for who is locked out."""
    if not _other(session, account_id, by).active:
        raise Conflict(text="floor.people.is_locked")
    _log(session, "link_made", account_id, by, now)
    return resets.make(session, account_id, now=now)


def set_password(
    session: Session,
    account_id: int,
    password: str,
    *,
    reason: str = "",
    by: Identity | None,
    now: datetime,
) -> None:
    """Another password, by who can type it in: the command line. Every session ends."""
    person_of(session, account_id, by)
    auth.set_password(session, account_id, password)
    _log(session, "password_set", account_id, by, now, reason)


def sign_out_everywhere(
    session: Session, account_id: int, *, reason: str, by: Identity | None, now: datetime
) -> None:
    """Every session of the account ends."""
    _other(session, account_id, by)
    reason = rules.need_reason(reason)
    auth.end_sessions(session, account_id)
    _log(session, "signed_out", account_id, by, now, reason)


def end_session(
    session: Session,
    account_id: int,
    handle: str,
    *,
    reason: str,
    by: Identity | None,
    now: datetime,
) -> None:
    """One session of the account ends; raises Conflict when it has ended."""
    _other(session, account_id, by)
    reason = rules.need_reason(reason)
    if not auth.end_session(session, account_id, handle, now=now):
        raise Conflict()
    _log(session, "session_ended", account_id, by, now, reason)


def remove_factor(
    session: Session, account_id: int, *, reason: str, by: Identity | None, now: datetime
) -> None:
    """Who lost their second factor signs in without, and sets up another; sessions end."""
    _other(session, account_id, by)
    reason = rules.need_reason(reason)
    if not factors.remove(session, account_id):
        raise factors.NoFactor()
    auth.end_sessions(session, account_id)
    _log(session, "factor_removed", account_id, by, now, reason)


# ---------------------------------------------------------------- shared


def _other(session: Session, account_id: int, by: Identity | None) -> Person:
    """The account, which must be another's and looked after by who acts."""
    if by is not None and by.id == account_id:
        raise NotYourself()
    return person_of(session, account_id, by)


def leave_an_administrator(session: Session, them: Person | Account) -> None:
    """Raise LastAdministrator when nobody but they could administer. One at a time: of two
    administrators who lock each other at once, the second finds the first's work done.
    """
    if them.role != Role.ADMINISTRATOR or not them.active:
        return
    active = (
        sa.select(Account.id)
        .where(Account.role == Role.ADMINISTRATOR.value, Account.active)
        .order_by(Account.id)
        .with_for_update()
    )
    if set(session.scalars(active)) <= {them.id}:
        raise LastAdministrator()


def _change(session: Session, them: Person, seen: dict[str, Any], **values: Any) -> None:
    """Change the account as it was seen; raises Conflict when somebody else was first."""
    won = session.execute(
        sa.update(Account)
        .where(Account.id == them.id, *(getattr(Account, name) == seen[name] for name in seen))
        .values(**values)
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    )
    if won.one_or_none() is None:
        raise Conflict()


def _log(
    session: Session,
    verb: str,
    account_id: int,
    by: Identity | None,
    now: datetime,
    reason: str = "",
    **data: Any,
) -> None:
    subject = f"account:{account_id}"
    audit.record(session, f"floor.{verb}", subject, by=by, at=now, reason=reason, **data)
