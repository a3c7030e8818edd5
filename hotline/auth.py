"""Accounts, sessions, and who may call what.

Every view names who may call it (`@access(Role.AGENT)`, `@public`, `@signed`); one that does not is
refused, and a guard finds it before that. A browser carries its session in a cookie and must send a
CSRF token with every change; a program signs in at `POST /api/session` and sends `Authorization:
Bearer`. What accounts do to each other is in `hotline.people`, one-time codes are in
`hotline.people.factors`.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from flask import Request, g
from sqlalchemy.orm import Session

from hotline import origins
from hotline.announce import announce
from hotline.db import Database, insert_ignore
from hotline.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from hotline.models import Account, PasswordReset, SecondFactor, SignIn, SignInEvent, Stranger
from hotline.origins import Origin
from hotline.roles import EVERYONE as EVERYONE  # noqa: PLC0414 - the rooms take them from here
from hotline.roles import Role as Role  # noqa: PLC0414

#: The prefix makes browsers refuse it from anywhere but this very host, over TLS (RFC 6265bis,
#: 4.1.3.2): no neighbour below the same domain plants a session. Without TLS there is no such name.
COOKIE, PLAIN_COOKIE = "__Host-hotline_session", "hotline_session"
SESSION_LENGTH = timedelta(hours=14)  # a night shift and its hand-over
PASSWORD_LENGTH = 10
#: What must be left of a password without the username in it, and how many different characters.
_REST, _DIFFERENT = 6, 4
EASY = Path(__file__).with_name("easy_passwords.txt")
FREE_FAILURES = 5
#: Who may leave a screen on with the wallboard.
SETS_UP_SCREENS = (Role.SUPERVISOR, Role.MANAGER)
#: Seconds that an account is locked at first, and at most.
FIRST_LOCK, LONGEST_LOCK = 15, 3600
#: How long attempts to sign in are told of, and names that nobody has are remembered.
KEPT, STRANGERS_KEPT = timedelta(days=90), timedelta(days=7)
#: So often is it written down that a session is in use.
SEEN_EVERY = timedelta(minutes=1)
BROWSER_LENGTH = 200

View = TypeVar("View", bound=Callable[..., Any])
_hasher = PasswordHasher()
#: For a password that everybody knows: the least that the library takes, since there is nothing to
#: guess.
_published = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """What looks like a hash of this hasher and is of no password: drawn, not reckoned, so that a
    process which starts does not pay for it. To verify it takes as long as any other.
    """
    salt, drawn = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${drawn}"


#: Verified when the name is unknown, so that an unknown name takes as long as a wrong password.
_NOBODY = _hash_of_nothing(_hasher)


class Attempt(StrEnum):
    """How an attempt to sign in ended."""

    IN = "in"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105
    WRONG_CODE = "wrong_code"


@dataclass(frozen=True)
class Identity:
    """Who is signed in."""

    id: int
    username: str
    name: str
    role: Role
    demo: bool
    token: str = field(repr=False)
    second_factor: bool = False
    #: When this session was last in use, to the minute; None: a program's, or a screen's.
    seen_at: datetime | None = field(default=None, compare=False)
    #: This session is a screen's on a wall: it sees the wallboard and nothing else.
    screen: bool = False

    def csrf_token(self, secret_key: str) -> str:
        """Bound to the session: useless in another one."""
        return hmac.new(secret_key.encode(), f"csrf:{self.token}".encode(), "sha256").hexdigest()


@dataclass(frozen=True)
class Visit:
    """What opens a session: a browser, as it calls itself (None: a program), for how long, and
    from where, as far as that is looked at.
    """

    browser: str | None = None
    length: timedelta = SESSION_LENGTH
    origin: Origin | None = None


PROGRAM = Visit()


@dataclass(frozen=True)
class Proved:
    """Whose password was right, and the hash that it was checked against."""

    account_id: int
    password: str = field(repr=False)


class BadCredentials(Invalid):
    code, status, text = "bad-credentials", 401, "floor.bad_credentials"


class SecondFactorNeeded(Invalid):
    """The password was right, and a one-time code is asked for as well."""

    code, status, text = "second-factor-needed", 401, "floor.second_factor_needed"

    def __init__(self, proved: Proved) -> None:
        super().__init__()
        self.proved = proved


class LockedOut(Invalid):
    """Wrong passwords or codes have locked the name; `until` when."""

    code, status, text = "locked-out", 429, "floor.locked_out"

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat(), until=until)


class ScreenOnly(Forbidden):
    """Who stands before a screen on a wall may see the wallboard, and nothing else."""

    code, text = "screen-only", "floor.screen_only"


class NoSuchAccount(NotFound):
    code, text = "no-such-account", "floor.no_such_account"


class UsernameTaken(Conflict):
    code, text = "username-taken", "floor.username_taken"


def access(*roles: Role, unfinished: bool = False, screen: bool = False) -> Callable[[View], View]:
    """Let these roles call this view, and nobody else; with `unfinished`, those of them too who
    must set up a second factor first; with `screen`, a screen on a wall as well.
    """
    if not roles:
        raise ValueError("name the roles that may call this view")
    rule: dict[str, Any] = {"roles": frozenset(roles)}
    also = {"unfinished": unfinished, "screen": screen}
    return _declare(rule | {name: True for name, given in also.items() if given})


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
    password: str | None,
    now: datetime,
    demo: bool = False,
    contact: str = "",
) -> int:
    """A new account's id; raises UsernameTaken, or Invalid for a password that is too easy.

    Without a password nothing signs in until one is set; a guess takes as long as any. The password
    of a `demo` account is published.
    """
    kept = _NOBODY if password is None else hashed(password, username, published=demo)
    account_id = insert_ignore(
        session,
        Account,
        {
            "username": username,
            "name": name,
            "role": role.value,
            "password": kept,
            "contact": contact,
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
    """Another password: whoever is signed in has to sign in again, with this one, and no link sets
    another. Raises Invalid for one that is too easy.
    """
    username = session.scalar(sa.select(Account.username).where(Account.id == account_id))
    put_password(session, account_id, hashed(password, username or ""))
    end_sessions(session, account_id)


def put_password(session: Session, account_id: int, password_hash: str) -> None:
    """Another password, of which the hash was made (`hashed`) before this unit of work."""
    _set(session, account_id, password=password_hash)
    session.execute(sa.delete(PasswordReset).where(PasswordReset.account_id == account_id))


def lock_out(session: Session, account_id: int) -> None:
    """Nobody signs in to this account any more, and nobody stays signed in."""
    _set(session, account_id, active=False)
    end_sessions(session, account_id)
    session.execute(sa.delete(PasswordReset).where(PasswordReset.account_id == account_id))


def let_in(session: Session, account_id: int) -> None:
    """The contrary of `lock_out`; a lock for wrong passwords is lifted as well. Who is signed in
    stays so.
    """
    _set(session, account_id, active=True)


def lift_lock(session: Session, account_id: int) -> None:
    """Forget wrong passwords, and the lock for them."""
    _set(session, account_id)


def _set(session: Session, account_id: int, **values: Any) -> None:
    """Change what decides who may sign in; earlier failures are forgotten."""
    fresh = {"failures": 0, "locked_until": None}
    session.execute(sa.update(Account).where(Account.id == account_id).values(**fresh, **values))


def end_sessions(session: Session, account_id: int) -> None:
    """Everybody who is signed in with this account has to sign in again."""
    session.execute(sa.delete(SignIn).where(SignIn.account_id == account_id))
    announce(session, "account.signed_out", account_id=account_id)


def end_other_sessions(session: Session, me: Identity) -> None:
    """All sessions of this account but the one that it is used in."""
    mine = SignIn.account_id == me.id
    session.execute(sa.delete(SignIn).where(mine, SignIn.token_hash != _hash(me.token)))


# ---------------------------------------------------------------- signing in


def sign_in(
    db: Database, username: str, password: str, *, now: datetime, visit: Visit = PROGRAM
) -> str:
    """Check a password; the token of a new session.

    Raises what `prove` raises, and SecondFactorNeeded for who has one.
    """
    proved = prove(db, username, password, now=now, visit=visit)
    with db.write() as session:
        if has_second_factor(session, proved.account_id):
            raise SecondFactorNeeded(proved)
        if (token := enter(session, proved, now=now, visit=visit)) is not None:
            return token
        _count_failure(session, _account(proved.account_id), now)
    raise BadCredentials()


def prove(
    db: Database, username: str, password: str, *, now: datetime, visit: Visit = PROGRAM
) -> Proved:
    """Check a password, which opens nothing yet.

    Raises BadCredentials; from the fifth wrong password on the account is locked for a time that
    doubles, and LockedOut is raised while it lasts: for names that nobody has as well. The password
    is checked between two units of work: a hash takes long on purpose, and no call shall wait for
    the database meanwhile. TooManyAccounts (`hotline.origins`) is raised before anything is looked
    at.
    """
    with db.read() as session:
        origins.admit(session, visit.origin, username, now=now)
        account = session.scalar(sa.select(Account).where(Account.username == username))
        known = account or session.get(Stranger, _hash(username))
    if known is not None and known.locked_until is not None and known.locked_until > now:
        raise LockedOut(known.locked_until)
    right = _matches(account.password if account else _NOBODY, password)
    if account is not None and right and account.active:
        return Proved(account.id, account.password)
    with db.write() as session:
        origins.failed(session, visit.origin, username, now=now)
        if account is not None:
            failed(session, account.id, Attempt.WRONG_PASSWORD, now=now, visit=visit)
        else:
            _count_stranger(session, username, now)
    raise BadCredentials()


def check_unlocked(session: Session, account_id: int, *, now: datetime) -> None:
    """Raise LockedOut while wrong passwords or codes have locked the account."""
    until = session.scalar(sa.select(Account.locked_until).where(Account.id == account_id))
    if until is not None and until > now:
        raise LockedOut(until)


def has_second_factor(session: Session, account_id: int) -> bool:
    return bool(session.scalar(sa.select(_second_factor(account_id))))


def _second_factor(account_id: Any) -> sa.Exists:
    return sa.exists().where(
        SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None)
    )


def enter(session: Session, proved: Proved, *, now: datetime, visit: Visit) -> str | None:
    """The token of a new session of who has proved all that is asked for; earlier failures are
    forgotten. None when the account was locked, or given another password, meanwhile.
    """
    free = sa.or_(Account.locked_until.is_(None), Account.locked_until <= now)
    same = (Account.id == proved.account_id, Account.password == proved.password, Account.active)
    won = session.execute(
        sa.update(Account)
        .where(*same, free)
        .values(failures=0, locked_until=None)
        .returning(Account.username)
    )
    username = won.scalar_one_or_none()
    if username is None:
        return None
    origins.entered(session, visit.origin, username, now=now)
    _tell_attempt(session, proved.account_id, Attempt.IN, now, visit)
    return open_session(session, proved.account_id, now=now, visit=visit)


def failed(session: Session, account_id: int, how: Attempt, *, now: datetime, visit: Visit) -> None:
    """Count a wrong password or code: they lead to the same lock."""
    _count_failure(session, _account(account_id), now)
    _tell_attempt(session, account_id, how, now, visit)


def _tell_attempt(
    session: Session, account_id: int, how: Attempt, now: datetime, visit: Visit
) -> None:
    browser = (visit.browser or "")[:BROWSER_LENGTH]
    values = {"account_id": account_id, "at": now, "kind": how.value, "browser": browser}
    session.execute(sa.insert(SignInEvent).values(values))


def _account(account_id: int) -> sa.Update:
    return sa.update(Account).where(Account.id == account_id)


def _count_stranger(session: Session, username: str, now: datetime) -> None:
    key = _hash(username)
    insert_ignore(session, Stranger, {"name_hash": key, "failures": 0, "tried_at": now})
    this = sa.update(Stranger).where(Stranger.name_hash == key)
    session.execute(this.values(tried_at=now))
    _count_failure(session, this, now)


def _count_failure(session: Session, mine: sa.Update, now: datetime) -> None:
    """Count one more of the account, or the stranger, that `mine` updates."""
    failures = mine.table.c.failures
    count = session.execute(mine.values(failures=failures + 1).returning(failures)).scalar_one()
    if count >= FREE_FAILURES:
        # twelve doublings are more than the longest: no power of a number that a machine counts up
        seconds = min(FIRST_LOCK * 2 ** min(count - FREE_FAILURES, 12), LONGEST_LOCK)
        session.execute(mine.values(locked_until=now + timedelta(seconds=seconds)))


# ---------------------------------------------------------------- sessions


def open_session(
    session: Session,
    account_id: int,
    *,
    now: datetime,
    visit: Visit = PROGRAM,
    screen: bool = False,
) -> str:
    """The token of a new session of this account. Only a hash of it is kept.

    `screen`: of a screen on a wall, which may be dark for days and does not rest by that.
    """
    token = secrets.token_urlsafe(32)
    session.execute(
        sa.insert(SignIn).values(
            token_hash=_hash(token),
            account_id=account_id,
            created_at=now,
            expires_at=now + visit.length,
            seen_at=None if visit.browser is None or screen else now,
            browser=(visit.browser or "")[:BROWSER_LENGTH],
            screen=screen,
        )
    )
    return token


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End this session; when it was the account's last, that is announced."""
    _end_session(session, SignIn.token_hash == _hash(token), now)


