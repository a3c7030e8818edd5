"""The download of the open data, for those who answer for the figures."""

from flask import Blueprint, Response

from hotline import clock
from hotline.auth import Role, access
from hotline.errors import Invalid, NotFound
from hotline.web import floor, language
from reports.open_data import package
from reports.open_data.service import Publisher
from reports.publishing import parse_month
from reports.span import Span

blueprint = Blueprint("open_data", __name__)


_publishers = access(Role.MANAGER, Role.ADMINISTRATOR)


@blueprint.get("/reports/month/<name>/open-data.zip")
@_publishers
def month(name: str) -> Response:
    """Send the open data of a month (2026-11)."""
    try:
        first = parse_month(name)
    except Invalid as error:
        raise NotFound(name) from error
    return _file(f"{first:%Y-%m}", Span.of_month(first.year, first.month))


@blueprint.get("/reports/year/<name>/open-data.zip")
@_publishers
def year(name: str) -> Response:
    """Send the open data of a Thai fiscal year (2570)."""
    try:
        number = int(name)
        span = Span.of_fiscal_year(number)
    except (ValueError, OverflowError) as error:
        raise NotFound(name) from error
    return _file(str(number), span)


def _file(name: str, span: Span) -> Response:
    with floor().db.read() as session:
        files = Publisher.of(floor()).files(session, span, language(), now=clock.now())
    answer = Response(package.zipped(files), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="open-data-{name}.zip"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
