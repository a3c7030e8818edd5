"""The page where the reports begin: the hotline now, today so far, the last weeks."""

from datetime import datetime
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.web import floor, fragment, shared, t
from ivr.config import Ivr
from reports import board, dashboard, here, labels, numerals
from reports.dashboard import SoFar
from reports.headlines import Writer
from reports.pictures import Picture
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
    now, how = clock.now(), here.how()
    today = Period.day(here.day())
    with floor().db.read() as session:
        found = dashboard.so_far(session, here.figures_of_today(), how, now=now)
        pictures = _pictures(session, found, now)
        values = _now(session, found, now)
    title = labels.title(today, here.words())
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


@blueprint.get("/reports/now/charts")
@_readers
def drawn() -> BaseResponse:
    """Send the charts, as a fragment: the same for every reader of a language."""
    return shared(_drawn)


def _drawn() -> str:
    now = clock.now()
    with floor().db.read() as session:
        found = dashboard.so_far(session, here.figures_of_today(), here.how(), now=now)
        pictures = _pictures(session, found, now)
    return render_template("reports/_drawn.html", **pictures)


def _pictures(session: Session, found: SoFar, now: datetime) -> dict[str, Picture | int | None]:
    how, words, painter = here.how(), here.words(), here.painter()
    hours = dashboard.hours(session, found, words, how, now=now)
    weeks = dashboard.weeks(session, found.report.period.first, words, how)
    (before,) = found.against
    names = (t("reports.today"), labels.title(before.stretch.period, words))
    return {
        "hours": painter.versus(hours, names=names),
        "weeks": painter.trend(weeks, unit="week"),
        "level": painter.level(weeks, unit="week"),
        "outdated": dashboard.outdated(session, found.report.period.first, how),
    }


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
        "day": found.report.period.name,
        "board": seen,
        "headlines": writer.headlines(found.report.total, found.against),
        "bases": writer.bases(found.against),
        "floor_page": _FLOOR.get(role),
        "callbacks_page": "/callbacks" if role is Role.SUPERVISOR else None,
    }
