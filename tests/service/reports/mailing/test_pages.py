"""The pages of reports by e-mail and by link, for those with an account and for everybody else."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hotline import clock
from hotline.auth import Role
from hotline.floor import Floor
from hotline.models import AuditEvent
from reports import numerals
from reports.mailing import links, making, service
from reports.mailing.models import Link, LinkFile, LinkVisitor
from reports.mailing.rules import Form, Kind
from reports.mailing.service import Wish
from tests.service.reports.test_night import DAY, NEXT, midnight
from tests.service.reports.test_rollups import played
from tests.support.floors import Bearer

REFUSED = (Role.AGENT, Role.DIVISION, Role.CREW)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What the rows do on both databases is asked by the tests of the service."""
    return sqlite_url


@pytest.fixture(autouse=True)
def time(floor: Floor) -> Iterator[clock.DrivenClock]:
    with clock.driven(midnight(floor, NEXT) + timedelta(hours=9)) as driven:
        yield driven


@pytest.fixture
def post(client: FlaskClient, bearer: Bearer) -> Any:
    def post(
        path: str, role: Role = Role.MANAGER, *, follow: bool = False, **form: object
    ) -> TestResponse:
        return client.post(path, data=form, headers=bearer(role), follow_redirects=follow)

    return post


@pytest.fixture
def get(client: FlaskClient, bearer: Bearer) -> Any:
    def get(path: str, role: Role = Role.MANAGER) -> TestResponse:
        return client.get(path, headers=bearer(role))

    return get


def make_link(post: Any, **other: object) -> str:
    """The path of a new link."""
    form = {"report": "2026-11-20", "language": "en", "form": ["pdf", "csv"], "days": 14}
    answer = post("/reports/links", follow=True, **{**form, "note": "the council", **other})
    assert answer.status_code == 200, answer.text
    (path,) = re.findall(r'value="https://hotline\.example(/r/[\w-]{43})"', answer.text)
    return str(path)


def only_link(floor: Floor) -> links.Facts:
    with floor.db.read() as session:
        (found,) = links.made(session)
    return found


def log(floor: Floor) -> list[str]:
    with floor.db.read() as session:
        return list(session.scalars(sa.select(AuditEvent.kind).order_by(AuditEvent.id)))


# ---------------------------------------------------------------- one's own


def test_one_chooses_for_oneself(post: Any, get: Any, floor: Floor) -> None:
    form = {"day": "1", "day.language": "th", "day.form": ["pdf", "csv"], "month.language": "en"}
    assert post("/me/reports", **form).status_code == 303
    page = get("/me/reports?lang=en").text
    assert "Nothing has been sent yet." in page
    assert "There is no e-mail address" in page
    with floor.db.read() as session:
        (found,) = service.all_of(session)
    assert (found.kind, found.wish) == (Kind.DAY, Wish("th", (Form.PDF, Form.CSV)))
    assert post("/me/reports").status_code == 303
    with floor.db.read() as session:
        assert service.all_of(session) == []
    assert log(floor) == [], "one's own is nobody's business"


def test_nobody_resumes_anothers(post: Any, floor: Floor) -> None:
    post("/me/reports", Role.SUPERVISOR, day="1")
    with floor.db.read() as session:
        (found,) = service.all_of(session)
    assert post(f"/me/reports/{found.id}/resume", Role.MANAGER).status_code == 404
    assert post(f"/me/reports/{found.id}/resume", Role.SUPERVISOR).status_code == 303


@pytest.mark.parametrize("path", ["/me/reports", "/reports/mailing", "/reports/links"])
def test_who_may_read(get: Any, path: str) -> None:
    for role in Role:
        refused = role in REFUSED or (role is Role.SUPERVISOR and path != "/me/reports")
        assert get(path, role).status_code == (403 if refused else 200), role


@pytest.mark.parametrize("language", ["th", "en"])
@pytest.mark.parametrize("path", ["/me/reports", "/reports/mailing", "/reports/links"])
def test_pages_in_both_languages(get: Any, post: Any, path: str, language: str) -> None:
    post("/reports/mailing", email="a@b.example", kind="month", reason="asked", form="pdf")
    make_link(post)
    page = get(f"{path}?lang={language}").text
    assert "None" not in re.sub(r"<[^>]*>", "", page)
    assert "style=" not in page


# ---------------------------------------------------------------- everybody's


