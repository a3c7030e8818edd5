"""Reports by e-mail and by link as people meet them: on a telephone, in the dark, by keyboard."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from hotline import auth, clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.web import LANGUAGE_COOKIE
from reports.config import Reports
from reports.mailing import links, service
from reports.mailing.links import Wanted
from reports.mailing.rules import Edition, Form, Kind
from reports.mailing.service import Wish
from tests.browser.conftest import Look
from tests.browser.test_accessibility import faults
from tests.service.reports.test_night import NEXT, midnight
from tests.service.reports.test_rollups import played
from tests.support.floors import sign_in_as

ATTACK = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
PHONE = 360


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def handed_out(floor: Floor, client: FlaskClient) -> Iterator[dict[str, str]]:
    """A hotline of two days with subscriptions, one of them paused, and links; by what it is, the
    address of each page.
    """
    played(floor)
    with clock.driven(midnight(floor, NEXT) + timedelta(hours=9)) as time:
        now, token = clock.now(), sign_in_as(floor, Role.MANAGER)
        client.set_cookie(COOKIE, token)
        client.set_cookie(LANGUAGE_COOKIE, "en")
        made: dict[str, str] = {}
        with floor.db.write() as session:
            me = auth.identify(session, token, now=now)
            assert me is not None
            wish, config = Wish("th", tuple(Form)), floor.section(Reports).mailing
            service.choose(session, me, Kind.DAY, wish, now=now)
            number = service.enter(
                session,
                f"{'clerk' * 9}@council-of-the-city.example",
                Kind.MONTH,
                wish,
                reason=ATTACK,
                by=me,
                now=now,
            )
            service.pause(session, number, "550 5.1.1 no such mailbox here", now=now)
            made["unsubscribe"] = f"/unsubscribe/{service.token(floor.settings.secret_key, number)}"
            for language in ("th", "en"):
                for name in ("2026-11-20", "2026-11"):
                    wanted = Wanted(Edition.named(name), language, tuple(Form), ATTACK, 14)
                    opens, _ = links.make(session, wanted, config, by=me, now=now)
                    made[f"{name} {language}"] = f"/r/{opens}"
        time.advance(minutes=1)
        yield made


@pytest.mark.parametrize("language", ["th", "en"])
def test_nothing_is_cut_on_a_small_screen(
    look: Look, handed_out: dict[str, str], language: str
) -> None:
    pages = ["/me/reports", "/reports/mailing", "/reports/links", handed_out["unsubscribe"]]
    pages += [address for name, address in handed_out.items() if name.endswith(f" {language}")]
    for path in [*pages, "/r/nothing"]:
        page = look(f"{path}?lang={language}", PHONE)
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, path
        assert page.title() != "owned"
        for target in page.locator("main button:visible, main .button:visible").all():
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= 44, path
        if path.startswith(("/me", "/reports")):
            # what the header of staff holds beyond the edge of a telephone is no matter of these
            page.set_viewport_size({"width": 1280, "height": 800})
        assert faults(page) == [], path
        page.close()


@pytest.mark.parametrize("width", [1366, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["th", "en"])
def test_the_charts_of_a_link_are_drawn_under_its_policy(
    look: Look, handed_out: dict[str, str], language: str, scheme: str, width: int
) -> None:
    page = look(handed_out[f"2026-11 {language}"], width, scheme)
    charts = page.locator("figure[data-chart]").count()
    assert charts >= 3
    expect(page.locator(".drawn[data-drawn]")).to_have_count(charts)
    assert page.locator(".drawn[data-failed]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#picture-week summary").click()
    expect(page.locator("#picture-week table")).to_be_visible()
    assert page.locator("figure a").count() == 0


def test_without_a_script_the_tables_of_a_link_stand(
    handed_out: dict[str, str], client: FlaskClient, chromium: Browser
) -> None:
    text = client.get(handed_out["2026-11 en"]).text
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.set_content(text)
    assert page.locator("main > section > .scroll > table").count() >= 3
    page.locator("#picture-week summary").click()
    expect(page.locator("#picture-week table")).to_be_visible()
    page.close()


def test_a_link_is_made_by_keyboard_opened_and_ended(
    look: Look, handed_out: dict[str, str]
) -> None:
    page = look("/reports/links?report=2026-11-20&lang=en")
    assert page.locator("[name=report]").input_value() == "2026-11-20"
    page.focus("[name=note]")
    page.keyboard.type("the council")
    page.keyboard.press("Enter")
    address = page.locator("#address").input_value()
    assert address.startswith("https://hotline.example/r/")
    page.reload()
    assert page.locator("#address").count() == 0
    assert page.locator("tr", has_text="the council").count() == 1
    opened = look(address.removeprefix("https://hotline.example"), apart=True)
    assert opened.locator("h1").inner_text() == "Friday 20 November 2026"
    assert opened.locator("main a").count() == len(Form), "the files, and nothing else"
    assert opened.locator("header nav").count() == 0
    page.goto("http://hotline.test/reports/links?lang=en")
    row = page.locator("tr", has_text="the council")
    assert "opened: 1" in row.inner_text()
    row.get_by_role("button").click()
    page.wait_for_selector("text=The link opens nothing any more.")
    opened.reload()
    assert opened.locator("h1").inner_text() == "There is no report here"


def test_what_one_gets_is_chosen_without_a_mouse(
    look: Look, handed_out: dict[str, str], floor: Floor
) -> None:
    page = look("/me/reports?lang=en")
    assert page.is_checked("[name=day]")
    page.focus("[name=month]")
    page.keyboard.press("Space")
    page.focus("main button.main")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice.good")
    assert page.is_checked("[name=month]")
    with floor.db.read() as session:
        mine = [each for each in service.all_of(session) if each.account_id is not None]
    assert {each.kind for each in mine} == {Kind.DAY, Kind.MONTH}
