"""The download of the open data, for those who answer for the figures."""

from flask import Blueprint, Response

from hotline import clock
from hotline.auth import Role, access
from hotline.errors import Invalid, NotFound
from hotline.web import floor, language
from reports.figures import Span
from reports.open_data import package
from reports.open_data.service import Publisher
from reports.publishing import parse_month

blueprint = Blueprint("open_data", __name__)


@blueprint.get("/reports/<any(month, year):kind>/<name>/open-data.zip")
@access(Role.MANAGER, Role.ADMINISTRATOR)
def file(kind: str, name: str) -> Response:
    """Send the open data of a month (2026-11) or of a Thai fiscal year (2570)."""
    span = _span(kind, name)
    with floor().db.read() as session:
        files = Publisher.of(floor()).files(session, span, language(), now=clock.now())
    answer = Response(package.zipped(files), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="open-data-{name}.zip"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _span(kind: str, name: str) -> Span:
    try:
        if kind == "year":
            return Span.of_fiscal_year(int(name))
        month = parse_month(name)
    except (ValueError, OverflowError, Invalid) as error:
        raise NotFound(name) from error
    return Span.of_month(month.year, month.month)