def test_a_manager_adds_an_address_and_ends_it_and_both_are_logged(
    post: Any, get: Any, floor: Floor
) -> None:
    refused = post("/reports/mailing", email="a@b.example", kind="day", language="en", reason=" ")
    assert refused.status_code == 422
    assert 'value="a@b.example"' in refused.text
    form = {"email": "a@b.example", "kind": "year", "language": "en", "form": "pdf"}
    assert post("/reports/mailing", **form, reason="the law").status_code == 303
    again = post("/reports/mailing", **form, reason="the law")
    assert again.status_code == 409
    page = get("/reports/mailing?lang=en").text
    assert "a@b.example" in page
    assert "the law" in page
    with floor.db.read() as session:
        (found,) = service.all_of(session)
    assert post(f"/reports/mailing/{found.id}/stop").status_code == 303
    assert post(f"/reports/mailing/{found.id}/stop").status_code == 404
    assert log(floor) == ["reports.subscribed", "reports.subscription_ended"]
    assert post("/reports/mailing", Role.SUPERVISOR, **form).status_code == 403


def test_a_pause_is_said_on_both_pages_and_lifted(post: Any, get: Any, floor: Floor) -> None:
    post("/me/reports", day="1")
    with floor.db.write() as session:
        (found,) = service.all_of(session)
        service.pause(session, found.id, "550 nobody here", now=clock.now())
    for path in ("/me/reports?lang=en", "/reports/mailing?lang=en"):
        assert "550 nobody here" in get(path).text
    assert post(f"/reports/mailing/{found.id}/resume").status_code == 303
    assert "550 nobody here" not in get("/reports/mailing").text


# ---------------------------------------------------------------- unsubscribing


def test_the_link_of_a_mail_asks_and_one_click_ends_it(
    post: Any, client: FlaskClient, floor: Floor
) -> None:
    post("/me/reports", day="1", **{"day.language": "en"})
    with floor.db.read() as session:
        (found,) = service.all_of(session)
    path = f"/unsubscribe/{service.token(floor.settings.secret_key, found.id)}"
    asked = client.get(path)
    assert asked.status_code == 200
    assert "Daily summary: nothing more will be sent to" in asked.text
    with floor.db.read() as session:
        assert len(service.all_of(session)) == 1, "looking ends nothing"
    # as a mail program does it: RFC 8058, 3.1
    done = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "Unsubscribed" in done.text) == (200, True)
    with floor.db.read() as session:
        assert service.all_of(session) == []
    assert client.post(path).status_code == 200
    for wrong in (path[:-1], f"{path}0", "/unsubscribe/1-x"):
        assert client.get(wrong).status_code == client.post(wrong).status_code == 404


# ---------------------------------------------------------------- links


def test_a_link_is_shown_once_and_only_its_hash_is_kept(post: Any, get: Any, floor: Floor) -> None:
    token = make_link(post).removeprefix("/r/")
    assert token not in get("/reports/links").text
    with floor.db.read() as session:
        row = session.scalars(sa.select(Link)).one()
    assert token not in str(vars(row))
    assert row.expires_at == clock.now() + timedelta(days=14)
    assert log(floor) == ["reports.link_made"]


def test_loading_the_page_of_a_new_link_again_makes_no_other_and_shows_none(
    post: Any, get: Any, client: FlaskClient, floor: Floor
) -> None:
    form = {"report": "2026-11-20", "language": "en", "days": 14, "note": "the council"}
    answer = post("/reports/links", **form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/reports/links")
    (kept,) = answer.headers.getlist("Set-Cookie")
    for said in ("__Host-hotline_new_link=", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=60"):
        assert said in kept
    first, again = get("/reports/links").text, get("/reports/links").text
    (path,) = re.findall(r'value="https://hotline\.example(/r/[\w-]{43})"', first)
    assert client.get(path).status_code == 200
    assert path not in again
    assert 'id="address"' not in again
    assert only_link(floor).note == "the council"


@pytest.mark.parametrize("whose", ["anothers", "nobodys", "ended"])
def test_a_cookie_that_somebody_else_has_put_there_is_no_link_of_ones_own(
    post: Any, get: Any, client: FlaskClient, floor: Floor, whose: str
) -> None:
    token = make_link(post).removeprefix("/r/")
    if whose == "ended":
        post(f"/reports/links/{only_link(floor).id}/revoke")
    shown = "x" * 43 if whose == "nobodys" else token
    client.set_cookie("__Host-hotline_new_link", shown)
    role = Role.ADMINISTRATOR if whose == "anothers" else Role.MANAGER
    page = get("/reports/links", role)
    assert 'id="address"' not in page.text
    assert "Max-Age=0" in page.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 0},
        {"days": 91},
        {"days": "x"},
        {"note": " "},
        {"report": "2026-12"},
        {"report": "x"},
        {"report": "0001-01-01"},
    ],
)
def test_what_no_link_is_made_of(post: Any, wrong: dict[str, object], floor: Floor) -> None:
    form = {"report": "2026-11-20", "language": "en", "days": 14, "note": "x", **wrong}
    answer = post("/reports/links", **form)
    assert answer.status_code == 422
    with floor.db.read() as session:
        assert links.made(session) == []


