"""Accounts that follow the groups of the city's own sign-in, against a real provider."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from hotline import audit, auth, clock
from hotline.auth import Role
from hotline.city import CityConfig
from hotline.floor import Floor
from hotline.models import Account
from hotline.people import provisioning
from hotline.people import service as people
from hotline.people.config import Accounts, OpenId, Provision
from tests.service.hotline.people.conftest import BOTH, Make, Person
from tests.service.hotline.people.test_openid import provider as provider  # noqa: PLC0414
from tests.service.hotline.people.test_openid import refused, signs_in
from tests.service.hotline.people.test_openid import settings as settings  # noqa: PLC0414
from tests.support.openid_provider import Provider
from tickets import service as tickets
from tickets.config import Tickets

ROLES = {"admins": Role.ADMINISTRATOR, "agents": Role.AGENT, "works": Role.DIVISION}
UNKNOWN, CLOSED = "floor.openid.unknown", "floor.openid.closed"


@pytest.fixture
def city_config(city_config: CityConfig) -> CityConfig:
    """The division of each group is one that the shipped file has."""
    division = next(iter(city_config.tickets.divisions))
    given = Provision(roles=ROLES, divisions={"works": division})
    asked = Accounts(openid=OpenId(provision=given))
    return CityConfig({**city_config.sections, Accounts: asked})


@pytest.fixture
def somebody(app: Flask, floor: Floor) -> Person:
    """At a browser, without an account."""
    return Person(floor, app.test_client(), 0, "lek")


def says(provider: Provider, *groups: str, username: str = "lek", **more: Any) -> None:
    provider.claims = {
        "preferred_username": username,
        "name": "เล็ก ใจดี",
        "email": "lek@city.example",
        "email_verified": True,
        "groups": list(groups),
        **more,
    }


def account(floor: Floor, username: str = "lek") -> Account | None:
    with floor.db.read() as session:
        found = session.scalar(sa.select(Account).where(Account.username == username))
        if found is not None:
            session.expunge(found)
        return found


def log(floor: Floor) -> list[tuple[str, str]]:
    """Who did what, the oldest first."""
    with floor.db.read() as session:
        return [(each.by, each.kind) for each in reversed(audit.lines(session))]


def said(*verbs: str) -> list[tuple[str, str]]:
    return [(audit.CITY_SIGN_IN, f"floor.{verb}") for verb in verbs]


def divisions(floor: Floor, username: str = "lek") -> frozenset[str]:
    with floor.db.read() as session:
        config = floor.section(Tickets)
        return tickets.acting(session, config, username, Role.DIVISION, clock.now()).divisions


@BOTH
def test_an_account_is_made_by_its_group(
    somebody: Person, floor: Floor, provider: Provider
) -> None:
    says(provider, "lunch", "agents")
    assert signs_in(somebody, provider).status_code == 302
    made = somebody.identity
    assert (made.username, made.name, made.role) == ("lek", "เล็ก ใจดี", Role.AGENT)
    found = account(floor)
    assert found is not None and found.email == "lek@city.example"
    assert log(floor) == said("made")
    # a second time it stands as it is
    somebody.sends("/sign-out")
    assert signs_in(somebody, provider).status_code == 302
    assert log(floor) == said("made")


def test_who_looks_after_accounts_sees_whose_word_holds(
    somebody: Person, make: Make, floor: Floor, provider: Provider
) -> None:
    admin = make("boss", Role.ADMINISTRATOR)
    says(provider, "agents")
    assert signs_in(somebody, provider).status_code == 302
    found = account(floor)
    assert found is not None
    page = f"/people/{found.id}?lang=en"
    assert "City&#39;s sign-in" in admin.looks("/people?lang=en").text
    assert "holds until it is heard again" in admin.looks(page).text
    assert "City&#39;s sign-in" not in admin.looks(f"/people/{admin.id}?lang=en").text
    somebody.sends("/sign-out")
    says(provider)
    refused(signs_in(somebody, provider), somebody, CLOSED, name="lek")
    assert "in no group of the city&#39;s own sign-in" in admin.looks(page).text


@pytest.mark.parametrize("groups", [[], ["lunch"], "lunch", 7, None, [["agents"]], {"agents": 1}])
def test_who_is_in_no_group_is_refused_and_not_made(
    somebody: Person, floor: Floor, provider: Provider, groups: Any
) -> None:
    says(provider, groups=groups)
    if groups == {"agents": 1}:
        del provider.claims["groups"]
    refused(signs_in(somebody, provider), somebody, UNKNOWN, name="lek")
    assert account(floor) is None
    assert log(floor) == []


@BOTH
def test_who_leaves_the_group_is_locked_out_and_comes_back_with_it(
    somebody: Person, app: Flask, floor: Floor, provider: Provider
) -> None:
    says(provider, "works")
    signs_in(somebody, provider)
    assert divisions(floor) >= {next(iter(floor.section(Tickets).divisions))}
    other = Person(floor, app.test_client(), 0, "lek")
    says(provider, "lunch")
    refused(signs_in(other, provider), other, CLOSED, name="lek")
    assert somebody.looks("/desk").status_code == 302, "with all their sessions"
    found = account(floor)
    assert found is not None and not found.active
    assert divisions(floor) == frozenset()
    assert log(floor) == said("made", "divisions_changed", "divisions_changed", "locked")
    refused(signs_in(other, provider), other, CLOSED, name="lek")
    assert len(log(floor)) == 4, "once"
    says(provider, "agents")
    assert signs_in(other, provider).status_code == 302
    assert other.identity.role is Role.AGENT
    assert log(floor)[4:] == said("unlocked", "role_changed")


@BOTH
def test_another_role_ends_the_sessions_of_the_old_one(
    somebody: Person, app: Flask, floor: Floor, provider: Provider
) -> None:
    says(provider, "admins", "agents")
    signs_in(somebody, provider)
    assert somebody.identity.role is Role.ADMINISTRATOR, "the first of the map"
    with floor.db.write() as session:  # another, so that they need not stay
        auth.create_account(
            session,
            username="boss",
            name="Boss",
            role=Role.ADMINISTRATOR,
            password=None,
            now=clock.now(),
        )
    other = Person(floor, app.test_client(), 0, "lek")
    says(provider, "agents", name="เล็ก ใหม่")
    signs_in(other, provider)
    assert (other.identity.role, other.identity.name) == (Role.AGENT, "เล็ก ใหม่")
    with floor.db.read() as session:
        assert auth.identify(session, somebody.cookie, now=clock.now()) is None
    assert log(floor) == said("made", "renamed", "role_changed")


@BOTH
def test_the_last_administrator_stays(somebody: Person, floor: Floor, provider: Provider) -> None:
    says(provider, "admins")
    signs_in(somebody, provider)
    somebody.sends("/sign-out")
    says(provider, "agents")
    signs_in(somebody, provider)
    assert somebody.identity.role is Role.ADMINISTRATOR
    somebody.sends("/sign-out")
    says(provider)
    refused(signs_in(somebody, provider), somebody, UNKNOWN, name="lek")
    found = account(floor)
    assert found is not None and found.active


def test_what_was_made_by_hand_is_not_touched(make: Make, floor: Floor, provider: Provider) -> None:
    lek = make("lek", Role.SUPERVISOR, signed_in=False)
    before = log(floor)
    says(provider)
    assert signs_in(lek, provider).status_code == 302
    assert lek.identity.role is Role.SUPERVISOR
    lek.sends("/sign-out")
    says(provider, "admins")
    signs_in(lek, provider)
    assert lek.identity.role is Role.SUPERVISOR
    assert log(floor) == before


def test_who_was_locked_out_by_hand_stays_out(
    somebody: Person, floor: Floor, provider: Provider
) -> None:
    says(provider, "agents")
    signs_in(somebody, provider)
    with floor.db.write() as session:
        found = session.scalars(sa.select(Account)).one()
        people.lock(session, found.id, reason="left", by=None, now=clock.now())
    somebody.client.delete_cookie(auth.COOKIE)
    refused(signs_in(somebody, provider), somebody, CLOSED, name="lek")
    found = account(floor)
    assert found is not None and not found.active


@pytest.mark.parametrize("username", ["Lek", " lek "])
def test_a_name_is_one_account_however_it_is_written(
    somebody: Person, floor: Floor, provider: Provider, username: str
) -> None:
    says(provider, "agents", username=username)
    assert signs_in(somebody, provider).status_code == 302
    assert somebody.identity.username == "lek"


@pytest.mark.parametrize("username", ["", "x" * 80, "lek boy", "../etc", "ก", 7])
def test_what_cannot_be_a_username_is_refused(
    somebody: Person, floor: Floor, provider: Provider, username: Any
) -> None:
    says(provider, "agents", username=username)
    named = isinstance(username, str) and bool(username)
    words = UNKNOWN if named else "floor.openid.nameless"
    values = {"name": username[:64]} if named else {}
    refused(signs_in(somebody, provider), somebody, words, **values)
    with floor.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Account)) == 0


def test_an_address_that_nobody_has_proved_is_not_kept(
    somebody: Person, floor: Floor, provider: Provider
) -> None:
    says(provider, "agents", email_verified=False)
    signs_in(somebody, provider)
    found = account(floor)
    assert found is not None and found.email == ""


@BOTH
def test_two_browsers_of_one_person_at_once(floor: Floor, provider: Provider) -> None:
    """One account, whichever is first."""
    rules = floor.section(Accounts).openid
    says(provider, "works")
    found = provisioning.read(provider.claims, rules)
    assert found is not None and rules.provision is not None

    def one(_number: int) -> bool:
        try:
            with floor.db.write() as session:
                return bool(provisioning.follow(session, found, rules.provision, now=clock.now()))
        except provisioning.Conflict:
            return False

    with ThreadPoolExecutor(3) as threads:
        assert any(threads.map(one, range(3)))
    assert [kind for _, kind in log(floor)].count("floor.made") == 1


def test_the_log_says_who_did_it(make: Make, somebody: Person, provider: Provider) -> None:
    says(provider, "agents")
    signs_in(somebody, provider)
    boss = make("boss", Role.ADMINISTRATOR)
    page = boss.looks("/audit?lang=en").text
    assert "the city&#39;s own sign-in" in page
