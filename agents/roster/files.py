"""The roster's files as pages and the command make and read them."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from agents.roster import calendar_file, importing, service, sheets
from agents.roster.rules import Series
from agents.roster.service import Act, Person
from hotline.errors import Invalid


def table(session: Session, first: date, last: date, act: Act) -> str:
    """The shifts of some local days (both included) as CSV."""
    usernames = {each.id: each.username for each in service.people(session)}
    found = service.shifts_between(session, first, last, act.zone)
    rows = ((usernames[each.agent_id], each.start, each.end, each.series.note) for each in found)
    return sheets.written(rows, act.zone)


def calendar(session: Session, owner: Person, act: Act, hotline: str) -> str:
    """All shifts of an agent as iCalendar."""
    return of_series(service.series_of(session, owner.id), owner.id, owner.name, act, hotline)


def of_series(of: Sequence[Series], agent_id: int, name: str, act: Act, hotline: str) -> str:
    """What an agent works of some series, as iCalendar; `hotline` is what it is called."""
    entries = list(calendar_file.entries(of, agent_id))
    whole = f"{name} · {hotline}"
    return calendar_file.written(entries, act.zone, name=whole, title=hotline, now=act.at).decode()


def named(session: Session, username: str) -> Person:
    """The agent of that username; raises Invalid."""
    found = next((each for each in service.people(session) if each.username == username), None)
    if found is None:
        raise Invalid(text="agents.roster.bad.no_such_agent", what=username)
    return found


def preview(session: Session, content: bytes, username: str, act: Act) -> importing.Preview:
    """What a file would do, of either kind; `username` is whose calendar it is. Raises Invalid."""
    if content.lstrip(b"\xef\xbb\xbf \r\n").upper().startswith(b"BEGIN:VCALENDAR"):
        if not username:
            raise Invalid(text="agents.roster.whose_calendar")
        return importing.of_calendar(session, named(session, username).id, content, act)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(text="agents.roster.not_utf8") from error
    return importing.of_table(session, text, act)
