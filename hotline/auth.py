"""Accounts, sessions, and who may call what.

Every view names who may call it (`@access(Role.AGENT)`, `@public`, `@signed`); one that does not is
refused, and a guard finds it before that. A browser carries its session in a cookie and must send a
CSRF token with every change; a program signs in at `POST /api/session` and sends `Authorization:
Bearer`.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Request, g
from sqlalchemy.orm import Session

from hotline.announce import announce
from hotline.db import Database, insert_ignore
from hotline.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from hotline.models import Account, SignIn

COOKIE = "hotline_session"
SESSION_LENGTH = timedelta(hours=14)  # a night shift and its hand-over
PASSWORD_LENGTH = 10
FREE_FAILURES = 5
#: Seconds that an account is locked at first, and at most.
FIRST_LOCK, LONGEST_LOCK = 15, 3600

View = TypeVar("View", bound=Callable[..., Any])
_hasher = PasswordHasher()
#: Verified when the name is unknown, so that an unknown name takes as long as a wrong password.
_NOBODY = _hasher.hash(secrets.token_hex(16))


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    DIVISION = "division"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


EVERYONE = tuple(Role)


@dataclass(frozen=True)
class Identity:
    """Who is signed in."""

    id: int
    username: str
    name: str
    role: Role
    demo: bool
    token: str = field(repr=False)

    def csrf_token(self, secret_key: str) -> str:
        """Bound to the session: useless in another one."""
        return hmac.new(secret_key.encode(), f"csrf:{self.token}".encode(), "sha256").hexdigest()


class BadCredentials(Invalid):
    code, status, text = "bad-credentials", 401, "floor.bad_credentials"


class LockedOut(Invalid):
    code, status, text = "locked-out", 429, "floor.locked_out"


class NoSuchAccount(NotFound):
    code, text = "no-such-account", "floor.no_such_account"


class UsernameTaken(Conflict):
    code, text = "username-taken", "floor.username_taken"


def access(*roles: Role) -> Callable[[View], View]:
    """Let these roles call this view, and nobody else."""
    if not roles:
        raise ValueError("name the roles that may call this view")
    return _declare({"roles": frozenset(roles)})


def public(view: View) -> View:
    """Let anybody call this view."""
    return _declare({"public": True})(view)


def signed(view: View) -> View:
    """Let only the carrier's signature open this view: it is a webhook."""
    return _declare({"signed": True})(view)


def _declare(rule: dict[str, Any]) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access_rule = rule  # type: ignore[attr-defined]
        return view

    return mark


def check_free(session: Session, username: str) -> None:
    """Raise UsernameTaken when an account has that name."""
    if session.scalar(sa.select(Account.id).where(Account.username == username)) is not None:
        raise UsernameTaken(username=username)


def create_account(
    session: Session,
    *,
    username: str,
    name: str,
    role: Role,
    password: str,
    now: datetime,
    demo: bool = False,
) -> int:
    """A new account's id; raises UsernameTaken, or Invalid for a password that is too short."""
    account_id = insert_ignore(
        session,
        Account,
        {
            "username": username,
            "name": name,
            "role": role.value,
            "password": _hashed(password),
            "active": True,
            "demo": demo,
            "failures": 0,
            "created_at": now,
        },
    )
    if account_id is None:
        raise UsernameTaken(username=username)
    return int(account_id)


@dataclass(frozen=True)
class AccountFacts:
    """Whose account it is; who is not `active` is locked out by hand."""

    id: int
    username: str
    name: str
    role: Role
    active: bool


def accounts(session: Session) -> list[AccountFacts]:
    """Every account, by username."""
    rows = session.scalars(sa.select(Account).order_by(Account.username))
    return [
        AccountFacts(row.id, row.username, row.name, Role(row.role), row.active) for row in rows
    ]


def account_named(session: Session, username: str) -> int:
    """The account's id; raises NoSuchAccount."""
    found = session.scalar(sa.select(Account.id).where(Account.username == username))
    if found is None:
        raise NoSuchAccount(username=username)
    return found


def set_password(session: Session, account_id: int, password: str) -> None:
    """Another password: whoever is signed in has to sign in again, with this one. Raises Invalid
    for one that is too short.
    """
    _set(session, account_id, password=_hashed(password))
    _end_sessions(session, account_id)


def lock_out(session: Session, account_id: int) -> None:
    """Nobody signs in to this account any more, and nobody stays signed in."""
    _set(session, account_id, active=False)
    _end_sessions(session, account_id)


def let_in(session: Session, account_id: int) -> None:
    """The contrary of `lock_out`; a lock for wrong passwords is lifted as well. Who is signed in
    stays so.
    """
    _set(session, account_id, active=True)


def _set(session: Session, account_id: int, **values: Any) -> None:
    """Change what decides who may sign in; earlier failures are forgotten."""
    fresh = {"failures": 0, "locked_until": None}
    session.execute(sa.update(Account).where(Account.id == account_id).values(**fresh, **values))


