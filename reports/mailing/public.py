"""The pages of people without an account: a report by its link, and the end of a subscription.

The address of a page is what opens it: nobody is told it (no referrer), nothing keeps the page, and
no search engine takes it. Nothing here leads to what needs an account.
"""

from flask import Blueprint, Response, g, make_response, render_template
from werkzeug.wrappers import Response as BaseResponse

from hotline import clock, i18n
from hotline.auth import public
from hotline.errors import HotlineError, Invalid
from hotline.web import floor, network
from reports import here, numerals, periods
from reports import service as counting
from reports.figures import Patterns, figures
from reports.mailing import letters, links, making, service, shelf
from reports.mailing.links import Facts, NoLink
from reports.mailing.page import Page, page
from reports.mailing.rules import Form
from reports.view import report as report_of
from tickets import attempts
from tickets.config import Tickets

#: Its templates are the room's.
blueprint = Blueprint("handed_out", __name__)


class TooManyLinks(Invalid):
    """Too many addresses that nothing has were tried from here."""

    code, status, text = "too-many-links", 429, "reports.mail.too_many"


@blueprint.after_request
def _headers(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    return response


# ---------------------------------------------------------------- a report by its link


@blueprint.get("/r/<token>")
@public
def report(token: str) -> BaseResponse:
    """Show the report of a link, in the link's language."""
    try:
        link = _opened(token, file=False)
    except HotlineError as error:
        return _nothing(error)
    g.language = link.language
    shown = _page(link)
    answer = make_response(
        render_template(
            "reports/handed_out.html",
            link=link,
            token=token,
            page=shown,
            title=letters.title(floor(), link.edition, link.language),
            service_level=here.section().service_level,
            days=lambda days: i18n.days(days, link.language),
            thai_numerals=numerals.wanted(),
        )
    )
    return numerals.written(answer)


@blueprint.get("/r/<token>/<form>")
@public
def file(token: str, form: str) -> BaseResponse:
    """Send the report in one of the link's forms: `pdf`, `xlsx` or `csv`."""
    try:
        link = _opened(token, file=True, form=form)
    except HotlineError as error:
        return _nothing(error)
    wanted = Form(form)
    content = shelf.file(floor(), link.edition, link.language, wanted)
    answer = Response(content, mimetype=wanted.mime)
    name = f"report-{link.edition.name}-{link.language}.{form}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Language"] = link.language
    return answer


def _opened(token: str, *, file: bool, form: str = "") -> Facts:
    """The link of a token, counted. Raises `NoLink`, `LinkOver`, and `TooManyLinks` where too many
    were tried in vain.
    """
    now, key, address = clock.now(), floor().settings.secret_key, network()
    # not the lock of the page of citizens: who mistypes here still follows a ticket there
    from_here = attempts.of_address(f"{key} links to reports", address)
    with floor().db.read() as session:
        if attempts.is_locked(session, from_here, now=now):
            raise TooManyLinks()
    try:
        with floor().db.write() as session:
            link = links.opened_by(session, token, now=now)
            if file and form not in link.forms:
                raise NoLink()
            links.note_opened(session, link.id, key, address, file=file, now=now)
    except NoLink:
        free = floor().section(Tickets).citizens.attempts_of_address
        with floor().db.write() as session:
            attempts.failed(session, from_here, free=free, now=now)
        raise
    return link


def _nothing(error: HotlineError) -> BaseResponse:
    """One page for what was never there, what has expired and what was ended."""
    made = make_response(render_template("reports/handed_out_over.html", error=error))
    made.status_code = error.status
    return made


def _page(link: Facts) -> Page:
    """The link's report in the reader's language, which is the link's."""
    now, how, words, zone = clock.now(), here.how(), here.words(), floor().city.zone
    period = letters.period(link.edition)
    by_day, by_month = period.kind != "day", period.kind == "year"
    with floor().db.read() as session:
        found = figures(session, making.span_of(link.edition), how, now=now)
        rows = counting.counted(
            session, period.first, period.last, how, now=now, by_day=by_day, by_month=by_month
        ).rows
    lines = report_of(period, rows, zone=zone, until=here.day(), service_level=how.formula)
    patterns = Patterns(found.hours, found.tickets_by_area)
    reader = periods.Reader(
        here.painter(), words, zone, how, lambda: periods.shapes(floor().section(Tickets))
    )
    drawn = periods.alone(lines, patterns, reader, now=now)
    return page(link.edition, found, rows, drawn, words)


# ---------------------------------------------------------------- no more mails


@blueprint.get("/unsubscribe/<token>")
@public
def ask_to_stop(token: str) -> BaseResponse:
    """Ask whether a subscription shall end; the button ends it."""
    return _stop_page(token, done=False)


@blueprint.post("/unsubscribe/<token>")
@public
def stop(token: str) -> BaseResponse:
    """End a subscription, also by the one click of a mail program (RFC 8058). Twice is once."""
    if (found := _subscription(token)) is not None:
        with floor().db.write() as session:
            service.stop_by_link(session, found.id, now=clock.now())
    return _stop_page(token, done=True)


def _stop_page(token: str, *, done: bool) -> BaseResponse:
    found = _subscription(token)
    if found is None:
        return _nothing(NoLink())
    g.language = found.wish.language
    return make_response(
        render_template(
            "reports/unsubscribe.html",
            found=found,
            token=token,
            done=done or found.ended_at is not None,
        )
    )


def _subscription(token: str) -> service.Facts | None:
    subscription_id = service.read_token(floor().settings.secret_key, token)
    if subscription_id is None:
        return None
    with floor().db.read() as session:
        return service.find(session, subscription_id)
