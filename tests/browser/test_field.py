"""A crew at its telephone: no line, half a line, two tabs, and everything arrives once and in
order.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Route, expect

from agents import demo
from hotline import clock
from hotline.floor import Floor
from tests.browser.conftest import PATIENCE_MS, PHONE, Hotline
from tests.browser.test_accessibility import faults
from tests.browser.test_ticket_pages import narrow_enough
from tests.support import photos
from tests.support.waiting import until
from tickets import service as tickets
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.models import EventKind, TicketFile
from tickets.places import service as places
from tickets.units import fleet, reading
from tickets.units import service as units
from tickets.units.facts import DispatchFacts
from tickets.units.models import DispatchEvent
from tickets.workflow import Role

CREW, SUPERVISOR = Actor("crew", Role.CREW), Actor("supervisor", Role.SUPERVISOR)
HERE = {"latitude": 12.93, "longitude": 100.88}
ACTIONS = "**/api/field/actions"
Send = Callable[[str], DispatchFacts]


@pytest.fixture
def floor(hotline: Hotline) -> Iterator[Floor]:
    with hotline.floor() as built:
        yield built


@pytest.fixture
def send(floor: Floor) -> Iterator[Send]:
    """`send("fallen_tree")`: the crew is sent to a new matter; in the end it has nothing to do."""
    config, calls, sent = floor.section(Tickets), iter(range(990_300, 990_400)), []
    with floor.db.write() as session:
        fleet.seed(session, config)
        if reading.unit_of(session, "crew") is None:
            code = reading.units(session)[0].code
            about = {"actor": SUPERVISOR, "by": None, "now": clock.now() - timedelta(hours=1)}
            fleet.put_on(session, code, "crew", **about)  # type: ignore[arg-type]

    def one(category: str) -> DispatchFacts:
        now = clock.now()
        pin = {"place_latitude": "12.9276", "place_longitude": "100.8853", "place_soi": "บัวขาว"}
        with floor.db.write() as session:
            where = places.entered(session, config, pin)
            made = tickets.record_call(
                session,
                config,
                call_id=next(calls),
                outcome="complaint",
                category=category,
                note="ต้นไม้ล้มขวางทาง",
                caller="+66812345678",
                by="agent1",
                area=where.area,
                now=now,
            )
            places.placed_in_call(session, config, made, where, by="agent1", now=now)
            unit = reading.unit_of(session, "crew")
            assert unit is not None
            job = units.dispatch(session, config, unit.code, made.number, by=SUPERVISOR, now=now)
        sent.append(job)
        return job

    yield one
    for job in sent:
        recall(floor, job)


def recall(floor: Floor, job: DispatchFacts) -> None:
    with floor.db.write() as session:
        now = clock.now()
        units.recall(session, floor.section(Tickets), job.id, by=SUPERVISOR, now=now)


@pytest.fixture
def telephone(hotline: Hotline, chromium: Browser) -> Iterator[BrowserContext]:
    """The crew's telephone, signed in."""
    context = chromium.new_context(
        base_url=hotline.web,
        viewport={"width": PHONE["width"], "height": PHONE["height"]},
        geolocation={"latitude": HERE["latitude"], "longitude": HERE["longitude"]},
        permissions=["geolocation"],
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/view?language=en&next=/sign-in")
    page.fill("[name=username]", "crew")
    page.fill("[name=password]", demo.PASSWORD)
    page.click("main button")
    page.wait_for_url("**/field")
    page.close()
    yield context
    context.close()


def opened(telephone: BrowserContext) -> Page:
    """The page, and all of it kept."""
    page = telephone.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Policy" in said.text else None)
    page.goto("/field")
    page.wait_for_function("navigator.serviceWorker?.controller")
    page.wait_for_function("caches.match('/field')")
    assert wrong == []
    return page


def press(page: Page, job: DispatchFacts, act: str) -> None:
    page.locator(f"#job-{job.id} form[data-act={act}] button").click()


def take(page: Page, job: DispatchFacts, side: str, colour: str) -> None:
    photo: FilePayload = {
        "name": "photo.jpg",
        "mimeType": "image/jpeg",
        "buffer": photos.photo(size=(1200, 900), colour=colour),
    }
    page.set_input_files(f"#job-{job.id} input[data-side={side}]", [photo])


def waiting(page: Page, count: int) -> None:
    """So much waits to be sent, and the page says so."""
    line = page.locator("#waiting-count")
    if count:
        expect(line).to_have_text(f"{count} waiting to be sent")
    else:
        expect(page.locator("#line")).to_have_text("All sent")


def told(floor: Floor, job: DispatchFacts) -> list[str]:
    """What has been said of a job, without positions and its sending."""
    with floor.db.read() as session:
        rows = session.scalars(
            sa.select(DispatchEvent.kind)
            .where(DispatchEvent.dispatch_id == job.id, DispatchEvent.kind != "send")
            .order_by(DispatchEvent.id)
        )
        return list(rows)


def files_of(floor: Floor, job: DispatchFacts) -> list[TicketFile]:
    with floor.db.read() as session:
        mine = sa.select(TicketFile).where(TicketFile.ticket_id == job.ticket_id)
        return list(session.scalars(mine.order_by(TicketFile.id)))


def notes(floor: Floor, job: DispatchFacts) -> int:
    with floor.db.read() as session:
        story = tickets.story(session, job.ticket_id)
        return [each.kind for each in story].count(EventKind.NOTE)


def test_a_job_is_done_without_a_line_and_arrives_once_and_in_order(
    floor: Floor, send: Send, telephone: BrowserContext
) -> None:
    job = send("road_surface")
    page = opened(telephone)
    card = page.locator(f"#job-{job.id}")
    narrow_enough(page, PHONE["width"])
    assert faults(page) == []
    page.evaluate("document.documentElement.dataset.theme = 'system'")

    telephone.set_offline(True)
    for act, state in (
        ("acknowledge", "Acknowledged"),
        ("on_way", "On the way"),
        ("here", "There"),
    ):
        press(page, job, act)
        expect(card.locator(".state")).to_have_text(state)
    # what was done needs its photo first
    press(page, job, "done")
    expect(card.locator("textarea:invalid")).to_have_count(1)
    take(page, job, "before", "blue")
    expect(card.locator(".unsent-photos canvas")).to_have_count(1)
    waiting(page, 4)

    page.reload()  # the line is away, and the page is there
    expect(page.locator("#line")).to_contain_text("No line")
    waiting(page, 4)
    expect(card.locator(".state")).to_have_text("There")
    expect(card.locator(".unsent-photos canvas")).to_have_count(1)
    take(page, job, "after", "white")
    waiting(page, 5)
    card.locator("form[data-act=done] textarea").fill("เทแอสฟัลต์แล้ว")
    press(page, job, "done")
    waiting(page, 6)
    page.locator("#waiting summary").click()
    narrow_enough(page, PHONE["width"])
    assert faults(page) == []
    assert told(floor, job) == []

    telephone.set_offline(False)
    expect(page.locator("#line")).to_have_text("All sent")
    assert told(floor, job) == ["acknowledge", "on_way", "here", "done"]
    kept = files_of(floor, job)
    assert [each.kind for each in kept] == ["before", "after"]
    assert kept[0].latitude == pytest.approx(photos.WHERE[0]), "as the camera wrote it"
    with floor.db.read() as session:
        stands = reading.job(session, job.id)
        position = reading.unit(session, stands.unit).position
    assert stands.state == "done"
    assert stands.outcome == "เทแอสฟัลต์แล้ว"
    assert position is not None
    expect(card).to_have_count(0)


def test_half_a_line_and_two_tabs_send_nothing_twice_and_lose_nothing(
    floor: Floor, send: Send, telephone: BrowserContext
) -> None:
    job, taken_back = send("fallen_tree"), send("fallen_tree")
    page = opened(telephone)
    second = opened(telephone)
    faulty: list[str] = []

    def half(route: Route) -> None:
        """Arrives and is not answered; is answered with a fault; is cut off: in turn, thrice."""
        how = ("unanswered", "fault", "cut")[len(faulty) % 3]
        faulty.append(how)
        if how == "unanswered":
            route.fetch()
            route.abort()
        elif how == "fault":
            route.fulfill(status=500, json={"error": {"code": "error", "message": "x"}})
        else:
            route.abort("connectionreset")

    telephone.route(ACTIONS, half)
    press(page, job, "on_way")
    press(page, job, "here")
    take(page, job, "before", "blue")
    page.locator(f"#job-{job.id} details.fold", has_text="Write a note").locator("summary").click()
    page.locator(f"#job-{job.id} form[data-act=note] textarea").fill("รถติด")
    press(page, job, "note")
    until(lambda: len(faulty) >= 3, "the line was bad three times")
    # of a job that is taken back meanwhile something waits as well
    telephone.set_offline(True)
    page.locator(f"#job-{taken_back.id} > .whole > summary").click()
    press(page, taken_back, "on_way")
    recall(floor, taken_back)
    telephone.unroute(ACTIONS)
    telephone.set_offline(False)
    for tab in (page, second):
        expect(tab.locator("#line")).to_have_text("All sent")
    assert [each for each in told(floor, job) if each != "acknowledge"] == ["on_way", "here"]
    assert len(files_of(floor, job)) == 1
    assert notes(floor, job) == 1
    # it is told in words, and put aside by hand
    trouble = page.locator("#trouble-list li")
    expect(trouble).to_have_count(1)
    expect(trouble.locator(".why")).to_contain_text("call the centre")
    trouble.get_by_role("button").click()
    expect(page.locator("#trouble")).to_be_hidden()

    # who leaves with something that waits is warned, and what waits is there afterwards
    telephone.set_offline(True)
    page.locator(f"#job-{job.id} .help summary").click()
    press(page, job, "help")
    waiting(page, 1)
    page.locator(".menu summary").click()
    page.locator("#sign-out button").click()
    expect(page.locator("#leaving")).to_contain_text("1 not sent yet")
    page.click("#stay")
    telephone.set_offline(False)
    expect(page.locator("#line")).to_have_text("All sent")
    expect(page.locator(f"#job-{job.id} .help")).to_contain_text("The centre knows")
    assert told(floor, job).count("need_help") == 1