def _end_sessions(session: Session, account_id: int) -> None:
    session.execute(sa.delete(SignIn).where(SignIn.account_id == account_id))
    announce(session, "account.signed_out", account_id=account_id)


def sign_in(db: Database, username: str, password: str, *, now: datetime) -> str:
    """Check a password; the token of a new session.

    Raises BadCredentials; from the fifth wrong password on the account is locked for a time that
    doubles, and LockedOut is raised while it lasts. The password is checked between two units of
    work: a hash takes long on purpose, and no call shall wait for the database meanwhile.
    """
    with db.read() as session:
        account = session.scalar(sa.select(Account).where(Account.username == username))
    if account is None:
        _matches(_NOBODY, password)
        raise BadCredentials()
    if account.locked_until is not None and account.locked_until > now:
        raise LockedOut()
    right = _matches(account.password, password) and account.active
    with db.write() as session:
        if right and _unlock(session, account, now):
            return open_session(session, account.id, now=now)
        _count_failure(session, account.id, now)
    raise BadCredentials()


def _unlock(session: Session, account: Account, now: datetime) -> bool:
    """Forget earlier failures; False when the account was locked, or given another password, while
    this one was checked.
    """
    free = sa.or_(Account.locked_until.is_(None), Account.locked_until <= now)
    same = (Account.id == account.id, Account.password == account.password, Account.active)
    won = session.execute(
        sa.update(Account)
        .where(*same, free)
        .values(failures=0, locked_until=None)
        .returning(Account.id)
    )
    return won.one_or_none() is not None


def _count_failure(session: Session, account_id: int, now: datetime) -> None:
    mine = sa.update(Account).where(Account.id == account_id)
    failures = session.execute(
        mine.values(failures=Account.failures + 1).returning(Account.failures)
    ).scalar_one()
    if failures >= FREE_FAILURES:
        seconds = min(FIRST_LOCK * 2 ** (failures - FREE_FAILURES), LONGEST_LOCK)
        session.execute(mine.values(locked_until=now + timedelta(seconds=seconds)))


def open_session(session: Session, account_id: int, *, now: datetime) -> str:
    """The token of a new session of this account. Only a hash of it is kept."""
    token = secrets.token_urlsafe(32)
    session.execute(
        sa.insert(SignIn).values(
            token_hash=_hash(token),
            account_id=account_id,
            created_at=now,
            expires_at=now + SESSION_LENGTH,
        )
    )
    return token


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End this session; when it was the account's last, that is announced."""
    this = SignIn.token_hash == _hash(token)
    account_id = session.scalar(sa.select(SignIn.account_id).where(this))
    if account_id is None:
        return
    # one at a time: of two browsers that sign out at once, each would leave it to the other
    session.execute(sa.select(Account.id).where(Account.id == account_id).with_for_update())
    session.execute(sa.delete(SignIn).where(this))
    _tell_signed_out(session, {account_id}, now)


def _tell_signed_out(session: Session, account_ids: set[int], now: datetime) -> None:
    """Announce those of these accounts that nobody is signed in with any more."""
    good = sa.select(SignIn.account_id).where(
        SignIn.account_id.in_(account_ids), SignIn.expires_at > now
    )
    for account_id in sorted(account_ids.difference(session.scalars(good))):
        announce(session, "account.signed_out", account_id=account_id)


def identify(session: Session, token: str, *, now: datetime) -> Identity | None:
    """Who holds this token, if its session is still good."""
    row = session.execute(
        sa.select(Account.id, Account.username, Account.name, Account.role, Account.demo)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(SignIn.token_hash == _hash(token), SignIn.expires_at > now, Account.active)
    ).one_or_none()
    if row is None:
        return None
    return Identity(row.id, row.username, row.name, Role(row.role), row.demo, token)


def token_of(request: Request) -> tuple[str, bool]:
    """The session token that a request carries, and whether a browser sent it (as a cookie)."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip(), False
    return request.cookies.get(COOKIE, ""), True


def check_role(rule: dict[str, Any], identity: Identity | None) -> None:
    if rule.get("public"):
        return
    if identity is None:
        raise SignInNeeded()
    if identity.role not in rule["roles"]:
        raise Forbidden()


def check_csrf(request: Request, identity: Identity, secret_key: str) -> None:
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if not hmac.compare_digest(given.encode(), identity.csrf_token(secret_key).encode()):
        raise Forbidden(text="floor.csrf")


def current_account() -> Identity:
    """Who is signed in, in a view that demands it; raises SignInNeeded otherwise."""
    identity: Identity | None = g.get("identity")
    if identity is None:
        raise SignInNeeded()
    return identity


def expire_sign_ins(session: Session, now: datetime) -> None:
    """Forget the sessions that are over; accounts without another are announced as signed out."""
    over = sa.delete(SignIn).where(SignIn.expires_at <= now).returning(SignIn.account_id)
    _tell_signed_out(session, set(session.scalars(over)), now)


def _hashed(password: str) -> str:
    if len(password) < PASSWORD_LENGTH:
        raise Invalid(text="floor.password_short", length=PASSWORD_LENGTH)
    return _hasher.hash(password)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
