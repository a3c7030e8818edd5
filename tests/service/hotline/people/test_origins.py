"""Many accounts tried from one address are slowed; an office behind one address is not."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from hotline import auth, clock
from hotline.auth import Role
from hotline.city import CityConfig
from hotline.clock import DrivenClock
from hotline.floor import Floor
from hotline.models import SignInOrigin
from hotline.people.config import Accounts, Addresses
from hotline.settings import Settings
from tests.service.hotline.people.conftest import BOTH, PASSWORD, Make, Person

FREE, WINDOW = 4, 15 * 60
ELSEWHERE = "198.51.100.20"


@pytest.fixture
def behind_proxy() -> bool:
    return False


@pytest.fixture
def settings(settings: Settings, behind_proxy: bool) -> Settings:
    return settings.model_copy(update={"behind_proxy": behind_proxy})


@pytest.fixture
def city_config(city_config: CityConfig) -> CityConfig:
    limits = Addresses(accounts=FREE, minutes=15)
    return CityConfig({**city_config.sections, Accounts: Accounts(addresses=limits)})


@pytest.fixture
def noi(make: Make) -> Person:
    """Not signed in, and never seen anywhere."""
    return make("noi", Role.AGENT, signed_in=False)


def tries(person: Person, name: str, password: str = "wrong", **how: str) -> TestResponse:
    """At the API, from the test's address unless `at` or `forwarded` say otherwise."""
    environ = {"REMOTE_ADDR": how["at"]} if "at" in how else {}
    headers = {"X-Forwarded-For": how["forwarded"]} if "forwarded" in how else {}
    body = {"username": name, "password": password}
    return person.client.post("/api/session", json=body, headers=headers, environ_overrides=environ)


def tries_many(person: Person, how_many: int = FREE, **how: str) -> None:
    for number in range(how_many):
        assert tries(person, f"guess-{number}", **how).status_code == 401


@BOTH
def test_many_accounts_from_one_address(
    noi: Person, make: Make, driven: DrivenClock, caplog: pytest.LogCaptureFixture
) -> None:
    make("somchai", Role.AGENT, signed_in=False)
    with caplog.at_level(logging.WARNING, "hotline.origins"):
        tries_many(noi)
    assert caplog.text.count("slowed until") == 1
    assert "127.0.0.1" in caplog.text
    refused = tries(noi, "somchai", PASSWORD)
    assert refused.status_code == 429
    error = refused.get_json()["error"]
    assert error["code"] == "too-many-accounts"
    assert "12:15" in error["message"], "until when, in the city's time"
    assert refused.headers["Retry-After"] == str(WINDOW)
    assert tries(noi, "somchai", PASSWORD, at=ELSEWHERE).status_code == 200
    driven.advance(seconds=WINDOW + 1)
    assert tries(noi, "somchai", PASSWORD).status_code == 200


@BOTH
def test_slowed_is_not_shut(noi: Person, driven: DrivenClock) -> None:
    """As each name is forgotten another may be tried: so many in a window, however long."""
    for number in range(FREE):
        assert tries(noi, f"guess-{number}").status_code == 401
        driven.advance(seconds=60)
    assert tries(noi, "next").status_code == 429
    driven.advance(seconds=WINDOW - FREE * 60 + 1)
    assert tries(noi, "next").status_code == 401
    assert tries(noi, "and-next").status_code == 429


@BOTH
def test_an_office_behind_one_address_works_on(noi: Person, make: Make) -> None:
    """Who is known there is neither counted nor refused; one who mistypes counts once."""
    office = [make(f"agent-{number}", Role.AGENT, signed_in=False) for number in range(FREE + 2)]
    for each in office:
        assert tries(noi, each.username, PASSWORD).status_code == 200
    for each in office:
        assert tries(noi, each.username).status_code == 401
        assert tries(noi, each.username, PASSWORD).status_code == 200
    for _ in range(3):
        tries(noi, "newcomer")
    assert tries(noi, "stranger").status_code == 401, "one name that fails is one"
    tries_many(noi, FREE - 2)
    assert tries(noi, "newcomer").status_code == 429
    assert tries(noi, office[0].username, PASSWORD).status_code == 200


def test_who_is_known_is_still_locked_by_their_own_mistakes(noi: Person) -> None:
    assert tries(noi, noi.username, PASSWORD).status_code == 200
    *_, last = [tries(noi, noi.username) for _ in range(6)]
    assert last.get_json()["error"]["code"] == "locked-out"
    assert 1 <= int(last.headers["Retry-After"]) <= auth.FIRST_LOCK


def test_nobody_becomes_known_by_failing(noi: Person, make: Make) -> None:
    victim = make("somchai", Role.AGENT, signed_in=False)
    tries(noi, victim.username)
    tries_many(noi, FREE - 1)
    assert tries(noi, victim.username, PASSWORD).status_code == 429


@pytest.mark.parametrize("behind_proxy", [False, True])
def test_what_the_header_says_counts_behind_a_proxy_only(noi: Person, behind_proxy: bool) -> None:
    for number in range(FREE):
        tries(noi, f"guess-{number}", forwarded=f"203.0.113.{number}")
    answer = tries(noi, "next", forwarded="203.0.113.200")
    assert answer.status_code == (401 if behind_proxy else 429)
    for number in range(FREE):
        tries(noi, f"more-{number}", forwarded=f"203.0.113.{number}, {ELSEWHERE}")
    forged = tries(noi, "next", forwarded=f"203.0.113.201, {ELSEWHERE}")
    assert forged.status_code == 429, "the last is the proxy's own word"


def test_the_page_says_until_when(noi: Person) -> None:
    tries_many(noi)
    noi.client.set_cookie("hotline_language", "en")
    page = noi.signs_in("whatever")
    assert page.status_code == 429
    assert "Try again after 12:15" in page.text
    assert page.headers["Retry-After"] == str(WINDOW)


def test_no_address_and_no_name_is_kept(noi: Person, floor: Floor, driven: DrivenClock) -> None:
    tries(noi, "somebody", at=ELSEWHERE)
    with floor.db.read() as session:
        rows = session.execute(sa.select(SignInOrigin.network, SignInOrigin.name_hash)).all()
    assert rows
    assert not any(ELSEWHERE in text or "somebody" in text for row in rows for text in row)
    driven.advance(days=31)
    with floor.db.write() as session:
        auth.expire_sign_ins(session, clock.now())
        assert session.scalar(sa.select(sa.func.count()).select_from(SignInOrigin)) == 0


@BOTH
def test_many_at_once(noi: Person, floor: Floor) -> None:
    """However they fall: when all have been answered the address is slowed."""

    def one(number: int) -> int:
        person = Person(floor, noi.client.application.test_client(), 0, "")
        return tries(person, f"guess-{number}").status_code

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(one, range(FREE * 2))) <= {401, 429}
    assert tries(noi, "next").status_code == 429
