"""What is unread, saved views, and the pages of both."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hotline.auth import COOKIE, Role
from hotline.db import Database
from hotline.floor import Floor
from tests.service.tickets.conftest import AGENT, NOW, WORKS
from tests.service.tickets.test_search import fill, say
from tests.support.floors import sign_in_as
from tickets.facts import Actor
from tickets.inbox import looks, views
from tickets.workflow import Role as Reader

COLLEAGUE = Actor("noi", Reader.DIVISION, frozenset({"engineering"}))
#: Ids of accounts; here nobody has to have one.
ME, THEM = 7, 8


def unread(db: Database, *tickets: int, account: int = ME, username: str = "lek") -> set[int]:
    with db.read() as session:
        return looks.unread(session, account, username, tickets)


def look(db: Database, ticket: int) -> None:
    with db.write() as session:
        looks.looked(session, ME, ticket, looks.newest(session, ticket))


def test_unread_is_what_others_did_since_one_looked(db: Database) -> None:
    fill(db, "ก", "ข")
    assert unread(db, 1, 2) == set()
    say(db, 1, "by nok")
    assert unread(db, 1, 2) == {1}
    # what one did oneself is no news
    assert unread(db, 1, username="nok") == set()
    look(db, 1)
    assert unread(db, 1, 2) == set()
    assert unread(db, 1, account=THEM, username="x") == {1}
    say(db, 1, "again")
    assert unread(db, 1, 2) == {1}


def test_a_page_that_comes_late_takes_nothing_back(db: Database) -> None:
    fill(db, "ก")
    say(db, 1, "one")
    with db.read() as session:
        early = looks.newest(session, 1)
    say(db, 1, "two")
    look(db, 1)
    with db.write() as session:
        looks.looked(session, ME, 1, early)
    assert unread(db, 1) == set()


def save(db: Database, **values: Any) -> int:
    given = {"title": "ไฟดับ", "division": None, "asked": {"q": "ไฟ", "x": "y"}, "now": NOW}
    with db.write() as session:
        return views.save(session, ME, WORKS, **{**given, **values})


def seen(db: Database, account: int, actor: Actor) -> list[int]:
    with db.read() as session:
        return [view.id for view in views.of(session, account, actor)]


def test_a_view_is_its_makers_and_its_divisions(db: Database) -> None:
    mine, shared = save(db), save(db, title="ก", division="engineering")
    assert seen(db, ME, WORKS) == [shared, mine]
    assert seen(db, THEM, COLLEAGUE) == [shared]
    assert seen(db, THEM, AGENT) == []
    with db.read() as session:
        assert views.find(session, mine, ME, WORKS).asked == {"q": "ไฟ"}
        for account, actor, view in ((THEM, COLLEAGUE, mine), (THEM, AGENT, shared)):
            with pytest.raises(views.NoSuchView):
                views.find(session, view, account, actor)


def test_nobody_changes_or_removes_anothers(db: Database) -> None:
    shared = save(db, division="engineering")
    for do in (
        lambda session: views.remove(session, shared, THEM),
        lambda session: views.change(
            session, shared, THEM, COLLEAGUE, title="x", division=None, asked=None, now=NOW
        ),
    ):
        with pytest.raises(views.NoSuchView), db.write() as session:
            do(session)
    assert seen(db, THEM, COLLEAGUE) == [shared]


def test_it_is_shared_with_ones_own_division_alone_and_has_a_name(db: Database) -> None:
    for wrong in ({"division": "public_health"}, {"title": " \n "}):
        with pytest.raises(views.BadView):
            save(db, **wrong)
    assert seen(db, ME, WORKS) == []


def test_it_keeps_its_address_when_it_is_changed(db: Database) -> None:
    view = save(db)
    with db.write() as session:
        asked = {"division": "", "state": "all"}
        views.change(session, view, ME, WORKS, title="ใหม่", division=None, asked=asked, now=NOW)
    with db.read() as session:
        found = views.find(session, view, ME, WORKS)
    assert (found.title, found.asked) == ("ใหม่", {"division": "", "state": "all"})


def test_a_view_to_begin_with_goes_when_it_is_removed_or_no_longer_shared(db: Database) -> None:
    view = save(db, division="engineering")

    def begins(account: int, actor: Actor) -> int | None:
        with db.read() as session:
            return views.chosen(session, account, actor)

    with db.write() as session:
        views.choose(session, view, THEM, COLLEAGUE)
    assert begins(THEM, COLLEAGUE) == view
    assert begins(ME, WORKS) is None
    with db.write() as session:
        views.change(session, view, ME, WORKS, title="x", division=None, asked=None, now=NOW)
    assert begins(THEM, COLLEAGUE) is None
    with db.write() as session:
        views.choose(session, view, ME, WORKS)
        views.remove(session, view, ME)
    assert begins(ME, WORKS) is None


# ------------------------------------------------------------------ the pages


@pytest.fixture
def browse(floor: Floor, client: FlaskClient) -> Callable[[Role, str], None]:
    def as_somebody(role: Role, username: str) -> None:
        client.set_cookie(COOKIE, sign_in_as(floor, role, username))

    return as_somebody


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., TestResponse]:
    """Send a form as the page of saved views does."""

    def send(address: str, **form: str) -> TestResponse:
        page = client.get("/tickets/views").text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        return client.post(address, data={**form, "csrf_token": token})

    return send


def test_the_pages_of_a_view(
    floor: Floor,
    client: FlaskClient,
    browse: Callable[[Role, str], None],
    post: Callable[..., TestResponse],
) -> None:
    fill(floor.db, "ไฟดับ", "ท่อแตก", "ไฟไม่ติด")
    browse(Role.SUPERVISOR, "supervisor")
    made = post("/tickets/views", title="เรื่องไฟ", q="ไฟ", state="all", division="")
    assert made.status_code == 303
    page = client.get(made.location).text
    assert "ไฟดับ" in page
    assert "ไฟไม่ติด" in page
    assert "ท่อแตก" not in page
    assert "เรื่องไฟ" in page
    csv = client.get(made.location.replace("/tickets?", "/tickets.csv?")).text
    assert "ไฟดับ" in csv
    assert "ท่อแตก" not in csv
    # what is said beside it comes first
    assert "ท่อแตก" in client.get(f"{made.location}&q=ท่อ").text
    view = made.location.rpartition("=")[2]
    assert client.get("/tickets").status_code == 200
    assert post("/tickets/views/begin", view=view).status_code == 303
    assert client.get("/tickets").location == made.location
    assert client.get("/tickets?state=open").status_code == 200
    assert post(f"/tickets/views/{view}", title="").status_code == 422
    assert "เรื่องไฟ" in client.get("/tickets/views").text
    browse(Role.AGENT, "nok")
    assert client.get(made.location).status_code == 404
    assert post(f"/tickets/views/{view}/remove").status_code == 404
    browse(Role.SUPERVISOR, "supervisor")
    assert post(f"/tickets/views/{view}/remove").status_code == 303
    assert client.get(made.location).status_code == 404
    assert client.get("/tickets").status_code == 200


def test_opening_a_ticket_makes_it_read(
    floor: Floor, client: FlaskClient, browse: Callable[[Role, str], None]
) -> None:
    fill(floor.db, "ไฟดับ")
    say(floor.db, 1, "news")
    browse(Role.SUPERVISOR, "supervisor")
    listed = client.get("/tickets?lang=en").text
    assert ", unread<" in listed
    assert client.get(listed.split('class="id"><a href="')[1].split('"')[0]).status_code == 200
    assert ", unread<" not in client.get("/tickets?lang=en").text


def test_pages_follow_each_other_in_each_order(
    floor: Floor, client: FlaskClient, browse: Callable[[Role, str], None]
) -> None:
    fill(floor.db, *["ก"] * 120)
    browse(Role.SUPERVISOR, "supervisor")
    for order in ("newest", "oldest", "due"):
        path, seen_ones = f"/tickets?order={order}&lang=en", []
        for _ in range(3):
            page = client.get(path).text
            assert "Found: 120" in page
            seen_ones += [each.split('"')[0] for each in page.split('class="id"><a href="')[1:]]
            if 'rel="next" href="' not in page:
                break
            path = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        assert len(seen_ones) == len(set(seen_ones)) == 120, order