@pytest.mark.parametrize("language", ["th", "en"])
@pytest.mark.parametrize("report", ["2026-11-20", "2026-11", "2570"])
def test_the_page_shows_the_report_and_leads_nowhere_that_needs_an_account(
    post: Any, client: FlaskClient, floor: Floor, report: str, language: str
) -> None:
    played(floor)
    path = make_link(post, report=report, language=language)
    answer = client.get(path)
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    with floor.db.read() as session:
        found = making.digest_of(session, floor, making.Edition.named(report), now=clock.now())
    assert f"<dd>{found.value('calls')}</dd>" in answer.text
    assert f"<dd>{found.value('tickets_received')}</dd>" in answer.text
    hrefs = set(re.findall(r'href="([^"]*)"', answer.text))
    allowed = ("/static/", "/accent.css", f"{path}/pdf", f"{path}/csv", "#main")
    assert {each for each in hrefs if not each.startswith(allowed)} == set()
    scripts = re.findall(r"<script[^>]*>[^<]*", answer.text)
    assert scripts == ['<script type="module" src="/static/reports/charts.js">']
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert not re.search(r"\+66|081", answer.text)
    assert "None" not in re.sub(r"<[^>]*>", "", answer.text)


@pytest.mark.parametrize(
    ("report", "charts"),
    [
        ("2026-11-20", {"calls"}),
        ("2026-11", {"calls", "level", "speed", "week", "areas"}),
        ("2570", {"calls", "week", "areas"}),
    ],
)
def test_the_charts_of_a_link_are_those_of_its_own_days(
    post: Any, get: Any, client: FlaskClient, floor: Floor, report: str, charts: set[str]
) -> None:
    played(floor)
    page = client.get(make_link(post, report=report)).text
    ours, kind = specs(page), making.Edition.named(report).kind
    theirs = specs(get(f"/reports/{kind}/{report}?lang=en").text)
    assert set(ours) == charts, "no trend, which is of the days before"
    for name in charts:
        assert ours[name] == theirs[name], "the same as on the pages of the city"
    assert page.count("<table") >= len(charts)
    for week in re.findall(r'<figure[^>]*id="picture-week".*?</figure>', page, re.DOTALL):
        assert week.count("<tr>") == 8
        assert "<a" not in week


def specs(page: str) -> dict[str, str]:
    """The specification of each chart of a page."""
    return dict(re.findall(r"id=\"picture-(\w+)\" data-chart='([^']*)'", page))


def test_a_report_without_calls_has_no_chart_and_no_script(post: Any, client: FlaskClient) -> None:
    page = client.get(make_link(post)).text
    assert specs(page) == {}
    assert "<script" not in page


