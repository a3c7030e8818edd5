"""`hotline nightly`, `publish`, `report` and `open-data`: the numbers, counted and told."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hotline import clock
from hotline.commands.base import add as add_command
from hotline.commands.base import add_place, opened
from hotline.errors import Invalid
from hotline.languages import READER_LANGUAGES

if TYPE_CHECKING:
    from hotline.city import CityConfig
    from hotline.db import Database
    from hotline.i18n import Texts
    from reports.rollups import Part
    from reports.service import How
    from reports.span import Coverage, Span

#: As `reports.written.FORMS` has them, and a printed one: spelled out so that `--help` reads none.
FORMS = ("json", "csv", "xlsx", "pdf")

_NIGHTLY = """\
Count days again from what was recorded of them: calls, tickets and the agents' time. The hotline
does so by itself every night; by hand it is needed after a repair, or to make sure. The same days
twice give the same numbers, and callers wait for nothing.

  hotline nightly --from 2026-10-01 --until 2026-10-31            count October again
  hotline nightly --from 2026-10-01 --until 2026-10-31 --check    only look whether it is right
  hotline nightly --check                                         the same of the last 35 days

It says how many days have other numbers than before; these are marked as revised in every report.
A month that was published stays as it was published.
"""
_REPORT = """\
Write all numbers of a span of days to a file: calls by month, hour, queue, language, outcome,
category and sub-district; tickets by division, category and sub-district; the agents' time.
Every number has the identifier and the meaning of docs/metrics.md.

  hotline report --fiscal-year 2570 --format xlsx --lang th --output year.xlsx
  hotline report --from 2026-11-01 --until 2026-11-30 --format json --output november.json
  hotline report --fiscal-year 2570 --format pdf --lang th --output annual-report.pdf

  pdf   the printed report: chapters, charts, tables, and every definition
  xlsx  a workbook for Excel or LibreOffice: tables and charts, and what each number means
  csv   one number a line, for any spreadsheet
  json  everything, for programs: milliseconds, shares from 0 to 1, null for what is empty
"""
_OPEN_DATA = """\
Write the open data of a span of days: tables without anybody in them, and their description
(datapackage.json, a Frictionless data package). What is rare is told only together with others, and
how much that was is told as well; private categories are left out. The same days give the same
bytes. Settings: reports.open_data in the city's file, docs/open-data.md.

  hotline open-data --fiscal-year 2570 --output open-data-2570.zip
  hotline open-data --from 2026-11-01 --until 2026-11-30 --lang en --output november/
"""
_PUBLISH = """\
Freeze the numbers of a month as they are told to the public. What is corrected afterwards appears
beside them ("published 1,234, today 1,236") and never inside. A month is published once, when it is
over and the night has counted it. Without --show this cannot be taken back.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    nightly = add_command(commands, "nightly", _nightly, "count days again from their events")
    nightly.description, nightly.formatter_class = _NIGHTLY, _AsWritten
    nightly.add_argument(
        "--from",
        dest="first",
        type=_day,
        metavar="DATE",
        help="such as 2026-10-01; --check without it looks at what the night looks at",
    )
    nightly.add_argument("--until", type=_day, metavar="DATE", help="the last day (the first)")
    nightly.add_argument(
        "--check",
        action="store_true",
        help="count nothing anew: compare what is stored with the events; exit code 1 on any "
        "difference",
    )
    nightly.set_defaults(wrong=nightly.error)
    add_place(nightly)

    publish = add_command(commands, "publish", _publish, "freeze the numbers of a month")
    publish.description, publish.formatter_class = _PUBLISH, _AsWritten
    publish.add_argument("month", metavar="MONTH", help="such as 2026-10")
    publish.add_argument(
        "--show", action="store_true", help="tell what was published, and what is different today"
    )
    add_place(publish)

    report = add_command(commands, "report", _report, "all numbers of a span of days, as a file")
    report.description, report.formatter_class = _REPORT, _AsWritten
    _add_span(report)
    report.add_argument("--format", choices=FORMS, help="(by the end of the file's name)")
    report.add_argument("--lang", choices=READER_LANGUAGES, default="th", help="(th)")
    report.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the file to write"
    )
    add_place(report)

    opened_data = add_command(commands, "open-data", _open_data, "open data of a span of days")
    opened_data.description, opened_data.formatter_class = _OPEN_DATA, _AsWritten
    _add_span(opened_data)
    opened_data.add_argument("--lang", choices=READER_LANGUAGES, default="th", help="(th)")
    opened_data.add_argument(
        "--output", type=Path, required=True, metavar="PLACE", help="a folder, or a file.zip"
    )
    add_place(opened_data)