def _end_session(session: Session, this: sa.ColumnElement[bool], now: datetime) -> bool:
    account_id = session.scalar(sa.select(SignIn.account_id).where(this))
    if account_id is None:
        return False
    # one at a time: of two browsers that sign out at once, each would leave it to the other
    session.execute(sa.select(Account.id).where(Account.id == account_id).with_for_update())
    session.execute(sa.delete(SignIn).where(this))
    _tell_signed_out(session, {account_id}, now)
    return True


@dataclass(frozen=True)
class OpenSession:
    """One session of an account. `handle` names it and opens nothing; `seen_at` is None for a
    program's and a screen's.
    """

    handle: str
    since: datetime
    until: datetime
    seen_at: datetime | None
    browser: str
    screen: bool


_HANDLE = 16


def handle_of(token: str) -> str:
    """The handle of the session that this token opens."""
    return _hash(token)[:_HANDLE]


def session_since(session: Session, token: str) -> datetime | None:
    """When this session began; None when it has ended."""
    return session.scalar(sa.select(SignIn.created_at).where(SignIn.token_hash == _hash(token)))


def sessions_of(session: Session, account_id: int, *, now: datetime) -> list[OpenSession]:
    """The account's sessions that are not over, the newest first."""
    rows = session.scalars(
        sa.select(SignIn)
        .where(SignIn.account_id == account_id, SignIn.expires_at > now)
        .order_by(SignIn.created_at.desc())
    )
    return [
        OpenSession(
            row.token_hash[:_HANDLE],
            row.created_at,
            row.expires_at,
            row.seen_at,
            row.browser,
            row.screen,
        )
        for row in rows
    ]


