"""Signing in by the city's own sign-in, against a real provider on loopback."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from markupsafe import escape
from werkzeug.test import TestResponse

from hotline import auth, clock
from hotline.auth import Role
from hotline.clock import DrivenClock
from hotline.config import LocalText
from hotline.floor import Floor
from hotline.models import Account
from hotline.people import openid
from hotline.people.config import Accounts, OpenId
from hotline.settings import Settings
from tests.service.hotline.people.conftest import Make, Person
from tests.support import openid_provider
from tests.support.floors import PUBLIC_URL
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider

BACK = "/sign-in/openid/back"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with openid_provider.running(PUBLIC_URL + BACK) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, provider: Provider) -> Settings:
    here = {
        "openid_issuer": provider.issuer,
        "openid_client_id": CLIENT_ID,
        "openid_client_secret": CLIENT_SECRET,
    }
    return settings.model_copy(update=here)


@pytest.fixture
def noi(make: Make, provider: Provider) -> Person:
    return make("noi", Role.AGENT, signed_in=False)


class NotFollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def goes_to(provider: Provider, address: str) -> str:
    """What a browser does with the provider's address: the address that it is sent back to."""
    assert address.startswith(f"{provider.issuer}/authorize?")
    try:
        urllib.request.build_opener(NotFollowed).open(address, timeout=10)
    except urllib.error.HTTPError as answer:
        with answer:
            return str(answer.headers["Location"]).removeprefix(PUBLIC_URL)
    raise AssertionError("the provider sent nobody back")


def signs_in(person: Person, provider: Provider, start: str = "/sign-in/openid") -> TestResponse:
    return person.looks(goes_to(provider, person.looks(start).location))


def refused(answer: TestResponse, person: Person, words: str, **values: str) -> None:
    assert answer.status_code in (401, 403, 429, 503)
    assert escape(person.floor.texts.get(words, "th", **values)) in answer.text
    assert 'name="password"' in answer.text, "and the other way in stands below"
    assert person.cookie == ""
    assert person.looks("/desk").status_code == 302


def test_it_signs_in_whom_the_claim_names(noi: Person, provider: Provider) -> None:
    page = noi.looks("/sign-in?next=/callbacks").text
    assert 'href="/sign-in/openid?next=/callbacks"' in page
    answer = signs_in(noi, provider, "/sign-in/openid?next=/callbacks")
    assert answer.location == "/callbacks"
    assert noi.identity.username == "noi"
    (asked,) = provider.asked
    assert len(asked["state"]) >= 16 and len(asked["nonce"]) >= 16
    assert CLIENT_SECRET not in str(asked)


@pytest.mark.parametrize(
    "spoil",
    [
        *("nonce", "no nonce", "audience", "expired", "no expiry", "issuer", "key"),
        *("unsigned", "no id_token", "no subject", "keys"),
        *("tokens: a page", "tokens: a list", "tokens: a number", "tokens: a word"),
    ],
)
def test_an_answer_that_is_not_the_providers_to_us_is_refused(
    noi: Person, provider: Provider, spoil: str
) -> None:
    provider.spoil = spoil
    refused(signs_in(noi, provider), noi, "floor.openid.failed")


def test_who_is_refused_there_is_told_so(noi: Person, provider: Provider) -> None:
    provider.spoil = "denied"
    refused(signs_in(noi, provider), noi, "floor.openid.denied")


def test_an_answer_is_good_in_its_browser_and_once(
    noi: Person, make: Make, provider: Provider
) -> None:
    back = goes_to(provider, noi.looks("/sign-in/openid").location)
    other = make("mali", Role.AGENT, signed_in=False)
    refused(other.looks(back), other, "floor.openid.over")
    other.looks("/sign-in/openid")
    refused(other.looks(back), other, "floor.openid.over")
    assert noi.looks(back).status_code == 302
    noi.sends("/sign-out")
    refused(noi.looks(back), noi, "floor.openid.over")


def test_an_answer_to_another_question_is_none(noi: Person, provider: Provider) -> None:
    provider.spoil = "state"
    refused(signs_in(noi, provider), noi, "floor.openid.over")


def test_an_answer_is_good_for_half_an_hour(
    noi: Person, provider: Provider, driven: DrivenClock
) -> None:
    back = goes_to(provider, noi.looks("/sign-in/openid").location)
    driven.advance(minutes=31)
    refused(noi.looks(back), noi, "floor.openid.over")


@pytest.mark.parametrize(
    ("query", "words"),
    [("", "over"), ("?code=x&state=y", "over"), ("?error=x", "failed")],
)
def test_who_comes_back_without_having_gone(noi: Person, query: str, words: str) -> None:
    refused(noi.looks(BACK + query), noi, f"floor.openid.{words}")


@pytest.mark.parametrize("name", ["nobody", "<b>nobody</b>"])
def test_whom_nobody_knows_is_refused_by_name_and_not_made(
    noi: Person, provider: Provider, name: str
) -> None:
    provider.claims = {"preferred_username": name}
    refused(signs_in(noi, provider), noi, "floor.openid.unknown", name=name)
    with noi.floor.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Account)) == 1


@pytest.mark.parametrize("name", [7, "", " ", "no\0body", None])
def test_a_name_that_is_none(noi: Person, provider: Provider, name: object) -> None:
    provider.claims = {"preferred_username": name}
    refused(signs_in(noi, provider), noi, "floor.openid.nameless")


