"""What is behind a number, as a page and as CSV; and the months as they were published."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import islice
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hotline import clock, i18n
from hotline.auth import Role, access, current_account
from hotline.errors import Invalid, NotFound
from hotline.spreadsheets import BYTE_ORDER_MARK
from hotline.web import floor, language, t
from reports import behind, here, numerals, publishing, shown
from reports.behind import Item, Wanted
from reports.catalogue import CATALOGUE
from reports.metrics import Metric
from reports.service import How
from reports.span import Span
from reports.view import Period
from reports.workbook import BUCKETS

#: Its templates are the room's.
blueprint = Blueprint("figures", __name__)
numerals.on(blueprint)
_readers = access(Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)
#: So many stand on a page.
ON_PAGE = 100
#: The longest span that is asked for at once.
LONGEST = timedelta(days=366)
#: Any, for the names of weekdays.
_MONDAY = date(2024, 1, 1)


# ---------------------------------------------------------------- what is behind a number


class NoDay(Invalid):
    """The address names no day, or one that there is not."""

    code, text = "no-such-day", "reports.behind_no_day"


class NoSpan(Invalid):
    """The days are in the wrong order, or too many."""

    code, text = "no-such-days", "reports.behind_no_span"


class NoNumber(Invalid):
    """There is no such number, or it is not told along what is asked for."""

    code, text = "no-such-number", "reports.behind_no_number"


@blueprint.get("/reports/behind")
@_readers
def page() -> ResponseReturnValue:
    """Show what is counted in a number; without one, ask which. Query: see `_list`."""
    if not set(request.args) - {"lang"}:
        return _ask(None)
    try:
        return _list(_asked())
    except (NoDay, NoSpan, NoNumber) as error:
        return _ask(error), error.status


def _ask(error: Invalid | None) -> str:
    return render_template(
        "reports/behind_ask.html",
        metrics=[each for id_, each in CATALOGUE.items() if id_ not in BUCKETS],
        given=request.args,
        last=here.day() - timedelta(days=1),
        error=error,
    )


def _list(asked: Wanted) -> str:
    """Show what is counted in a number. `metric`, `from`, `until` (ISO days, both included); of
    calls `queue`, `language`, or one of `hour`, `outcome`, `category`, `area`; of tickets
    `category`, `division`, `area`; of units' jobs `unit`. `after`: where the page before ended.
    """
    day, skipped = _after(request.args.get("after", ""))
    with _reading() as (session, how):
        found = behind.behind(session, asked, how, now=clock.now(), since=day)
        items = list(islice(found, skipped, skipped + ON_PAGE + 1))
        whole = behind.number(session, asked, how, now=clock.now())
        outdated = behind.outdated(session, asked, how)
    more = items[ON_PAGE:]
    items = items[:ON_PAGE]
    return render_template(
        "reports/behind.html",
        metric=CATALOGUE[asked.metric],
        asked=asked,
        items=items,
        number=_shown(CATALOGUE[asked.metric], whole),
        narrowed=_narrowed(asked),
        outdated=outdated,
        shown=_shown,
        csv=f"/reports/behind.csv?{urlencode(_arguments(asked))}",
        more=_next(asked, items, day, skipped) if more else None,
    )


@blueprint.get("/reports/behind.csv")
@_readers
def file() -> Response:
    """Send all of the same, one a line, in the number's own unit."""
    asked = _asked()
    text = io.StringIO(BYTE_ORDER_MARK)
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow(("kind", "id", "day", "at", asked.metric))
    zone = floor().city.zone
    with _reading() as (session, how):
        for item in behind.behind(session, asked, how, now=clock.now()):
            at = clock.local(item.at, zone).isoformat(timespec="seconds")
            writer.writerow((item.kind, item.id, item.day, at, item.adds))
    answer = Response(text.getvalue(), mimetype="text/csv")
    name = f"{asked.metric}-{asked.span.first}-{asked.span.last}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _asked() -> Wanted:
    given = request.args
    first, last = _day(given.get("from", "")), _day(given.get("until", ""))
    if not timedelta(0) <= last - first < LONGEST:
        raise NoSpan(f"{first} to {last}", longest=LONGEST.days)
    groups = (behind.OF_CALLS, behind.OF_TICKETS, behind.OF_JOBS, behind.TOPICS, (behind.WEEKDAY,))
    names = {name for group in groups for name in group}
    by = {name: given[name] for name in sorted(names) if name in given}
    try:
        return behind.wanted(given.get("metric", ""), Span(first, last), by)
    except Invalid as error:
        raise NoNumber(error.detail) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NoDay(f"{text!r} is no day") from error


