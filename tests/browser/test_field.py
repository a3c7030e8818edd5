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
from tests.browser.conftest import PATIENCE_MS, PHONE, Hotline, new_call_id, wait_for
from tests.browser.test_accessibility import faults
from tests.browser.test_ticket_pages import narrow_enough
from tests.support import photos
from tickets import service as tickets
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.models import EventKind, TicketFile
from tickets.places import service as places
from tickets.units import fleet, reading
from tickets.units import service as units
from tickets.units.facts import DispatchFacts
from tickets.units.models import DispatchEvent
from tickets.units.rules import Act as UnitAct
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
    config, sent = floor.section(Tickets), []
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
                call_id=new_call_id(),
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
        units.say(session, floor.section(Tickets), job.id, UnitAct.RECALL, by=SUPERVISOR, now=now)


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
    expect(page.locator("#kept")).to_be_visible()
    assert wrong == []
    return page


def unfold(page: Page, job: DispatchFacts) -> None:
    """Only the first job of a list is open."""
    whole = page.locator(f"#job-{job.id} > .whole")
    if whole.get_attribute("open") is None:
        whole.locator("> summary").click()


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


def all_sent(page: Page) -> None:
    expect(page.locator("#line")).to_have_text("All sent")


def good_to_look_at(page: Page) -> None:
    narrow_enough(page, PHONE["width"])
    assert faults(page) == []
    page.evaluate("document.documentElement.dataset.theme = 'system'")


def test_a_job_is_done_without_a_line_and_arrives_once_and_in_order(
    floor: Floor, send: Send, telephone: BrowserContext
) -> None:
    job = send("road_surface")
    page = opened(telephone)
    card = page.locator(f"#job-{job.id}")
    unfold(page, job)
    good_to_look_at(page)
    telephone.set_offline(True)
    steps = {"acknowledge": "Acknowledged", "on_way": "On the way", "here": "There"}
    for act, state in steps.items():
        press(page, job, act)
        expect(card.locator(".state")).to_have_text(state)
        if act == "on_way":
            said = page.locator("#position-said")
            expect(said).to_contain_text("the centre does not see where you are")
    # what was done needs its photo first
    press(page, job, "done")
    expect(card.locator("form[data-act=done] textarea:invalid")).to_have_count(1)
    take(page, job, "before", "blue")
    waiting(page, 4)

    page.reload()  # the line is away, and the page is there
    expect(page.locator("#line")).to_contain_text("No line")
    waiting(page, 4)
    expect(card.locator(".state")).to_have_text("There")
    take(page, job, "after", "white")
    waiting(page, 5)
    expect(card.locator("canvas + figcaption")).to_have_text(["Before", "After"])
    card.locator("form[data-act=done] textarea").fill("เทแอสฟัลต์แล้ว")
    press(page, job, "done")
    waiting(page, 6)
    page.locator("#waiting summary").click()
    good_to_look_at(page)
    assert told(floor, job) == []

    telephone.set_offline(False)
    all_sent(page)
    assert told(floor, job) == ["acknowledge", "on_way", "here", "done"]
    kept = files_of(floor, job)
    assert [each.kind for each in kept] == ["before", "after"]
    assert kept[0].latitude == pytest.approx(photos.WHERE[0]), "as the camera wrote it"
    with floor.db.read() as session:
        stands = reading.job(session, job.id)
        assert reading.unit(session, stands.unit).position is not None
    assert (stands.state, stands.outcome) == ("done", "เทแอสฟัลต์แล้ว")
    expect(card).to_have_count(0)


class HalfALine:
    """What is sent arrives and is not answered, is answered with a fault, is cut off: in turn."""

    def __init__(self, telephone: BrowserContext) -> None:
        self.times = 0
        telephone.route(ACTIONS, self)

    def __call__(self, route: Route) -> None:
        self.times += 1
        if self.times % 3 == 1:
            route.fetch()
            route.abort()
        elif self.times in (2, 5):  # what fails four times is put aside
            route.fulfill(status=500, json={"error": {"code": "error", "message": "x"}})
        else:
            route.abort("connectionreset")

    def wait_for(self, page: Page, times: int) -> None:
        """Until it was tried so often."""
        wait_for(page, lambda: self.times >= times, f"tried {times} times")


def test_half_a_line_and_two_tabs_send_nothing_twice_and_lose_nothing(
    floor: Floor, send: Send, telephone: BrowserContext
) -> None:
    job, taken_back = send("fallen_tree"), send("fallen_tree")
    page, second = opened(telephone), opened(telephone)
    line = HalfALine(telephone)
    unfold(page, job)
    for act in ("acknowledge", "on_way", "here"):
        press(page, job, act)
    take(page, job, "before", "blue")
    page.locator(f"#job-{job.id} details.fold", has_text="Write a note").locator("summary").click()
    page.locator(f"#job-{job.id} form[data-act=note] textarea").fill("รถติด")
    press(page, job, "note")
    expect(page.locator("#waiting-list li", has_text="Note")).to_have_count(1)
    line.wait_for(page, 3)
    # of a job that is taken back meanwhile something waits as well
    telephone.set_offline(True)
    # it would reach the hotline also without a line; one that is under way has no line left, either
    telephone.unroute_all(behavior="ignoreErrors")
    unfold(page, taken_back)
    press(page, taken_back, "acknowledge")
    recall(floor, taken_back)
    telephone.set_offline(False)
    for tab in (page, second):
        # all of it was sent, and of one nothing came
        expect(tab.locator("#line")).to_have_text("Not taken")
    assert told(floor, job) == ["acknowledge", "on_way", "here"]
    assert len(files_of(floor, job)) == 1
    assert notes(floor, job) == 1
    # it is told in words, and put aside by hand
    trouble = page.locator("#trouble-list li")
    expect(trouble.locator(".why")).to_contain_text("call the centre")
    trouble.get_by_role("button").click()
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("#line")).to_have_text("All sent")


def test_who_signs_out_with_something_unsent_is_asked_first(
    floor: Floor, send: Send, telephone: BrowserContext
) -> None:
    job = send("fallen_tree")
    page = opened(telephone)
    telephone.set_offline(True)
    page.locator(f"#job-{job.id} .help summary").click()
    press(page, job, "help")
    waiting(page, 1)
    page.locator(".menu > summary").click()
    page.locator("#sign-out button").click()
    expect(page.locator("#leaving")).to_contain_text("1 not sent yet")
    page.click("#stay")
    telephone.set_offline(False)
    all_sent(page)
    expect(page.locator(f"#job-{job.id} .help")).to_contain_text("The centre knows")
    assert told(floor, job) == ["need_help"]
    # nothing of the jobs stays on the telephone with who has left
    page.locator("#sign-out button").click()
    page.wait_for_url("**/sign-in**")
    kept = page.evaluate("caches.keys()")
    assert [each for each in kept if not each.startswith("field-shell-")] == []
