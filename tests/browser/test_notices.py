"""Bulletins and nuisance as people meet them: by keyboard, on a small screen, in the dark."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from hotline import clock
from hotline.auth import COOKIE, Role
from hotline.floor import Floor
from hotline.web import LANGUAGE_COOKIE
from ivr import bulletins, calls, nuisance
from ivr.bulletins import Draft
from ivr.calls import Arrival
from ivr.config import Ivr
from ivr.events import Kind
from tests.browser.conftest import Look
from tests.support.floors import sign_in_as

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
ATTACK = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
PHONE = 360


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def notices(floor: Floor) -> Iterator[Floor]:
    """A hotline with something of everything, and an attack in every text."""
    config = floor.section(Ivr)
    long_text = f"{ATTACK} {'น้ำท่วมถนนเลียบชายหาด' * 12}"
    with clock.driven(NOW), floor.db.write() as session:
        for start, end in ((-2, 10), (-1, 9 * 24), (5, 9), (-9, 1)):
            draft = Draft(
                {"th": long_text, "en": ATTACK},
                ("news",),
                NOW + timedelta(hours=start),
                NOW + timedelta(hours=end),
            )
            bulletins.write(session, config, draft, by="supervisor", now=NOW)
        bulletins.withdraw(session, 4, version=1, by="supervisor", now=NOW)
        for n in range(8):
            arrival = Arrival(f"CA{n}", "+66899999999", "1337")
            call, _ = calls.arrive(session, arrival, language="th", at="language", now=NOW)
            calls.tell(session, call, Kind.QUEUED, {"queue": "information"}, now=NOW)
            calls.tell(session, call, Kind.ENDED, {"status": "completed"}, now=NOW)
        nuisance.block(
            session, "+66811111111", reason=ATTACK * 3, days=30, by="supervisor", now=NOW
        )
        session.connection().exec_driver_sql("UPDATE calls SET ended_at = arrived_at")
    with clock.driven(NOW):
        yield floor


@pytest.fixture(autouse=True)
def signed_in(notices: Floor, client: FlaskClient) -> None:
    client.set_cookie(COOKIE, sign_in_as(notices, Role.SUPERVISOR))
    client.set_cookie(LANGUAGE_COOKIE, "en")


PAGES = ("/bulletins", "/bulletins/1", "/bulletins/new?like=1", "/nuisance")


@pytest.mark.parametrize("language", ["th", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_cut_on_a_small_screen(look: Look, path: str, language: str) -> None:
    page = look(f"{path}{'&' if '?' in path else '?'}lang={language}", PHONE)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert page.locator("main img").count() == 0
    assert page.locator("main script").count() == 0
    assert page.title() != "owned"
    targets = page.locator("main button:visible, main summary:visible")
    assert targets.count() > 0
    for box in (target.bounding_box() for target in targets.all()):
        assert box is not None
        assert box["height"] >= 44


def test_a_bulletin_is_written_by_keyboard_alone(look: Look, notices: Floor) -> None:
    page = look("/bulletins/new")
    page.focus("[name='text.th']")
    page.keyboard.type("น้ำลดแล้ว")
    page.keyboard.press("Tab")
    page.keyboard.type("The water has gone.")
    page.fill("[name=ends_at]", "2026-11-21T12:00")
    page.focus("button[value=preview]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".preview")
    assert page.input_value("[name='text.en']") == "The water has gone."
    page.focus("button.main")
    page.keyboard.press("Enter")
    page.wait_for_selector("#on_air")
    assert page.locator(".bulletin.on_air", has_text="The water has gone.").count() == 1
    with notices.db.read() as session:
        newest = bulletins.on_air(session, "news", NOW)[0]
    assert newest.text_for("th") == "น้ำลดแล้ว"


def test_the_first_fault_has_the_focus_and_is_told_to_screen_readers(look: Look) -> None:
    page = look("/bulletins/new")
    page.fill("[name='text.th']", "น้ำลดแล้ว")
    page.press("[name='text.th']", "Tab")
    page.click("button.main")
    page.wait_for_selector("[role=alert]")
    focused = page.locator(":focus")
    assert focused.get_attribute("name") == "text.en"
    fault = focused.get_attribute("aria-describedby") or ""
    assert page.locator(f"[id='{fault}']").inner_text().startswith("Please write")
    assert page.input_value("[name='text.th']") == "น้ำลดแล้ว"


def test_a_suspect_is_looked_at_and_blocked(look: Look, notices: Floor) -> None:
    page = look("/nuisance")
    suspect = page.locator(".suspect")
    assert "8 silent calls" in suspect.inner_text()
    assert "perhaps somebody who cannot press keys" in suspect.inner_text()
    suspect.locator("summary").focus()
    page.keyboard.press("Enter")
    suspect.locator("[name=reason]").fill("Breathes, every night")
    page.keyboard.press("Enter")
    page.wait_for_selector(".block >> text=Breathes, every night")
    assert page.locator(".suspect").count() == 0
    with notices.db.read() as session:
        assert nuisance.blocked(session, "+66899999999", NOW) is not None
    page.locator(".block", has_text="+66899999999").get_by_role("button").click()
    page.wait_for_selector(".block.over >> text=+66899999999")


def test_a_number_that_is_never_blocked_is_refused_beside_its_field(look: Look) -> None:
    page = look("/nuisance")
    page.fill(".block-form [name=number]", "1669")
    page.fill(".block-form [name=reason]", "a mistake")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert page.locator(":focus").get_attribute("name") == "number"
    assert page.locator("[role=alert]").is_visible()
    assert page.input_value(".block-form [name=reason]") == "a mistake"