def end_session(session: Session, account_id: int, handle: str, *, now: datetime) -> bool:
    """End one session of this account by its handle; False when there is none (any more)."""
    if len(handle) != _HANDLE:
        return False
    mine = SignIn.account_id == account_id
    return _end_session(session, mine & SignIn.token_hash.startswith(handle, autoescape=True), now)


def attempts_of(
    session: Session, account_id: int, *, limit: int = 20
) -> list[tuple[datetime, Attempt, str]]:
    """The last attempts to sign in, the newest first: when, how it ended, in which browser."""
    rows = session.scalars(
        sa.select(SignInEvent)
        .where(SignInEvent.account_id == account_id)
        .order_by(SignInEvent.id.desc())
        .limit(limit)
    )
    return [(row.at, Attempt(row.kind), row.browser) for row in rows]


def _tell_signed_out(session: Session, account_ids: set[int], now: datetime) -> None:
    """Announce those of these accounts that nobody is signed in with any more."""
    for account_id in _without_session(session, account_ids, now):
        announce(session, "account.signed_out", account_id=account_id)


def _without_session(session: Session, account_ids: set[int], now: datetime) -> list[int]:
    # nobody is there because a screen is on
    good = sa.select(SignIn.account_id).where(
        SignIn.account_id.in_(account_ids), SignIn.expires_at > now, ~SignIn.screen
    )
    return sorted(account_ids.difference(session.scalars(good)))


