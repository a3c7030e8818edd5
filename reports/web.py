"""The pages and files of the reports: a day, a month, a Thai fiscal year.

Every number on a page is the sum of the rows of the CSV beside it, and leads to the list of its
calls.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from urllib.parse import urlencode

from flask import Response, current_app, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from hotline import clock, i18n
from hotline.auth import Role, access, current_account
from hotline.errors import NotFound
from hotline.web import floor, language, shared, static_blueprint, t
from ivr.config import Ivr
from reports import board, export, service, source
from reports.catalogue import CATALOGUE
from reports.config import Reports
from reports.figures import Span
from reports.metrics import METRICS, Metric
from reports.printed.printer import Printer
from reports.service import Counted, How
from reports.today import Today
from reports.view import Line, Period, Report, chart, report

blueprint = static_blueprint("reports", __file__)
readers = access(Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)

#: The columns of the tables, in order; the definitions under a report are those of its columns.
COLUMNS = (
    "calls",
    "not_queued",
    "offered",
    "answered",
    "answered_in_threshold",
    "abandoned",
    "short_abandoned",
    "service_level",
    "average_wait",
    "wait_answered_max_ms",
    "average_talk",
    "average_wrap_up",
)
#: The large figures at the top.
HEADLINES = ("calls", "answered", "abandoned", "service_level", "average_wait", "average_handling")
#: Stand for the configured limits, in seconds.
THRESHOLD, SHORT = "{threshold:g}", "{short:g}"
#: What the list of calls must be asked for to show the calls of a number; a rate leads to the
#: calls it is taken over.
CALLS_BEHIND: Mapping[str, Mapping[str, str]] = {
    "calls": {"outcome": "incoming"},
    "not_queued": {"outcome": "not_queued"},
    "offered": {"outcome": "queued"},
    "answered": {"outcome": "answered"},
    "answered_in_threshold": {"outcome": "answered", "within": THRESHOLD},
    "abandoned": {"outcome": "abandoned"},
    "short_abandoned": {"outcome": "abandoned", "within": SHORT},
    "left_queue": {"outcome": "left"},
    "callbacks": {"outcome": "callback"},
    "callbacks_reached": {"outcome": "called_back"},
    "outgoing": {"outcome": "outgoing"},
    "service_level": {"outcome": "queued"},
    "average_wait": {"outcome": "answered"},
    "wait_answered_max_ms": {"outcome": "answered"},
    "average_talk": {"outcome": "answered"},
    "average_hold": {"outcome": "answered"},
    "average_wrap_up": {"outcome": "answered"},
    "average_handling": {"outcome": "answered"},
}


# ---------------------------------------------------------------- addresses


@blueprint.get("/reports")
@readers
def today() -> BaseResponse:
    """Today, so far."""
    return redirect(Period.day(_today()).path)


@blueprint.get("/reports/go")
@readers
def go() -> BaseResponse:
    """The day that was picked in the form."""
    return redirect(_day(request.args.get("day", "")).path)


@blueprint.get("/reports/day/<name>")
@readers
def day(name: str) -> BaseResponse | str:
    return _answer(name, _day)


@blueprint.get("/reports/month/<name>")
@readers
def month(name: str) -> BaseResponse | str:
    return _answer(name, _month)


@blueprint.get("/reports/year/<name>")
@readers
def year(name: str) -> BaseResponse | str:
    return _answer(name, _year)


@blueprint.get("/reports/definitions")
@readers
def definitions() -> str:
    """What every number means."""
    return render_template(
        "reports/definitions.html",
        metrics=CATALOGUE.values(),
        service_level=_section().service_level,
    )


def _today() -> date:
    return clock.local_day(clock.now(), floor().city.zone)


def _section() -> Reports:
    return floor().section(Reports)


def _day(name: str) -> Period:
    try:
        return Period.day(date.fromisoformat(name))
    except ValueError as error:
        raise NotFound(name) from error


def _month(name: str) -> Period:
    try:
        year_, _, month_ = name.partition("-")
        return Period.month(int(year_), int(month_))
    except ValueError as error:
        raise NotFound(name) from error


def _year(name: str) -> Period:
    try:
        return Period.year(int(name))
    except (ValueError, OverflowError) as error:
        raise NotFound(name) from error


def _answer(name: str, parse: Callable[[str], Period]) -> BaseResponse | str:
    if name.endswith(".csv"):
        return _csv(parse(name.removesuffix(".csv")))
    if name.endswith(".pdf"):
        return _pdf(parse(name.removesuffix(".pdf")))
    return _page(parse(name))


def _counted(period: Period, *, by_day: bool, by_month: bool = False) -> Counted:
    with floor().db.read() as session:
        return service.counted(
            session,
            period.first,
            period.last,
            How.of(floor()),
            now=clock.now(),
            by_day=by_day,
            by_month=by_month,
        )


# ---------------------------------------------------------------- the wallboard's part


@blueprint.get("/wallboard/board")
@access(Role.AGENT, Role.SUPERVISOR, Role.MANAGER)
def wallboard() -> BaseResponse:
    """The figures of the wallboard, as a fragment."""
    return shared(board_now)


def board_now() -> Markup:
    """The same, for the page."""
    here, section = floor(), _section()
    with here.db.read() as session:
        found = board.read(
            session,
            _figures_of_today(),
            list(here.section(Ivr).queues),
            section.wallboard,
            section.service_level.formula,
            clock.now(),
        )
    return Markup(  # noqa: S704 - a template escapes
        render_template(
            "reports/board.html",
            board=found,
            threshold=section.service_level.threshold_seconds,
            name_of=lambda row: (
                t("reports.board.floor") if row.id == board.FLOOR else _queue_title(row.id)
            ),
            spoken_title=_spoken_title,
        )
    )


def _figures_of_today() -> Today:
    """One for the process: it remembers what has been counted."""
    known: Today = current_app.extensions.setdefault("reports.today", Today(How.of(floor())))
    return known


def _spoken_title(code: str | None) -> str:
    """A language that callers speak, by its own name."""
    known = floor().section(Ivr).languages.get(code or "")
    return known.title if known else _language_title(code or "")


# ---------------------------------------------------------------- the page


def _page(period: Period) -> str:
    counted = _counted(period, by_day=period.kind != "day", by_month=period.kind == "year")
    shown = report(
        period,
        counted.rows,
        zone=floor().city.zone,
        until=_today(),
        service_level=_section().service_level.formula,
    )
    return render_template(
        "reports/report.html",
        report=shown,
        counted=counted,
        imported_from=_imported_from(period),
        sees_imports=current_account().role is not Role.SUPERVISOR,
        chart=chart(shown.by_time, period.slots),
        columns=[METRICS[id_] for id_ in COLUMNS],
        headlines=[METRICS[id_] for id_ in HEADLINES],
        service_level=_section().service_level,
        section=_section(),
        finding=_finding(shown, counted),
        title=_title(period),
        title_of=_title,
        today=Period.day(_today()),
        show=_show,
        value=_value,
        calls_behind=_calls_behind,
        time_label=_time_label,
        chart_label=_chart_label,
        begun=_begun,
        days=_days,
        narrower=_narrower,
        short_name=_short_name,
        queue_title=_queue_title,
        language_title=_language_title,
    )


def _imported_from(period: Period) -> list[str]:
    """The old exchanges some of whose calls a report may count."""
    zone = floor().city.zone
    start, end = clock.midnight(period.first, zone), clock.day_bounds(period.last, zone)[1]
    with floor().db.read() as session:
        return source.imported_from(session, start, end)


def _title(period: Period) -> str:
    if period.kind == "day":
        return f"{i18n.weekday(period.first, language())} {i18n.day(period.first, language())}"
    if period.kind == "month":
        return i18n.month(period.first, language())
    return t("reports.fiscal_year", year=period.fiscal_year, gregorian=period.last.year)


def _finding(shown: Report, counted: Counted) -> str:
    """The report in one sentence: what it says, not what it is."""
    counters, rates = shown.total.counters, shown.total.rates
    if counters.calls == 0:
        nothing = counted.live_days or counted.counted_at
        return t("reports.finding_none" if nothing else "reports.finding_not_counted")
    calls = i18n.number(counters.calls, language())
    if rates.answer_rate is None:
        return t("reports.finding_no_queue", calls=calls)
    return t(
        "reports.finding",
        calls=calls,
        answered=i18n.number(counters.answered_on_line, language()),
        settled=i18n.number(counters.settled, language()),
        share=i18n.percent(rates.answer_rate, language()),
        threshold=f"{_section().service_level.threshold_seconds:g}",
        level=i18n.percent(rates.service_level, language()),
    )


def _value(line: Line, metric: Metric) -> float | None:
    """The number of `metric` in a line; a maximum over no call is empty, not zero."""
    if metric.is_rate:
        found: float | None = getattr(line.rates, metric.id)
        return found
    number: int = getattr(line.counters, metric.id)
    return None if metric.unit == "milliseconds" and number == 0 else number


def _show(line: Line, metric: Metric) -> str:
    """The number of `metric` in a line, for a reader."""
    number = _value(line, metric)
    if metric.unit == "share":
        return i18n.percent(number, language())
    if metric.unit == "milliseconds":
        return i18n.duration(None if number is None else number / 1000)
    return i18n.number(number, language())


def _short_name(metric: Metric) -> str:
    """The head of a column: the definitions below the tables have the whole name beside it."""
    key = f"reports.head.{metric.id}"
    return t(key) if key in floor().texts else metric.name[language()]


def _calls_behind(line: Line, metric: Metric) -> str | None:
    """The address of the list of calls that a number is made of; None where there is none."""
    number = _value(line, metric)
    if metric.id not in CALLS_BEHIND or number is None or (number == 0 and not metric.is_rate):
        return None
    limits = {
        "threshold": _section().service_level.threshold_seconds,
        "short": _section().short_abandon_seconds,
    }
    asked = {name: text.format(**limits) for name, text in CALLS_BEHIND[metric.id].items()}
    return "/calls?" + urlencode({**line.calls, **asked})


def _time_label(period: Period, line: Line) -> str:
    if isinstance(line.key, datetime):
        return i18n.time_of_day(line.key, floor().city.zone)
    assert isinstance(line.key, date)
    if period.kind == "month":
        return i18n.short_day(line.key, language())
    return i18n.month(line.key, language())


def _begun(line: Line) -> bool:
    """Whether a line's time has come: an hour to come has no calls, not zero."""
    return not isinstance(line.key, datetime) or line.key <= clock.now()


