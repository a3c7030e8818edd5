"""Accounts and sessions on both engines: passwords, lock-out, expiry, roles."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from flask import Request
from werkzeug.test import EnvironBuilder

from hotline import auth, clock
from hotline.auth import BadCredentials, Identity, LockedOut, Role, UsernameTaken
from hotline.clock import DrivenClock
from hotline.db import Database
from hotline.errors import Forbidden, Invalid, SignInNeeded
from hotline.models import Account, SignIn

PASSWORD = "a long enough password"


class Quick(PasswordHasher):
    """The real thing, made cheap; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.asked = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.asked += 1
        return super().verify(hash, password)


@pytest.fixture(autouse=True)
def hasher(monkeypatch: pytest.MonkeyPatch) -> Quick:
    quick = Quick()
    monkeypatch.setattr(auth, "_hasher", quick)
    monkeypatch.setattr(auth, "_NOBODY", quick.hash("nobody's"))
    return quick


@pytest.fixture
def noi(db: Database, driven: DrivenClock) -> int:
    """The id of an agent's account."""
    return create(db, "noi")


def create(db: Database, username: str, password: str = PASSWORD, role: Role = Role.AGENT) -> int:
    with db.write() as session:
        return auth.create_account(
            session, username=username, name="น้อย", role=role, password=password, now=clock.now()
        )


def sign_in(db: Database, password: str = PASSWORD, username: str = "noi") -> str:
    return auth.sign_in(db, username, password, now=clock.now())