def identify(
    session: Session, token: str, *, now: datetime, idle: timedelta | None = None
) -> Identity | None:
    """Who holds this token, if its session is still good: not over, and not at rest for `idle`."""
    given: dict[str, Any] = {"token": _hash(token), "now": now}
    if idle is not None:
        given["awake"] = now - idle
    row = session.execute(_holder(rests=idle is not None), given).one_or_none()
    if row is None:
        return None
    seen, second = row.seen_at, bool(row.second_factor)
    who = (row.id, row.username, row.name, Role(row.role), row.demo)
    return Identity(*who, token, second, seen, row.screen)


@cache
def _holder(*, rests: bool) -> sa.Select[int, str, str, str, bool, datetime | None, bool, bool]:
    """Whose the session is. Every request asks, so the statement is put together once."""
    good = [
        SignIn.token_hash == sa.bindparam("token"),
        SignIn.expires_at > sa.bindparam("now"),
        Account.active,
    ]
    if rests:
        good.append(sa.or_(SignIn.seen_at.is_(None), SignIn.seen_at > sa.bindparam("awake")))
    facts = (Account.id, Account.username, Account.name, Account.role, Account.demo)
    return (
        sa.select(
            *facts, SignIn.seen_at, SignIn.screen, _second_factor(Account.id).label("second_factor")
        )
        .join(SignIn, SignIn.account_id == Account.id)
        .where(*good)
    )