def _chart_label(period: Period, line: Line) -> str:
    """The label under a bar, as short as can be."""
    if isinstance(line.key, datetime):
        return f"{clock.local(line.key, floor().city.zone):%H}"
    assert isinstance(line.key, date)
    if period.kind == "month":
        return str(line.key.day)
    return i18n.short_day(line.key, language()).partition(" ")[2]


def _days(days: Iterable[date]) -> str:
    return i18n.days(days, language())


def _narrower(period: Period, line: Line) -> str | None:
    """The report of the day or the month that a line of the time table stands for."""
    if isinstance(line.key, datetime) or not isinstance(line.key, date):
        return None
    if period.kind == "month":
        return Period.day(line.key).path
    return Period.month(line.key.year, line.key.month).path


def _queue_title(queue: str) -> str:
    if not queue:
        return t("reports.no_queue")
    known = floor().section(Ivr).queues.get(queue)
    return known.title.for_(language()) if known else queue


def _language_title(code: str) -> str:
    return i18n.language_name(code, language()) if code else t("reports.no_language")


# ---------------------------------------------------------------- the file


def _csv(period: Period) -> BaseResponse:
    by_day = period.kind != "day"
    rows = _counted(period, by_day=by_day).rows
    titles = export.Titles(_queue_title, _language_title)
    if request.args.get("names") == "identifiers":
        text = export.for_programs(rows, titles)
    else:
        text = export.for_readers(rows, titles, by_day=by_day)
    answer = Response(text, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="calls-{period.name}.csv"'
    answer.headers["Content-Language"] = language()
    return answer


# ---------------------------------------------------------------- on paper


def _pdf(period: Period) -> BaseResponse:
    printer = Printer.of(floor(), floor().settings.config.parent)
    with floor().db.read() as session:
        span = Span(period.first, period.last)
        document = printer.document(session, span, language(), now=clock.now())
    answer = Response(printer.pdf_apart(document), mimetype="application/pdf")
    name = f"report-{period.name}-{language()}.pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Content-Language"] = language()
    return answer
