"""The pages of those with an account: which reports one gets, who gets them, and links."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import access, current_account
from hotline.config import READER_LANGUAGES
from hotline.errors import HotlineError, Invalid
from hotline.notices.service import email_of
from hotline.people.service import LARGEST_ID
from hotline.web import floor, is_secure, language, set_cookie
from reports.config import Reports
from reports.mailing import letters, links, rules, service
from reports.mailing.config import Mailing
from reports.mailing.links import LinkOver, NoLink, Wanted
from reports.mailing.rules import MANAGES, READERS, Edition, Form, Kind
from reports.mailing.service import Wish

#: Its templates are the room's.
blueprint = Blueprint("mailing", __name__)
_ID = f"<int(max={LARGEST_ID}):number>"
#: So many days, months and fiscal years back are offered for a link.
_BACK: Mapping[Kind, int] = {Kind.MONTH: 13, Kind.YEAR: 5, Kind.DAY: 14}
#: Seconds in which the browser goes from the answer that made a link to the page that shows it.
SHOWN_WITHIN = 60


class NoSuchReport(Invalid):
    """The form names no report, or one that has not begun."""

    code, text = "no-such-report", "reports.mail.no_such_report"


def _config() -> Mailing:
    return floor().section(Reports).mailing


def _wish(form: Mapping[str, Any], names: list[str]) -> Wish:
    asked = str(form.get("language", ""))
    return Wish(asked if asked in READER_LANGUAGES else language(), service.forms_of(names))


def _name(edition: Edition) -> str:
    return letters.title(floor(), edition, language())


def _named(period: str) -> str:
    return _name(Edition.named(period))


# ---------------------------------------------------------------- one's own


@blueprint.get("/me/reports")
@access(*READERS)
def own() -> str:
    """Which reports one gets by e-mail. Query: `done`."""
    with floor().db.read() as session:
        mine = service.own(session, current_account().id)
        email = email_of(session, current_account().id)
        mails = service.last_mails(session, [each.id for each in mine.values()])
    return render_template(
        "reports/mail_own.html",
        mine=mine,
        email=email,
        mails=mails,
        kinds=list(Kind),
        forms=list(Form),
        languages=READER_LANGUAGES,
        at=f"{_config().at:%H:%M}",
        mails_go=bool(floor().settings.smtp_url),
        named=_named,
        done=request.args.get("done") == "1",
    )


@blueprint.post("/me/reports")
@access(*READERS)
def choose() -> Response:
    """Form: for each of `day`, `month`, `year`: `KIND` (set: wanted), `KIND.language`, `KIND.form`
    (several).
    """
    form, now = request.form, clock.now()
    with floor().db.write() as session:
        for kind in Kind:
            asked = {"language": form.get(f"{kind}.language", "")}
            wish = _wish(asked, form.getlist(f"{kind}.form")) if form.get(kind) else None
            service.choose(session, current_account(), kind, wish, now=now)
    return redirect(url_for("mailing.own", done="1"), 303)


@blueprint.post(f"/me/reports/{_ID}/resume")
@access(*READERS)
def resume_own(number: int) -> Response:
    """Have one's own mails sent again, after the address was put right."""
    with floor().db.write() as session:
        found = service.find(session, number)
        if found is None or found.account_id != current_account().id:
            raise service.NoSubscription()
        service.resume(session, number, now=clock.now())
    return redirect(url_for("mailing.own", done="1"), 303)


# ---------------------------------------------------------------- everybody's


@blueprint.get("/reports/mailing")
@access(*MANAGES)
def everybodys() -> str:
    """Who gets which report, and what did not go. Query: `done`."""
    return _everybodys(None)


def _everybodys(error: HotlineError | None) -> str:
    with floor().db.read() as session:
        found = service.all_of(session)
        mails = service.last_mails(session, [each.id for each in found])
        stuck = service.not_sent(session)
    known = {each.id: each for each in found}
    return render_template(
        "reports/mail_all.html",
        found=found,
        mails=mails,
        stuck=[(each, known.get(each.subscription_id)) for each in stuck],
        kinds=list(Kind),
        forms=list(Form),
        languages=READER_LANGUAGES,
        at=f"{_config().at:%H:%M}",
        mails_go=bool(floor().settings.smtp_url),
        named=_named,
        error=error,
        typed=request.form,
        typed_forms=request.form.getlist("form") if error else ["pdf"],
        done=request.args.get("done") == "1",
    )


@blueprint.post("/reports/mailing")
@access(*MANAGES)
def enter() -> ResponseReturnValue:
    """Form: `email`, `kind`, `language`, `form` (several), `reason`."""
    form = request.form
    try:
        kind = Kind(form.get("kind", "")) if form.get("kind") in set(Kind) else Kind.DAY
        with floor().db.write() as session:
            service.enter(
                session,
                form.get("email", ""),
                kind,
                _wish(form, form.getlist("form")),
                reason=form.get("reason", ""),
                by=current_account(),
                now=clock.now(),
            )
    except HotlineError as error:
        return _everybodys(error), error.status
    return redirect(url_for("mailing.everybodys", done="1"), 303)