def identity_of(session: Session, account_id: int) -> Identity:
    """An account as who acts without a session: by a link, or while it signs in."""
    row = session.get_one(Account, account_id)
    return Identity(row.id, row.username, row.name, Role(row.role), row.demo, token="")


def keep_awake(db: Database, identity: Identity, *, now: datetime, speed: float = 1) -> None:
    """Write down that a session is in use, about once a minute of the wall's. What cannot be
    written now is with the next request: nobody waits for a page because of it.
    """
    if identity.seen_at is None or now - identity.seen_at < SEEN_EVERY * speed:
        return
    mine = SignIn.token_hash == _hash(identity.token)
    seen = sa.update(SignIn).where(mine, SignIn.seen_at < now).values(seen_at=now)
    with suppress(sa.exc.OperationalError):
        db.write_alone(seen.returning(SignIn.account_id), {})


def token_of(request: Request, cookie: str = COOKIE) -> tuple[str, bool]:
    """The session token that a request carries, and whether a browser sent it (as a cookie)."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip(), False
    return request.cookies.get(cookie, ""), True


def cookie_name(public_url: str) -> str:
    """The session's cookie where pages are reached at `public_url`."""
    return COOKIE if public_url.startswith("https://") else PLAIN_COOKIE


def check_role(rule: dict[str, Any], identity: Identity | None) -> None:
    if rule.get("public"):
        return
    if identity is None:
        raise SignInNeeded()
    if identity.screen and not rule.get("screen"):
        raise ScreenOnly()
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


def expire_sign_ins(session: Session, now: datetime, idle: timedelta | None = None) -> None:
    """Forget the sessions that are over, or at rest for `idle`; accounts without another are
    announced as signed out, or at rest. What else is told for a time only goes as well.
    """
    over = sa.delete(SignIn).where(SignIn.expires_at <= now).returning(SignIn.account_id)
    _tell_signed_out(session, set(session.scalars(over)), now)
    if idle is not None:
        rests = sa.delete(SignIn).where(SignIn.seen_at <= now - idle).returning(SignIn.account_id)
        for account_id in _without_session(session, set(session.scalars(rests)), now):
            announce(session, "account.at_rest", account_id=account_id)
    session.execute(sa.delete(SignInEvent).where(SignInEvent.at <= now - KEPT))
    session.execute(sa.delete(Stranger).where(Stranger.tried_at <= now - STRANGERS_KEPT))
    session.execute(sa.delete(PasswordReset).where(PasswordReset.expires_at <= now))
    origins.forget(session, now=now)


# ---------------------------------------------------------------- passwords


def check_password(password: str, username: str) -> None:
    """Raise Invalid for a password that is too short or too easy to guess."""
    if len(password) < PASSWORD_LENGTH:
        raise Invalid(text="floor.password_short", length=PASSWORD_LENGTH)
    plain = password.casefold()
    rest = plain.replace(username.casefold(), "") if username else plain
    if plain in _easy() or len(rest) < _REST or len(set(plain)) < _DIFFERENT:
        raise Invalid(text="floor.password_easy")


@cache
def _easy() -> frozenset[str]:
    """What is guessed first. A list of our own making: as long as a password must be."""
    return frozenset(EASY.read_text(encoding="utf-8").split())


def hashed(password: str, username: str, *, published: bool = False) -> str:
    """What is kept of a password; raises Invalid for one that is too easy. Takes long on purpose,
    unless everybody knows it anyway.
    """
    check_password(password, username)
    return (_published if published else _hasher).hash(password)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