def test_who_is_locked_out_stays_out(noi: Person, provider: Provider) -> None:
    with noi.floor.db.write() as session:
        auth.lock_out(session, noi.id)
    refused(signs_in(noi, provider), noi, "floor.openid.closed", name="noi")


def test_the_lock_for_wrong_passwords_holds_here_too(noi: Person, provider: Provider) -> None:
    for _ in range(5):
        noi.signs_in("wrong")
    answer = signs_in(noi, provider)
    said = noi.floor.texts.get("floor.locked_out", "th", until="|").partition("|")[0]
    assert (answer.status_code, noi.cookie) == (429, "")
    assert said in answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= auth.FIRST_LOCK


def test_a_second_factor_is_asked_for_as_ever(
    make: Make, provider: Provider, driven: DrivenClock
) -> None:
    noi = make("noi", Role.AGENT)
    app, _ = noi.sets_up_factor()
    noi.sends("/sign-out")
    driven.advance(minutes=1)
    assert signs_in(noi, provider).location == "/sign-in/code"
    assert noi.cookie == ""
    assert noi.gives(app.at(clock.now())).location == "/desk"


def test_the_claim_and_the_words_are_the_citys(
    noi: Person, provider: Provider, floor: Floor
) -> None:
    label = LocalText({"th": "บัญชีเทศบาล", "en": "Town hall account"})
    asked = Accounts(openid=OpenId(claim="email", label=label))
    floor.sections = {**floor.sections, Accounts: asked}
    assert "บัญชีเทศบาล" in noi.looks("/sign-in").text
    with floor.db.write() as session:
        session.execute(sa.update(Account).values(username="noi@city.example"))
    provider.claims = {"email": "Noi@City.example"}
    refused(signs_in(noi, provider), noi, "floor.openid.nameless")  # it may be anybody's
    provider.claims["email_verified"] = True
    assert signs_in(noi, provider).location == "/desk"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
)
def test_it_leads_nowhere_else(noi: Person, provider: Provider, elsewhere: str) -> None:
    assert signs_in(noi, provider, f"/sign-in/openid?next={elsewhere}").location == "/desk"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider is looked at each time."""
    monkeypatch.setattr(openid, "LOOK_AGAIN", 0.0)


def test_a_provider_that_has_gone_is_said_before_anybody_is_sent_there(
    make: Make, settings: Settings, provider: Provider, at_once: None
) -> None:
    noi = make("noi", Role.AGENT, signed_in=False)
    assert noi.looks("/sign-in/openid").status_code == 302, "it was there, and is known"
    provider.gone()
    for language in ("th", "en"):
        answer = noi.looks(f"/sign-in/openid?next=/callbacks&lang={language}")
        assert answer.status_code == 503
        assert escape(noi.floor.texts.get("floor.openid.away", language)) in answer.text
        assert 'name="next" value="/callbacks"' in answer.text
    assert noi.signs_in().status_code == 302


def test_one_look_is_good_for_all_who_come_at_once(noi: Person, provider: Provider) -> None:
    provider.spoil = "a fault"
    assert noi.looks("/sign-in/openid").status_code == 503
    provider.spoil = ""
    assert noi.looks("/sign-in/openid").status_code == 503, "for some seconds"
    assert provider.looked_at == 1


@pytest.mark.parametrize("spoil", sorted(openid_provider.NONSENSE))
def test_a_provider_that_is_not_well(
    noi: Person, provider: Provider, at_once: None, spoil: str
) -> None:
    provider.spoil = spoil
    refused(noi.looks("/sign-in/openid"), noi, "floor.openid.away")
    provider.spoil = ""
    assert signs_in(noi, provider).location == "/desk", "and it is asked again"


def test_a_provider_that_goes_meanwhile(noi: Person, provider: Provider) -> None:
    provider.spoil = "tokens: a fault"
    refused(signs_in(noi, provider), noi, "floor.openid.away")
    back = goes_to(provider, noi.looks("/sign-in/openid").location)
    provider.gone()
    refused(noi.looks(back), noi, "floor.openid.away")


def test_a_session_that_was_there_before_ends(make: Make, provider: Provider) -> None:
    mali = make("mali", Role.AGENT)
    make("noi", Role.AGENT, signed_in=False)
    before = mali.cookie
    assert signs_in(mali, provider).status_code == 302
    assert mali.identity.username == "noi"
    with mali.floor.db.read() as session:
        assert auth.identify(session, before, now=clock.now()) is None


def test_the_secret_is_in_no_page_and_no_address(noi: Person, provider: Provider) -> None:
    start = noi.looks("/sign-in/openid")
    said = noi.looks("/sign-in").text + start.location + str(start.headers)
    assert CLIENT_SECRET not in said
    assert parse_qs(urlsplit(start.location).query)["client_id"] == [CLIENT_ID]
    assert CLIENT_SECRET not in repr(noi.floor.settings)


def test_who_has_no_password_here_sets_up_a_second_factor_just_after_coming_in(
    noi: Person, provider: Provider, driven: DrivenClock
) -> None:
    signs_in(noi, provider)
    assert 'class="key"' in noi.sends("/me/second-factor").text
    driven.advance(minutes=5, seconds=1)
    later = noi.sends("/me/second-factor")
    assert (later.status_code, 'class="key"' in later.text) == (401, False)
    assert "ภายใน 5 นาที" in later.text
