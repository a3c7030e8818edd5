"""The rows of the reports over years of a city, in minutes: one year is counted, and its rows stand
in every year, as its calls do (`benchmarks.decade`). What is not the same every year the night
counts: the days around the seams, and the tickets of all.
"""

from datetime import timedelta

import sqlalchemy as sa

from benchmarks import decade
from benchmarks.decade import DAYS, Year
from hotline.db import Database
from reports import rollups, service, source
from reports.models import NightRun
from reports.rollups import ONE_DAY, Part
from reports.service import How, days_between

#: The tables whose rows are repeated, and which of them.
_REPEATED = {
    "report_days": "",
    "call_intervals": "",
    "call_days": "",
    "call_topics": "",
    "rollup_days": f"part = '{Part.PRESENCE}'",
    "presence_days": "",
}


def count(database: Database, year: Year, years: int, how: How) -> None:
    """Count every day of the years that is over, in a database that nobody counted yet."""
    last = decade.today(year, how.zone)
    # the day on which one year ends and the next begins has calls of both; who called again within
    # some days of it may have called in the other
    seam = timedelta(days=how.first_call_days + 1)
    begin, end = last - timedelta(days=DAYS) + ONE_DAY + seam, last - ONE_DAY - seam
    with database.write() as session:
        service.rebuild(session, begin, end, how, now=year.end)
        for day in days_between(begin, end):
            rollups.rebuild_presence(session, day, how, now=year.end)
    with database.engine.begin() as connection:
        for number in range(1, years):
            for table, which in _REPEATED.items():
                _repeat(connection, table, which, str(begin), DAYS * number)
    oldest = last - timedelta(days=DAYS * years)
    not_repeated = days_between(oldest, begin - timedelta(days=DAYS * (years - 1)) - ONE_DAY)
    with database.read() as session:
        newest = source.newest_event(session), source.newest_ticket_event(session)
    since = NightRun(last_event_id=newest[0], last_ticket_event_id=newest[1])
    # besides these it counts whatever is not counted
    service.run_night(database, not_repeated, how, since=since)
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("VACUUM ANALYZE")


def _repeat(connection: sa.Connection, table: str, which: str, first: str, back: int) -> None:
    sqlite = connection.dialect.name == "sqlite"
    columns = [each["name"] for each in sa.inspect(connection).get_columns(table)]
    earlier = {
        "day": f"date(day, '-{back} days')" if sqlite else f"day - {back}",
        "interval_start": decade.earlier("interval_start", back, sqlite=sqlite),
    }
    named = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(earlier.get(column, f'"{column}"') for column in columns)
    condition = " AND ".join(each for each in (which, f"day >= '{first}'") if each)
    connection.exec_driver_sql(
        f"INSERT INTO {table} ({named}) SELECT {values} FROM {table} WHERE {condition}"
    )