def _add_span(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="first", type=_day, metavar="DATE", help="2026-11-01")
    parser.add_argument("--until", type=_day, metavar="DATE", help="the last day (the first)")
    parser.add_argument(
        "--fiscal-year",
        type=int,
        metavar="N",
        help="instead: a Thai fiscal year, such as 2570 (1 October 2026 to 30 September 2027)",
    )


_AsWritten = argparse.RawDescriptionHelpFormatter
#: Years from here on are Buddhist ones: nobody means a day five centuries ahead.
_BUDDHIST_FROM = 2400


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day: write year-month-day, such as 2026-11-01"
        ) from None
    if day.year >= _BUDDHIST_FROM:
        common = day.year - clock.BUDDHIST_ERA
        raise argparse.ArgumentTypeError(
            f"{text}: days are written in the common era: {common} for {day.year}"
        )
    return day


@contextmanager
def _counting(
    arguments: argparse.Namespace,
) -> Iterator[tuple["CityConfig", "Database", "How"]]:
    from reports.service import How

    with opened(arguments) as (config, database):
        yield config, database, How.by(config.city.zone, config.reports, config.agents)


def _nightly(arguments: argparse.Namespace) -> int:
    import reports.check
    import reports.jobs

    first, last = arguments.first, arguments.until or arguments.first
    if first is None and (last or not arguments.check):
        arguments.wrong("say which days: --from and --until")
    with _counting(arguments) as (_, database, how):
        if first is None:
            last = clock.local_day(clock.now(), how.zone) - timedelta(days=1)
            first = last - reports.jobs.CHECKED
        if not arguments.check:
            print(reports.jobs.recount(database, how, first, last))
            return 0
        if last < first:
            raise Invalid(f"{last} is before {first}")
        _check_begun(first, how)
        found = reports.check.run(database, first, last, how)
        for each in found:
            print(each)
        print(f"{first} to {last}: " + (f"{len(found)} differences" if found else "no difference"))
    return 1 if found else 0


def _publish(arguments: argparse.Namespace) -> int:
    from reports import publishing

    month = publishing.parse_month(arguments.month)
    if month.year >= _BUDDHIST_FROM:
        common = f"{month.year - clock.BUDDHIST_ERA}-{month:%m}"
        raise Invalid(f"months are written in the common era: {common} for {arguments.month}")
    with _counting(arguments) as (_, database, how):
        now = clock.now()
        if not arguments.show:
            with database.write() as session:
                found = publishing.publish(session, month, how, by=None, now=now)
            print(f"{arguments.month} is published: {found.metrics['calls']:,} calls")
            return 0
        with database.read() as session:
            there = publishing.publication(session, month)
            if there is None:
                raise Invalid(f"{arguments.month} was not published")
            print(
                f"{arguments.month}, published {there.published_at:%Y-%m-%d %H:%M} UTC, {there.by}"
            )
            for each in publishing.beside(session, there, how, now=now):
                print(f"  {each.id}: published {_told(each.published)}, today {_told(each.today)}")
    return 0


def _told(value: float | None) -> str:
    return "empty" if value is None else f"{value:,}"