def test_a_link_has_the_citys_numerals(
    post: Any, client: FlaskClient, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(floor)
    path = make_link(post, report="2026-11", language="th")
    monkeypatch.setattr(numerals, "wanted", lambda: True)
    page = client.get(path).text
    main = page[page.index("<main") :]
    assert "พฤศจิกายน ๒๕๖๙" in main
    assert not re.search("[0-9]", re.sub(r"<[^>]*>", "", main))
    assert page.count('data-numerals="thai"') == len(specs(page)) > 0
    assert f'href="{path}/pdf"' in page


def test_nothing_keeps_the_page_and_nobody_is_told_its_address(
    post: Any, client: FlaskClient
) -> None:
    path = make_link(post)
    for each in (path, f"{path}/csv", "/r/nothing", f"{path}/xlsx", "/unsubscribe/x"):
        headers = client.get(each).headers
        assert headers["Cache-Control"] == "no-store", each
        assert headers["Referrer-Policy"] == "no-referrer", each
        assert headers["X-Robots-Tag"] == "noindex, nofollow", each


def test_files_are_those_of_the_link_alone(post: Any, client: FlaskClient, floor: Floor) -> None:
    played(floor)
    path = make_link(post)
    pdf, csv = client.get(f"{path}/pdf"), client.get(f"{path}/csv")
    assert pdf.data.startswith(b"%PDF")
    assert pdf.headers["Content-Disposition"] == 'attachment; filename="report-2026-11-20-en.pdf"'
    assert "tickets_received" in csv.text
    assert client.get(f"{path}/xlsx").status_code == 404
    assert client.get(f"{path}/exe").status_code == 404
    book = make_link(post, form=["xlsx"])
    assert client.get(f"{book}/xlsx").data.startswith(b"PK")


def test_expired_ended_and_never_made_look_alike(
    post: Any, client: FlaskClient, floor: Floor, time: clock.DrivenClock
) -> None:
    expired, ended = make_link(post, days=1), make_link(post)
    with floor.db.read() as session:
        newest = links.made(session)[0]
    for _ in range(2):
        assert post(f"/reports/links/{newest.id}/revoke").status_code == 303
    assert client.get(expired).status_code == 200
    time.advance(days=1)
    answers = [client.get(each) for each in (expired, ended, "/r/nothing", f"{ended}/pdf")]
    assert [each.status_code for each in answers] == [410, 410, 404, 410]
    assert len({each.text for each in answers}) == 1
    assert log(floor).count("reports.link_revoked") == 1
    assert post("/reports/links/999/revoke").status_code == 404


def test_openings_are_counted_and_nobody_is_followed(
    post: Any, client: FlaskClient, floor: Floor, get: Any
) -> None:
    path = make_link(post)
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"):
        client.get(path, environ_overrides={"REMOTE_ADDR": address})
    client.get(f"{path}/csv", environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    found = only_link(floor)
    assert (found.opened, found.taken, found.addresses) == (5, 1, 3)
    assert found.opened_at == clock.now()
    with floor.db.read() as session:
        kept = session.scalars(sa.select(LinkVisitor.address_hash)).all()
    assert not any("192.0.2" in each for each in kept)
    assert "opened: 5 · files taken: 1 · addresses: 3" in get("/reports/links?lang=en").text
    other = make_link(post)
    client.get(other, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    with floor.db.read() as session:
        hashes = session.scalars(sa.select(LinkVisitor.address_hash)).all()
    assert len(set(hashes)) == 4, "the same address is another one at another link"


def test_who_guesses_is_locked_out_for_a_while_and_others_are_not(
    post: Any, client: FlaskClient, floor: Floor, time: clock.DrivenClock
) -> None:
    path = make_link(post)
    here = {"REMOTE_ADDR": "192.0.2.1"}
    for number in range(20):
        assert client.get(f"/r/guess-{number}", environ_overrides=here).status_code == 404
    locked = client.get(path, environ_overrides=here)
    assert (locked.status_code, "Too many" in locked.text or "หลายครั้ง" in locked.text) == (
        429,
        True,
    )
    assert client.get(path, environ_overrides={"REMOTE_ADDR": "192.0.2.2"}).status_code == 200
    assert client.get("/t", environ_overrides=here).status_code == 200
    time.advance(minutes=16)
    assert client.get(path, environ_overrides=here).status_code == 200


def test_what_ended_long_ago_is_forgotten(
    post: Any, client: FlaskClient, floor: Floor, time: clock.DrivenClock
) -> None:
    client.get(make_link(post, days=1))
    time.advance(days=90)
    for left in (1, 0):
        with floor.db.write() as session:
            links.forget(session, clock.now())
        with floor.db.read() as session:
            assert len(links.made(session)) == left
        time.advance(days=2)
    with floor.db.read() as session:
        assert session.scalars(sa.select(LinkVisitor)).all() == []


def test_files_go_with_the_last_link_that_opens_them(
    post: Any, client: FlaskClient, floor: Floor, time: clock.DrivenClock
) -> None:
    one, other = make_link(post, form=["csv"], days=2), make_link(post, form=["csv", "xlsx"])
    for path in (f"{one}/csv", f"{other}/csv", f"{other}/xlsx"):
        assert client.get(path).status_code == 200
    assert kept(floor) == ["csv", "xlsx"]
    with floor.db.read() as session:
        newest = links.made(session)[0]
    post(f"/reports/links/{newest.id}/revoke")
    assert kept(floor) == ["csv"], "the other link opens that"
    time.advance(days=2)
    with floor.db.write() as session:
        links.forget(session, clock.now())
    assert kept(floor) == []


def kept(floor: Floor) -> list[str]:
    """The forms of the files that are kept."""
    with floor.db.read() as session:
        return list(session.scalars(sa.select(LinkFile.form).order_by(LinkFile.form)))


def test_the_report_offers_to_be_handed_out(get: Any, floor: Floor) -> None:
    played(floor)
    assert 'href="/reports/links?report=2026-11-20"' in get(f"/reports/day/{DAY}").text
    assert "/reports/links" not in get(f"/reports/day/{DAY}", Role.SUPERVISOR).text
    page = get("/reports/links?report=2026-09-01&lang=en").text
    assert '<option value="2026-09-01" selected>' in page
