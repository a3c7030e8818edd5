"""The pages of accounts, at a desk's and a telephone's width, in both languages, held to axe."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from hotline import auth, clock
from hotline.auth import COOKIE, Attempt, Role, Visit
from hotline.floor import Floor
from hotline.people import factors, service
from tests.browser.conftest import Look
from tests.browser.test_accessibility import faults
from tests.support.floors import sign_in_as

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
WIDTHS = pytest.mark.parametrize("width", [360, 1366])
LANGUAGES = pytest.mark.parametrize("language", ["th", "en"])
PAGES = ("/people", "/people/new", "/people/{noi}", "/audit", "/me", "/me/second-factor")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def noi(floor: Floor, client: FlaskClient) -> Iterator[int]:
    """An agent with a history; an administrator looks at it."""
    with clock.driven(NOON):
        client.set_cookie(COOKIE, sign_in_as(floor, Role.ADMINISTRATOR))
        visit, now = Visit(FIREFOX), clock.now()
        with floor.db.write() as session:
            account_id = auth.create_account(
                session,
                username="nonglak.phongphanich",
                name="นงลักษณ์ พงษ์พานิชเจริญทรัพย์",
                contact="nonglak.phongphanich@city.example",
                role=Role.AGENT,
                password=None,
                now=now,
            )
            for _ in range(2):
                auth.open_session(session, account_id, now=now, visit=visit)
            for _ in range(6):
                auth.failed(session, account_id, Attempt.WRONG_PASSWORD, now=now, visit=visit)
            facts = {"by": None, "now": now}
            service.unlock(session, account_id, reason="เข้าใจผิด " * 20, **facts)
            service.make_link(session, account_id, **facts)
            for _ in range(auth.FREE_FAILURES):  # "locked until ..." is the longest of its marks
                auth.failed(session, account_id, Attempt.WRONG_CODE, now=now, visit=visit)
        yield account_id


def fits(page: Page, width: int) -> None:
    page.evaluate("document.querySelector('header.site nav')?.scrollTo(0, 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page) == []


@WIDTHS
@LANGUAGES
@pytest.mark.parametrize("path", PAGES)
def test_a_page(look: Look, noi: int, path: str, language: str, width: int) -> None:
    page = look(f"{path.format(noi=noi)}?lang={language}", width)
    for each in page.locator("details summary").all():
        each.click()
    fits(page, width)


@WIDTHS
def test_a_second_factor_is_set_up_by_hand(look: Look, noi: int, floor: Floor, width: int) -> None:
    password = "a long enough password"
    with floor.db.write() as session:
        mine = auth.account_named(session, "the-administrator")
        auth.put_password(session, mine, auth.hashed(password, "the-administrator"))
    page = look("/me/second-factor?lang=th", width)
    fits(page, width)
    page.fill("[name=password]", "another one")
    page.click("main button")
    page.wait_for_selector("[role=alert]")
    fits(page, width)
    page.fill("[name=password]", password)
    page.click("main button")
    picture = page.locator("img.qr")
    assert picture.evaluate("each => each.naturalWidth") > 100
    fits(page, width)


@WIDTHS
def test_a_link_for_a_password(look: Look, noi: int, width: int) -> None:
    page = look(f"/people/{noi}?lang=th", width)
    page.locator(f"form[action='/people/{noi}/link'] button").click()
    link = page.locator("input.link").input_value()
    page.locator("#copy-link").click()
    expect(page.locator("#copied")).to_have_text("คัดลอกแล้ว")
    fits(page, width)
    page = look(link.removeprefix("https://hotline.example"), width)
    fits(page, width)
    page.fill("[name=password]", "a long enough password")
    page.fill("[name=again]", "a long enough password")
    page.click("main button.main")
    page.wait_for_url("**/sign-in**")
    assert page.locator("[role=status]").count() == 1


@WIDTHS
def test_signing_in_with_a_code(
    look: Look, noi: int, floor: Floor, client: FlaskClient, width: int
) -> None:
    key = floor.settings.secret_key
    with floor.db.write() as session:
        auth.set_password(session, noi, "a long enough password")
        auth.let_in(session, noi)
        me, now = auth.identity_of(session, noi), clock.now()
        setup = factors.begin(session, me, key=key, issuer="1337", now=now)
        app = pyotp.TOTP(setup.secret)
        factors.confirm(session, me, app.at(now), key=key, now=now)
    client.delete_cookie(COOKIE)
    page = look("/sign-in?lang=th&next=/callbacks", width)
    fits(page, width)
    page.fill("[name=username]", "nonglak.phongphanich")
    page.fill("[name=password]", "a long enough password")
    page.click("main button")
    page.wait_for_url("**/sign-in/code**")
    fits(page, width)
    page.fill("[name=code]", "000000")
    page.click("main button")
    page.wait_for_selector("[role=alert]")
    fits(page, width)
    later = clock.now() + timedelta(seconds=30)
    page.fill("[name=code]", app.at(later))
    page.click("main button")
    page.wait_for_url("**/callbacks")


def test_a_crew_on_a_telephone_finds_its_account(
    look: Look, floor: Floor, client: FlaskClient
) -> None:
    client.set_cookie(COOKIE, sign_in_as(floor, Role.CREW))
    page = look("/tickets?lang=th", 360)
    page.locator("header.site nav a.narrow-only").click()
    page.wait_for_url("**/me")
    fits(page, 360)


@LANGUAGES
@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize("notices", [0, 12])
def test_on_a_telephone_the_demo_s_mark_makes_no_second_row(
    look: Look, floor: Floor, client: FlaskClient, language: str, width: int, notices: int
) -> None:
    floor.settings = floor.settings.model_copy(update={"demo": True})
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR))
    page = look(f"/tickets?lang={language}", width)
    if notices:
        count = f'<span class="count">{notices}</span>'
        page.evaluate(
            "count => document.getElementById('bell').insertAdjacentHTML('beforeend', count)", count
        )
    view = page.locator("header.site .view")
    assert view.evaluate("each => each.offsetHeight") == 44
    ends = view.evaluate("each => [...each.children].map(one => one.getBoundingClientRect().right)")
    assert max(ends) <= width - 8
    fits(page, width)


@LANGUAGES
def test_a_supervisors_menu_stands_in_one_row(
    look: Look, floor: Floor, client: FlaskClient, language: str
) -> None:
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR))
    page = look(f"/tickets?lang={language}", 1366)
    height = "([selector]) => document.querySelector(selector).offsetHeight"
    row, below = (page.evaluate(height, [each]) for each in ("header.site", "header.site .below"))
    assert row - below < 70
    assert below < 50, "nor do the pages of a group need a second one"