def _report(arguments: argparse.Namespace) -> int:
    from hotline.app import text_files
    from hotline.i18n import Texts
    from reports import figures, written
    from reports.wording import wording

    span = _span(arguments)
    form = arguments.format or arguments.output.suffix.removeprefix(".").lower()
    if form not in FORMS:
        raise Invalid(
            f"{arguments.output} ends in none of .{', .'.join(FORMS)}: say which with --format"
        )
    _check_place(arguments.output)
    if arguments.output.is_dir():
        raise Invalid(f"{arguments.output} is a folder: say a file in it")
    with _counting(arguments) as (config, database, how):
        _check_begun(span.first, how)
        texts = Texts.load(text_files())
        if form == "pdf":
            _print(arguments, config, database, span, texts)
            with database.read() as session:
                coverage: Mapping[Part, Coverage] = figures.coverage(
                    session, span, how, now=clock.now()
                )
        else:
            with database.read() as session:
                found = figures.figures(session, span, how, now=clock.now())
            words = wording(arguments.lang, texts, config.ivr, config.tickets)
            written.FORMS[form](found, words, arguments.output)
            coverage = found.coverage
    print(arguments.output)
    for part, each in coverage.items():
        if each.missing:
            print(f"  {part}: {len(each.missing)} days are not counted yet (hotline nightly)")
        if each.unknown:
            print(f"  {part}: nothing is known of {len(each.unknown)} days")
    return 0


def _check_begun(first: date, how: "How") -> None:
    """Of days to come there is nothing to say, and a file of dashes would say that there was."""
    if first > clock.local_day(clock.now(), how.zone):
        raise Invalid(f"{first}: that day has not come")


def _check_place(output: Path) -> None:
    """Before the work, and not after it."""
    if not output.parent.is_dir():
        raise Invalid(f"there is no folder {output.parent}")


def _print(
    arguments: argparse.Namespace,
    config: "CityConfig",
    database: "Database",
    span: "Span",
    texts: "Texts",
) -> None:
    from reports.printed.printer import Printer

    city = (config.city, config.ivr, config.agents, config.tickets, config.reports)
    printer = Printer(*city, arguments.config.parent, texts)
    with database.read() as session:
        document = printer.document(session, span, arguments.lang, now=clock.now())
    arguments.output.write_bytes(printer.pdf(document, progress=_progress))


def _open_data(arguments: argparse.Namespace) -> int:
    from hotline.app import text_files
    from hotline.i18n import Texts
    from reports.open_data import package
    from reports.open_data.service import Publisher

    span, output = _span(arguments), arguments.output
    _check_place(output)
    with _counting(arguments) as (config, database, how):
        own, texts = config.reports.open_data, Texts.load(text_files())
        publisher = Publisher(config.city, config.ivr, config.tickets, own, how, texts)
        with database.read() as session:
            files = publisher.files(session, span, arguments.lang, now=clock.now())
    if output.suffix == ".zip":
        output.write_bytes(package.zipped(files))
    else:
        output.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (output / name).write_bytes(content)
    print(output)
    for line in package.summary(files):
        print(f"  {line}")
    return 0


def _progress(done: int, of: int) -> None:
    print(f"\r{done}/{of}", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _span(arguments: argparse.Namespace) -> "Span":
    from reports.span import Span

    given = arguments.first or arguments.until
    if arguments.fiscal_year is not None:
        if given:
            raise Invalid("either --fiscal-year, or --from and --until")
        if arguments.fiscal_year < _BUDDHIST_FROM:
            meant = arguments.fiscal_year + clock.BUDDHIST_ERA
            raise Invalid(f"fiscal years are Buddhist: {meant}, not {arguments.fiscal_year}")
        try:
            return Span.of_fiscal_year(arguments.fiscal_year)
        except (ValueError, OverflowError) as error:
            raise Invalid(f"no such fiscal year: {arguments.fiscal_year}") from error
    if arguments.first is None:
        raise Invalid("say which days: --from and --until, or --fiscal-year")
    last = arguments.until or arguments.first
    if last < arguments.first:
        raise Invalid(f"{last} is before {arguments.first}")
    return Span(arguments.first, last)
