"""The page where the reports begin: the hotline now, today so far, the last weeks."""

from datetime import datetime
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.web import floor, fragment, t
from ivr.config import Ivr
from reports import board, dashboard, here, labels, numerals
from reports.dashboard import SoFar
from reports.headlines import Writer
from reports.view import Period

#: Its templates are the room's.
blueprint = Blueprint("dashboard", __name__)
numerals.on(blueprint)
_readers = access(Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)
#: Who may open the page that shows who waits and who is ready.
_FLOOR = {Role.SUPERVISOR: "/floor", Role.MANAGER: "/wallboard"}


@blueprint.get("/reports", strict_slashes=False)
@_readers
def page() -> str:
    """Show how it is now, today against the same weekday a week before, and the last weeks."""
    now, how, words, painter = clock.now(), here.how(), here.words(), here.painter()
    today = Period.day(here.day())
    with floor().db.read() as session:
        found = dashboard.so_far(session, here.figures_of_today(), how, now=now)
        by_hour = dashboard.hours(session, found, words, how, now=now)
        weeks = dashboard.weeks(session, today.first, words, how)
        values = _now(session, found, now)
    (before,) = found.against
    names = (t("reports.today"), labels.title(before.stretch.period, words))
    pictures = {
        "hours": painter.versus(by_hour, names=names),
        "weeks": painter.trend(weeks, unit="week"),
        "level": painter.level(weeks, unit="week"),
    }
    title = labels.title(today, words)
    return render_template("reports/dashboard.html", today=today, title=title, **pictures, **values)


@blueprint.get("/reports/now")
@_readers
def so_far() -> BaseResponse:
    """Send what changes while somebody looks, as a fragment."""
    now = clock.now()
    with floor().db.read() as session:
        found = dashboard.so_far(session, here.figures_of_today(), here.how(), now=now)
        values = _now(session, found, now)
    return fragment("reports/_now.html", **values)


def _now(session: Session, found: SoFar, now: datetime) -> dict[str, Any]:
    section, words = here.section(), here.words()
    seen = board.read(
        session,
        found.cells,
        list(floor().section(Ivr).queues),
        section.wallboard,
        section.service_level.formula,
        now,
    )
    writer = Writer(
        words,
        floor().city.zone,
        threshold=section.service_level.threshold_seconds,
        short=section.short_abandon_seconds,
    )
    role = current_account().role
    return {
        "board": seen,
        "headlines": writer.headlines(found.report.total, found.against),
        "bases": writer.bases(found.against),
        "floor_page": _FLOOR.get(role),
        "callbacks_page": "/callbacks" if role is Role.SUPERVISOR else None,
    }