@blueprint.post(f"/reports/mailing/{_ID}/stop")
@access(*MANAGES)
def stop(number: int) -> Response:
    """End somebody's subscription; written into the audit log."""
    with floor().db.write() as session:
        service.stop(session, number, by=current_account(), now=clock.now())
    return redirect(url_for("mailing.everybodys", done="1"), 303)


@blueprint.post(f"/reports/mailing/{_ID}/resume")
@access(*MANAGES)
def resume(number: int) -> Response:
    """Try an address again that the mail server refused."""
    with floor().db.write() as session:
        service.resume(session, number, now=clock.now())
    return redirect(url_for("mailing.everybodys", done="1"), 303)


# ---------------------------------------------------------------- links


@blueprint.get("/reports/links")
@access(*MANAGES)
def all_links() -> Response:
    """The links that were made, and the form for another. Query: `report` (2026-10), `done`. Whose
    browser has just been told a token is shown it, once.
    """
    made = make_response(_links(address=_new_address()))
    if _new_link() in request.cookies:
        made.delete_cookie(_new_link(), secure=is_secure(floor()), httponly=True, samesite="Lax")
    return made


def _new_link() -> str:
    """The name of the cookie by which a new link's token gets from the answer that made it to the
    page that shows it: kept nowhere else.
    """
    return "__Host-hotline_new_link" if is_secure(floor()) else "hotline_new_link"


def _new_address() -> str:
    """The address of the link that the reader has just made; empty: of none. A cookie that somebody
    else has put there is no link of theirs.
    """
    token = request.cookies.get(_new_link(), "")
    if not token:
        return ""
    try:
        with floor().db.read() as session:
            link = links.opened_by(session, token, now=clock.now())
    except (NoLink, LinkOver):
        return ""
    return floor().url(f"/r/{token}") if link.made_by == current_account().username else ""


def _links(error: HotlineError | None = None, address: str = "") -> str:
    now, asked = clock.now(), request.args.get("report", "")
    with floor().db.read() as session:
        made = links.made(session)
    return render_template(
        "reports/links.html",
        made=made,
        offered=_offered(asked),
        chosen=request.form.get("report", asked),
        name=_name,
        forms=list(Form),
        languages=READER_LANGUAGES,
        days=_config().link_days,
        longest=_config().longest_link_days,
        opens=lambda link: link.opens(now),
        error=error,
        address=address,
        typed=request.form if error else {},
        typed_forms=request.form.getlist("form") if error else list(Form),
        done=request.args.get("done") == "1",
    )


def _offered(asked: str) -> list[Edition]:
    """What a link can be made for by one choice, and what the address asks for."""
    today = clock.local_day(clock.now(), floor().city.zone)
    found: list[Edition] = []
    for kind, number in _BACK.items():
        each = Edition.holding(kind, today)
        for _ in range(number):
            found.append(each)
            each = Edition.holding(kind, each.first - timedelta(days=1))
    try:
        wanted = _edition(asked)
    except NoSuchReport:
        return found
    return found if wanted in found else [wanted, *found]


def _edition(name: str) -> Edition:
    """A report that has begun; raises `NoSuchReport`."""
    try:
        edition = Edition.named(name)
        if rules.has_begun(edition, now=clock.now(), zone=floor().city.zone):
            return edition
    except (ValueError, OverflowError):
        pass
    raise NoSuchReport()


@blueprint.post("/reports/links")
@access(*MANAGES)
def make_link() -> ResponseReturnValue:
    """Form: `report` (2026-11-20, 2026-11, 2570), `language`, `form` (several), `note`, `days`. It
    leads to the page that shows the address once; loading that page again makes no other link.
    """
    form = request.form
    try:
        wish = _wish(form, form.getlist("form"))
        wanted = Wanted(
            _edition(form.get("report", "")),
            wish.language,
            wish.forms,
            form.get("note", ""),
            form.get("days", 0, type=int),
        )
        with floor().db.write() as session:
            now = clock.now()
            token, _ = links.make(session, wanted, _config(), by=current_account(), now=now)
    except HotlineError as error:
        return _links(error), error.status
    answer = redirect(url_for("mailing.all_links"), 303)
    set_cookie(answer, _new_link(), token, httponly=True, seconds=SHOWN_WITHIN)
    return answer


@blueprint.post(f"/reports/links/{_ID}/revoke")
@access(*MANAGES)
def revoke(number: int) -> Response:
    """End a link; written into the audit log."""
    with floor().db.write() as session:
        links.revoke(session, number, by=current_account(), now=clock.now())
    return redirect(url_for("mailing.all_links", done="1"), 303)
