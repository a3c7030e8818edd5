"""Asking a real provider again about who is signed in by it."""

import pytest
import sqlalchemy as sa
from flask import Flask

from hotline import auth, clock
from hotline.auth import Role
from hotline.city import CityConfig
from hotline.clock import DrivenClock
from hotline.floor import Floor
from hotline.models import OpenIdGrant
from hotline.people import openid, rechecking
from hotline.people.config import Accounts, OpenId, Provision
from tests.service.hotline.people.conftest import BOTH, Make, Person
from tests.service.hotline.people.test_openid import provider as provider  # noqa: PLC0414
from tests.service.hotline.people.test_openid import settings as settings  # noqa: PLC0414
from tests.service.hotline.people.test_openid import signs_in
from tests.service.hotline.people.test_provisioning import account, says
from tests.support.openid_provider import Provider

ROLES = {"supervisors": Role.SUPERVISOR, "agents": Role.AGENT}


@pytest.fixture
def city_config(city_config: CityConfig) -> CityConfig:
    asked = Accounts(openid=OpenId(provision=Provision(roles=ROLES), recheck_minutes=15))
    return CityConfig({**city_config.sections, Accounts: asked})


@pytest.fixture
def lek(app: Flask, floor: Floor, provider: Provider, driven: DrivenClock) -> Person:
    """Signed in by the provider, in a group that answers."""
    provider.refreshes = True
    says(provider, "agents")
    person = Person(floor, app.test_client(), 0, "lek")
    assert signs_in(person, provider).status_code == 302
    assert person.identity.role is Role.AGENT
    return person


def is_in(person: Person) -> bool:
    with person.floor.db.read() as session:
        return auth.identify(session, person.cookie, now=clock.now()) is not None


def grants(floor: Floor) -> list[str]:
    with floor.db.read() as session:
        return list(session.scalars(sa.select(OpenIdGrant.token)))


def later(floor: Floor, driven: DrivenClock, minutes: float = 16) -> None:
    driven.advance(minutes=minutes)
    rechecking.recheck(floor)


@BOTH
def test_who_is_in_no_group_any_more_is_out_within_minutes(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    says(provider)
    later(floor, driven, 14)
    assert is_in(lek)
    later(floor, driven, 2)
    assert not is_in(lek)
    left = account(floor)
    assert left is not None and not left.active


@BOTH
def test_another_group_is_another_role_at_once(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    says(provider, "supervisors")
    later(floor, driven)
    assert not is_in(lek), "a change of role ends every session"
    changed = account(floor)
    assert changed is not None and changed.role == Role.SUPERVISOR


def test_nothing_new_changes_nothing_however_often(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    before = grants(floor)
    for _ in range(3):
        later(floor, driven)
    assert is_in(lek)
    assert provider.asked_again == 3
    assert grants(floor) != before, "a token is good once"
    rechecking.recheck(floor)
    assert provider.asked_again == 3, "not before its time"


def test_what_is_kept_cannot_be_read(lek: Person, floor: Floor, provider: Provider) -> None:
    (kept,) = grants(floor)
    (good,) = provider.good
    assert good not in kept


def test_whom_the_provider_has_ended_is_signed_out(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    provider.good.clear()
    later(floor, driven)
    assert not is_in(lek)
    assert grants(floor) == []
    assert signs_in(lek, provider).status_code == 302, "and may come again"


def test_somebody_else_is_not_them(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    says(provider, "agents", sub="18")
    later(floor, driven)
    assert not is_in(lek)


@pytest.mark.parametrize("spoil", ["away", "key", "issuer", "expired"])
def test_a_provider_that_cannot_be_asked_says_nothing_of_anybody(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock, spoil: str
) -> None:
    says(provider)
    provider.spoil = spoil
    later(floor, driven)
    assert is_in(lek)
    if spoil == "away":  # the others have used the token up
        provider.spoil = ""
        later(floor, driven)
        assert not is_in(lek)


def test_without_an_id_token_its_userinfo_says(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    provider.spoil = "no id_token"
    later(floor, driven)
    assert is_in(lek)
    says(provider)
    later(floor, driven)
    assert not is_in(lek)


def test_nobody_asks_about_who_is_away(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    lek.sends("/sign-out")
    later(floor, driven)
    assert (provider.asked_again, grants(floor)) == (0, [])


def test_who_has_still_to_give_a_code_is_asked_about_when_they_are_in(
    lek: Person, floor: Floor, driven: DrivenClock
) -> None:
    account_id, key = lek.identity.id, floor.settings.secret_key
    lek.sends("/sign-out")
    with floor.db.write() as session:
        answer = openid.Answer({"sub": "17"}, "a fresh token")
        rechecking.keep(session, account_id, answer, key=key, now=clock.now())
    later(floor, driven, 4)
    assert len(grants(floor)) == 1
    later(floor, driven)
    assert grants(floor) == []


def test_who_came_in_anew_while_the_provider_was_asked_stays(
    lek: Person,
    floor: Floor,
    provider: Provider,
    driven: DrivenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def meanwhile(*_: object) -> openid.Answer:
        assert signs_in(lek, provider).status_code == 302
        raise openid.NoLonger  # of the token before: the new one has taken its place

    monkeypatch.setattr(openid, "again", meanwhile)
    later(floor, driven)
    assert is_in(lek)
    assert len(grants(floor)) == 1


def test_a_provider_without_refresh_tokens_is_heard_at_the_next_sign_in(
    lek: Person, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    provider.refreshes = False
    assert signs_in(lek, provider).status_code == 302
    assert grants(floor) == []
    later(floor, driven)
    assert is_in(lek) and provider.asked_again == 0


def test_an_account_of_our_own_is_signed_out_and_not_changed(
    make: Make, floor: Floor, provider: Provider, driven: DrivenClock
) -> None:
    provider.refreshes = True
    noi = make("noi", Role.SUPERVISOR, signed_in=False)
    says(provider, username="noi")
    assert signs_in(noi, provider).status_code == 302
    later(floor, driven)
    assert is_in(noi), "its groups are no matter of the provider's"
    provider.good.clear()
    later(floor, driven)
    assert not is_in(noi)
    kept = account(floor, "noi")
    assert kept is not None and kept.active and kept.role == Role.SUPERVISOR


def test_a_worker_is_asked_to_when_somebody_is_due(
    lek: Person, floor: Floor, driven: DrivenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[str] = []
    monkeypatch.setattr(floor.jobs, "enqueue", lambda name, **_: handed.append(name))
    rechecking.plan(floor, clock.now())
    assert handed == []
    driven.advance(minutes=16)
    floor.sweeps[rechecking.JOB](floor, clock.now())
    assert handed == [rechecking.JOB]
    assert floor.job(rechecking.JOB) is rechecking.recheck
    lek.sends("/sign-out")
    rechecking.plan(floor, clock.now())
    assert handed == [rechecking.JOB] * 2, "what was kept of who has gone goes"