def fail(db: Database, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(BadCredentials):
            sign_in(db, "wrong")


def identify(db: Database, token: str) -> Identity | None:
    with db.read() as session:
        return auth.identify(session, token, now=clock.now())


# ---------------------------------------------------------------- passwords


def test_a_password_that_was_changed_while_it_was_checked_opens_nothing(
    db: Database, noi: int, hasher: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = hasher.verify

    def slow(hash: str, password: str) -> bool:
        with db.write() as session:
            auth.set_password(session, noi, "quite another password")
        return verify(hash, password)

    monkeypatch.setattr(hasher, "verify", slow)
    with pytest.raises(BadCredentials):
        sign_in(db)


def test_a_right_password_opens_a_session(db: Database, noi: int) -> None:
    token = sign_in(db)
    identity = identify(db, token)
    assert identity is not None
    assert (identity.id, identity.username, identity.name) == (noi, "noi", "น้อย")
    assert identity.role is Role.AGENT
    assert token not in repr(identity)


def test_neither_password_nor_token_is_kept(db: Database, noi: int) -> None:
    token = sign_in(db)
    with db.read() as session:
        kept = str(session.execute(sa.select(Account.__table__)).all())
        kept += str(session.execute(sa.select(SignIn.__table__)).all())
    assert PASSWORD not in kept
    assert token not in kept
    assert "$argon2id$" in kept


def test_the_shipped_hash_is_as_expensive_as_recommended() -> None:
    """OWASP's password storage cheat sheet: argon2id with 19 MiB, 2 passes, at the least."""
    parameters = PasswordHasher()
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2
    assert type(auth._hasher).__mro__[1] is PasswordHasher


def test_a_guess_at_a_name_that_nobody_has_takes_as_long_as_any() -> None:
    shipped = PasswordHasher()
    nobody = auth._hash_of_nothing(shipped)
    assert extract_parameters(nobody) == extract_parameters(shipped.hash(PASSWORD))
    with pytest.raises(VerifyMismatchError):  # reckoned, and found to be another
        shipped.verify(nobody, "")
    assert auth._hash_of_nothing(shipped) != nobody


def test_only_a_published_password_is_cheap(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_hasher", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))

    def costs(account_id: int) -> int:
        with db.read() as session:
            return extract_parameters(session.get_one(Account, account_id).password).time_cost

    ours = create(db, "noi")
    with db.write() as session:
        demo = auth.create_account(
            session,
            username="demo",
            name="สาธิต",
            role=Role.AGENT,
            password=PASSWORD,
            demo=True,
            now=clock.now(),
        )
    assert (costs(ours), costs(demo)) == (2, 1)
    assert sign_in(db, username="demo")
    with db.write() as session:
        auth.set_password(session, demo, "one of their own")
    assert costs(demo) == 2


@pytest.mark.parametrize("username", ["nobody", "", "NOI", "x" * 10_000])
def test_an_unknown_name_takes_as_long_as_a_wrong_password(
    db: Database, noi: int, hasher: Quick, username: str
) -> None:
    with pytest.raises(BadCredentials):
        sign_in(db, username=username)
    assert hasher.asked == 1


def test_nobody_waits_for_the_database_while_a_password_is_checked(
    db: Database, noi: int, hasher: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify_while_a_call_arrives(password_hash: str, password: str) -> bool:
        with db.write() as session:  # on SQLite there is one writer at a time
            session.execute(sa.update(Account).values(name="มะลิ"))
        return True

    monkeypatch.setattr(hasher, "verify", verify_while_a_call_arrives)
    identity = identify(db, sign_in(db))
    assert identity is not None and identity.name == "มะลิ"


def test_a_name_is_taken_once(db: Database, noi: int) -> None:
    with pytest.raises(UsernameTaken) as caught:
        create(db, "noi")
    assert caught.value.values == {"username": "noi"}


def test_a_short_password_is_refused(db: Database) -> None:
    with pytest.raises(Invalid, match="invalid"):
        create(db, "noi", "ninechars"[: auth.PASSWORD_LENGTH - 1])
    create(db, "noi", "ten chars!"[: auth.PASSWORD_LENGTH])


# ---------------------------------------------------------------- lock-out


def test_an_account_is_locked_for_a_time_that_doubles(
    db: Database, noi: int, driven: DrivenClock
) -> None:
    fail(db, auth.FREE_FAILURES)
    for seconds in (15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600):
        driven.advance(seconds=seconds - 0.1)
        with pytest.raises(LockedOut) as locked:
            sign_in(db)  # the right one, and yet
        left = locked.value.values["until"] - clock.now()
        assert left.total_seconds() == pytest.approx(0.1)
        driven.advance(seconds=0.2)
        fail(db)


def test_a_right_password_forgets_the_wrong_ones(
    db: Database, noi: int, driven: DrivenClock
) -> None:
    fail(db, auth.FREE_FAILURES - 1)
    sign_in(db)
    fail(db, auth.FREE_FAILURES - 1)
    assert sign_in(db)


def test_after_the_lock_the_right_one_opens(db: Database, noi: int, driven: DrivenClock) -> None:
    fail(db, auth.FREE_FAILURES)
    driven.advance(seconds=auth.FIRST_LOCK)
    assert sign_in(db)
    fail(db, auth.FREE_FAILURES - 1)
    assert sign_in(db)


def test_guesses_at_the_same_time_are_all_counted(db: Database, noi: int) -> None:
    at = clock.now()

    def guess(number: int) -> None:
        with pytest.raises((BadCredentials, LockedOut)):
            auth.sign_in(db, "noi", f"guess {number}", now=at)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(guess, range(auth.FREE_FAILURES)))
    with db.read() as session:
        assert session.scalar(sa.select(Account.failures)) == auth.FREE_FAILURES
    with pytest.raises(LockedOut):
        sign_in(db)


def test_a_lock_that_falls_while_the_password_is_checked_holds(
    db: Database, noi: int, hasher: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify_while_others_guess(password_hash: str, password: str) -> bool:
        with db.write() as session:
            until = clock.now() + timedelta(seconds=15)
            session.execute(sa.update(Account).values(locked_until=until))
        return True

    monkeypatch.setattr(hasher, "verify", verify_while_others_guess)
    with pytest.raises(BadCredentials):
        sign_in(db)


# ---------------------------------------------------------------- sessions


def test_a_session_ends_by_time(db: Database, noi: int, driven: DrivenClock) -> None:
    token = sign_in(db)
    driven.advance(seconds=auth.SESSION_LENGTH.total_seconds() - 1)
    assert identify(db, token)
    driven.advance(seconds=1)
    assert identify(db, token) is None


def test_a_session_ends_by_hand_and_no_other_with_it(db: Database, noi: int) -> None:
    mine, another = sign_in(db), sign_in(db)
    with db.write() as session:
        auth.sign_out(session, mine, now=clock.now())
    assert identify(db, mine) is None
    assert identify(db, another)


def test_an_account_that_was_closed_has_no_session(db: Database, noi: int) -> None:
    token = sign_in(db)
    with db.write() as session:
        session.execute(sa.update(Account).values(active=False))
    assert identify(db, token) is None
    with pytest.raises(BadCredentials):
        sign_in(db)


@pytest.mark.parametrize("token", ["", "forged", "x" * 10_000, "ก"])
def test_a_forged_token_is_nobodys(db: Database, noi: int, token: str) -> None:
    sign_in(db)
    assert identify(db, token) is None


def test_old_sessions_are_swept_away(db: Database, noi: int, driven: DrivenClock) -> None:
    sign_in(db)
    driven.advance(hours=1)
    fresh = sign_in(db)
    driven.advance(seconds=auth.SESSION_LENGTH.total_seconds() - 3600)
    with db.write() as session:
        auth.expire_sign_ins(session, clock.now())
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SignIn)) == 1
    assert identify(db, fresh)


@pytest.fixture
def signed_out(db: Database) -> list[int]:
    """Accounts of which is announced that nobody is signed in any more."""
    heard: list[int] = []

    def hear(*, account_id: int) -> None:
        heard.append(account_id)

    db.listen("account.signed_out", hear)
    return heard


def test_the_last_session_that_is_good_is_announced(
    db: Database, noi: int, driven: DrivenClock, signed_out: list[int]
) -> None:
    sign_in(db)  # a browser that nobody signed out
    driven.advance(hours=1)
    first, last = sign_in(db), sign_in(db)
    driven.advance(seconds=auth.SESSION_LENGTH.total_seconds() - 3600)
    for token, so_far in ((first, []), (last, [noi]), (last, [noi])):
        with db.write() as session:
            auth.sign_out(session, token, now=clock.now())
        assert signed_out == so_far


def test_sessions_that_run_out_are_announced_too(
    db: Database, noi: int, driven: DrivenClock, signed_out: list[int]
) -> None:
    sign_in(db)
    driven.advance(hours=1)
    sign_in(db)
    for hours, so_far in ((13, []), (1, [noi])):
        driven.advance(hours=hours)
        with db.write() as session:
            auth.expire_sign_ins(session, clock.now())
        assert signed_out == so_far


# ---------------------------------------------------------------- rules


@pytest.fixture
def identity(db: Database, noi: int) -> Identity:
    found = identify(db, sign_in(db))
    assert found is not None
    return found


def request(**headers: str) -> Request:
    return Request(EnvironBuilder(method="POST", headers=headers).get_environ())


def test_who_may(identity: Identity) -> None:
    def rule(view) -> dict[str, object]:
        return view.access_rule

    for_agents = rule(auth.access(Role.AGENT, Role.SUPERVISOR)(lambda: None))
    for_managers = rule(auth.access(Role.MANAGER)(lambda: None))
    auth.check_role(for_agents, identity)
    auth.check_role(rule(auth.public(lambda: None)), None)
    with pytest.raises(Forbidden):
        auth.check_role(for_managers, identity)
    with pytest.raises(SignInNeeded):
        auth.check_role(for_agents, None)
    with pytest.raises(ValueError, match="name the roles"):
        auth.access()


def test_a_csrf_token_belongs_to_its_session(db: Database, identity: Identity) -> None:
    other = identify(db, sign_in(db))
    assert other is not None
    mine = identity.csrf_token("secret")
    auth.check_csrf(request(**{"X-CSRF-Token": mine}), identity, "secret")
    for wrong in (other.csrf_token("secret"), identity.csrf_token("another"), "", "ก", mine[:-1]):
        with pytest.raises(Forbidden) as caught:
            auth.check_csrf(request(**{"X-CSRF-Token": wrong}), identity, "secret")
        assert caught.value.text_key == "floor.csrf"


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"Authorization": "Bearer abc"}, ("abc", False)),
        ({"Cookie": f"{auth.COOKIE}=abc"}, ("abc", True)),
        ({"Authorization": "Bearer abc", "Cookie": f"{auth.COOKIE}=xyz"}, ("abc", False)),
        ({"Authorization": "Basic abc", "Cookie": f"{auth.COOKIE}=xyz"}, ("xyz", True)),
        ({}, ("", True)),
    ],
)
def test_where_a_token_may_stand(headers: dict[str, str], token: tuple[str, bool]) -> None:
    assert auth.token_of(request(**headers)) == token
