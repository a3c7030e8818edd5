"""The pages and files of the reports: a day, a month, a Thai fiscal year.

Every number on a page is the sum of the rows of the CSV beside it, and leads to the list of its
calls.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from functools import partial

from flask import Response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hotline import clock, i18n
from hotline.auth import Role, access, current_account
from hotline.errors import NotFound
from hotline.web import floor, language, static_blueprint, t
from reports import export, here, labels, numerals, periods, service, shown
from reports.catalogue import CATALOGUE
from reports.headlines import Writer
from reports.meanings import METRICS
from reports.metrics import Metric
from reports.printed.printer import Printer
from reports.service import Counted
from reports.span import Span
from reports.untold import of_days
from reports.view import Line, Period, Report, report, unknown
from tickets.config import Tickets

blueprint = static_blueprint("reports", __file__)
numerals.on(blueprint)
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


# ---------------------------------------------------------------- addresses


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
        service_level=here.section().service_level,
    )


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


def _counted(
    session: Session, period: Period, facts: service.LiveFacts | None = None, *, by_month: bool
) -> Counted:
    return service.counted(
        session,
        period.first,
        period.last,
        here.how(),
        now=clock.now(),
        by_day=period.kind != "day",
        by_month=by_month,
        facts=facts,
    )


# ---------------------------------------------------------------- the page


def _page(period: Period) -> str:
    now, words, section = clock.now(), here.words(), here.section()
    zone, limits = floor().city.zone, section.service_level
    reader = periods.Reader(
        here.painter(), words, zone, here.how(), lambda: periods.shapes(floor().section(Tickets))
    )
    with floor().db.read() as session:
        facts = _live(session, period, now)
        counted = _counted(session, period, facts, by_month=period.kind == "year")
        untold = of_days(session, period.first, period.last, here.how())
        shown_ = report(
            period,
            counted.rows,
            zone=zone,
            until=here.day(),
            service_level=limits.formula,
            untold=untold,
        )
        if not (known := _is_known(counted)):
            shown_ = unknown(shown_)
        beside = periods.beside(session, shown_, reader, now=now, facts=facts)
    writer = Writer(
        words, zone, threshold=limits.threshold_seconds, short=section.short_abandon_seconds
    )
    return render_template(
        "reports/report.html",
        report=shown_,
        period=period,
        counted=counted,
        imported_from=sorted({each.source for each in untold.tellers}),
        untold=[
            (source, ", ".join(CATALOGUE[each].name[language()] for each in groups))
            for source, groups in untold.by_source()
        ],
        sees_imports=current_account().role is not Role.SUPERVISOR,
        known=known,
        beside=beside,
        headlines=writer.headlines(shown_.total, beside.against),
        bases=writer.bases(beside.against),
        columns=[METRICS[id_] for id_ in COLUMNS],
        service_level=limits,
        section=section,
        finding=_finding(shown_, counted),
        title_of=lambda each: labels.title(each, words),
        today=Period.day(here.day()),
        show=_show,
        calls_behind=_calls_behind,
        time_label=lambda line: labels.of_part(period, line.key, words, zone),
        told=partial(_told, {*counted.missing_days, *counted.unknown_days}),
        days=_days,
        narrower=_narrower,
        short_name=_short_name,
        queue_title=words.queue,
        language_title=words.spoken,
    )


def _is_known(counted: Counted) -> bool:
    """Whether a day of it was counted, be it while the reader waits."""
    return bool(counted.live_days or counted.counted_at)


def _live(session: Session, period: Period, now: datetime) -> service.LiveFacts:
    """What is counted while somebody waits; this day as the wallboard has it."""
    today, known = here.day(), {}
    if period.first <= today <= period.last:
        known[today] = here.figures_of_today().cells(session, now)
    return service.LiveFacts(session, here.how(), known)


def _finding(shown: Report, counted: Counted) -> str:
    """The report in one sentence: what it says, not what it is."""
    counters, rates = shown.total.counters, shown.total.rates
    if counters.calls == 0:
        return t("reports.finding_none" if _is_known(counted) else "reports.finding_not_counted")
    calls = _capital(labels.counted(here.words(), "calls", counters.calls))
    if rates.answer_rate is None:
        none_queued = not counters.offered and not counters.callbacks
        finding = "reports.finding_none_queued" if none_queued else "reports.finding_no_queue"
        return t(finding, calls=calls)
    return t(
        "reports.finding",
        calls=calls,
        answered=i18n.number(counters.answered_on_line, language()),
        settled=i18n.number(counters.settled, language()),
        share=i18n.percent(rates.answer_rate, language()),
        threshold=f"{here.section().service_level.threshold_seconds:g}",
        level=i18n.percent(rates.service_level, language()),
    )


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _show(line: Line, metric: Metric) -> str:
    return shown.written(metric, shown.value(line, metric), language())


def _short_name(metric: Metric) -> str:
    """The head of a column: the definitions below the tables have the whole name beside it."""
    key = f"reports.head.{metric.id}"
    return t(key) if key in floor().texts else metric.name[language()]


def _calls_behind(line: Line, metric: Metric) -> str | None:
    return shown.calls_behind(
        line,
        metric,
        threshold=here.section().service_level.threshold_seconds,
        short=here.section().short_abandon_seconds,
    )


def _told(unknown: Collection[date], period: Period, line: Line) -> bool:
    """Whether anything is known of a line: an hour to come has no calls, not zero, nor has a day or
    month that nobody counted.
    """
    if isinstance(line.key, datetime):
        return line.key <= clock.now() and period.first not in unknown
    assert isinstance(line.key, date)
    first, today = line.key, here.day()
    last = Span.of_month(first.year, first.month).last if period.kind == "year" else first
    days = {*service.days_between(first, min(last, today))}
    return not days <= {*unknown}


def _days(days: Iterable[date]) -> str:
    return i18n.days(days, language())


def _narrower(period: Period, line: Line) -> str | None:
    """The report of the day or the month that a line of the time table stands for."""
    if isinstance(line.key, datetime) or not isinstance(line.key, date):
        return None
    if period.kind == "month":
        return Period.day(line.key).path
    return Period.month(line.key.year, line.key.month).path


# ---------------------------------------------------------------- the file


def _csv(period: Period) -> BaseResponse:
    with floor().db.read() as session:
        rows = _counted(session, period, by_month=False).rows
        untold = of_days(session, period.first, period.last, here.how())
    words = here.words()
    titles = export.Titles(words.queue, words.spoken)
    if request.args.get("names") == "identifiers":
        text = export.for_programs(rows, titles, untold)
    else:
        text = export.for_readers(rows, titles, untold, by_day=period.kind != "day")
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
