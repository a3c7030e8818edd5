"""People who sign in for real, with a password hash that is cheap."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hotline import audit, auth, clock
from hotline.audit import Asked
from hotline.auth import Identity, Role
from hotline.clock import DrivenClock
from hotline.floor import Floor
from hotline.people import service
from tests.support.fixtures import ENGINES

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)  # noon in Pattaya
PASSWORD = "a long enough password"


#: For what must hold on either engine; the words of a page are the same on both.
BOTH = pytest.mark.parametrize("database_url", ENGINES, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for both."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(auth, "_hasher", hasher)
    monkeypatch.setattr(auth, "_NOBODY", hasher.hash("nobody's"))


@pytest.fixture
def driven() -> Iterator[DrivenClock]:
    with clock.driven(NOON) as the_clock:
        yield the_clock


def proof_in(page: str) -> str:
    """What the page with the key carries to the code."""
    found = re.search(r'name="proof" value="([\w.-]+)"', page)
    assert found is not None, page
    return found[1]


@dataclass
class Person:
    """Somebody at a browser of their own."""

    floor: Floor
    client: FlaskClient
    id: int
    username: str
    _csrf: str = field(default="", repr=False)

    @property
    def cookie(self) -> str:
        found = self.client.get_cookie(auth.COOKIE)
        return found.value if found else ""

    @property
    def identity(self) -> Identity:
        with self.floor.db.read() as session:
            found = auth.identify(session, self.cookie, now=clock.now())
        assert found is not None, f"{self.username} is not signed in"
        return found

    def signs_in(self, password: str = PASSWORD, **more: str) -> TestResponse:
        data = {"username": self.username, "password": password, **more}
        return self.client.post("/sign-in", data=data | self._token())

    def gives(self, code: str, **more: str) -> TestResponse:
        return self.client.post("/sign-in/code", data={"code": code, **more} | self._token())

    def looks(self, path: str) -> TestResponse:
        return self.client.get(path)

    def sends(self, path: str, **form: str | list[str]) -> TestResponse:
        return self.client.post(path, data=form | self._token())

    def _token(self) -> dict[str, str]:
        with self.floor.db.read() as session:
            found = auth.identify(session, self.cookie, now=clock.now())
        return {"csrf_token": found.csrf_token(self.floor.settings.secret_key)} if found else {}

    def sets_up_factor(self) -> tuple[pyotp.TOTP, list[str]]:
        """The app on their telephone, and the recovery codes."""
        page = self.sends("/me/second-factor", password=PASSWORD).text
        app = pyotp.TOTP(re.search(r'class="key">(\w+)<', page)[1])  # type: ignore[index]
        code, proof = app.at(clock.now()), proof_in(page)
        answer = self.sends("/me/second-factor", code=code, proof=proof)
        assert answer.status_code == 200
        return app, re.findall(r"<code>([\w-]+)</code>", answer.text)

    def log(self) -> list[tuple[str, str, str]]:
        """What was done to them: by whom, what, why; the newest first."""
        with self.floor.db.read() as session:
            lines = audit.lines(session, Asked(subject=f"account:{self.id}"))
        return [(line.by, line.kind, line.reason) for line in lines]


Make = Callable[..., Person]


@pytest.fixture
def make(floor: Floor, app: Flask, driven: DrivenClock) -> Make:
    """`make("noi", Role.AGENT)`: somebody with an account, signed in unless told otherwise."""

    def made(username: str, role: Role, *, signed_in: bool = True) -> Person:
        with floor.db.write() as session:
            account_id = auth.create_account(
                session,
                username=username,
                name=username.title(),
                role=role,
                password=PASSWORD,
                now=clock.now(),
            )
        person = Person(floor, app.test_client(), account_id, username)
        if signed_in:
            assert person.signs_in().status_code == 302
        return person

    return made


@pytest.fixture
def boss(make: Make) -> Person:
    return make("somsri", Role.SUPERVISOR)


@pytest.fixture
def root(make: Make) -> Person:
    return make("root", Role.ADMINISTRATOR)


@pytest.fixture
def noi(make: Make) -> Person:
    return make("noi", Role.AGENT)


def role_of(person: Person) -> Role:
    with person.floor.db.read() as session:
        return service.person(session, person.id).role