def _after(text: str) -> tuple[date | None, int]:
    """The day to go on with, and how many of it have been shown."""
    if not text:
        return None, 0
    day, _, number = text.partition(".")
    if not number.isdecimal() or len(number) > 9:
        raise Invalid(text)
    return _day(day), int(number)


def _next(asked: Wanted, items: list[Item], day: date | None, skipped: int) -> str:
    last = items[-1].day
    shown = sum(item.day == last for item in items) + (skipped if last == day else 0)
    after = {"after": f"{last}.{shown}"}
    return f"/reports/behind?{urlencode({**_arguments(asked), **after})}"


def _arguments(asked: Wanted) -> dict[str, str]:
    days = {"from": asked.span.first.isoformat(), "until": asked.span.last.isoformat()}
    return {"metric": asked.metric, **days, **asked.by}


def _shown(metric: Metric, value: int | None) -> str:
    if metric.unit == "milliseconds":
        return i18n.duration(None if value is None else value / 1000)
    return i18n.number(value, language())


def _narrowed(asked: Wanted) -> list[str]:
    words = here.words()
    titles: dict[str, Callable[[str], str]] = {
        "queue": words.queue,
        "language": words.spoken,
        "outcome": words.outcome,
        "category": words.category,
        "division": words.division,
        "area": words.area,
        "hour": lambda hour: f"{hour}:00",
        "unit": str,
        behind.WEEKDAY: lambda day: i18n.weekday(
            _MONDAY + timedelta(days=int(day) - 1), language()
        ),
    }
    return [titles[name](key) for name, key in asked.by.items()]


@contextmanager
def _reading() -> Iterator[tuple[Session, How]]:
    with floor().db.read() as session:
        yield session, here.how()


# ---------------------------------------------------------------- published months


@blueprint.get("/reports/month/<name>/published")
@_readers
def published(name: str) -> str:
    """Show a month as it was published, and what is another number today; or the button."""
    month = _month(name)
    with _reading() as (session, how):
        found = publishing.publication(session, month)
        now = clock.now()
        differs = publishing.beside(session, found, how, now=now) if found else []
    others = {each.id: each for each in differs}
    return render_template(
        "reports/published.html",
        period=Period.month(month.year, month.month),
        found=found,
        differs=others,
        last=Span.of_month(month.year, month.month).last,
        metrics=[
            CATALOGUE[id_]
            # what is another one today is read first
            for id_ in sorted(found.metrics if found else (), key=lambda id_: id_ not in others)
            if id_ in CATALOGUE and id_ not in BUCKETS
        ],
        value=lambda metric, value: shown.written(metric, value, language()),
        waits_for=None if found else _waits_for(month),
        may_publish=current_account().role is Role.MANAGER,
    )


def _waits_for(month: date) -> str | None:
    """Why it cannot be published yet, in words."""
    with _reading() as (session, how):
        missing = publishing.waits_for(session, month, how, now=clock.now())
    if missing is None:
        return None
    last = i18n.day(missing.until, language())
    return t(f"reports.publish_waits_{missing.why}", day=last)


@blueprint.post("/reports/month/<name>/publish")
@access(Role.MANAGER)
def publish(name: str) -> BaseResponse:
    """Publish a month: once, and for good. It is written into the audit log."""
    month = _month(name)
    with floor().db.write() as session:
        how, now = here.how(), clock.now()
        publishing.publish(session, month, how, by=current_account(), now=now)
    return redirect(f"/reports/month/{month:%Y-%m}/published", 303)


def _month(name: str) -> date:
    try:
        return publishing.parse_month(name)
    except Invalid as error:
        raise NotFound(name) from error
