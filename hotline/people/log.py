"""The pages of the audit log: what was done, by whom, to whom, and why. They only read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request, stream_with_context
from sqlalchemy.orm import Session

from hotline import audit, clock, spreadsheets
from hotline.audit import ACCOUNT, CITY_SIGN_IN, COMMAND_LINE, Asked, Line
from hotline.auth import Role, access, current_account
from hotline.models import Account
from hotline.people import naming, rules, telling
from hotline.people.naming import Names
from hotline.people.rules import MANAGERS
from hotline.people.service import LARGEST_ID
from hotline.web import floor, t

blueprint = Blueprint("audit", __name__)

PAGE, CHUNK = 50, 500


#: Who acts without being one of us.
_NOBODY = {COMMAND_LINE: "floor.log.command_line", CITY_SIGN_IN: "floor.log.city_sign_in"}


@dataclass(frozen=True)
class Told:
    """One line in the reader's words."""

    line: Line
    by: str
    what: str
    whom: str
    account_id: int | None
    details: str


@blueprint.get("/audit")
@access(*MANAGERS)
def log() -> str:
    """The newest lines. Query: `person` (who did it, or to whom), `by`, `whom` (names, usernames,
    or what else the log names: `call:12`), `kind`, `from`, `until`, `before`.
    """
    with floor().db.read() as session:
        asked = _asked(session)
        before = request.args.get("before", type=_key)
        found = audit.lines(session, asked, before=before, limit=PAGE + 1) if asked else []
        kinds = [(each, words_of(each)) for each in audit.kinds(session)]
        told = list(_told(session, found[:PAGE]))
    more = found[PAGE - 1].id if len(found) > PAGE else None
    yesterday = clock.local_day(clock.now(), floor().city.zone) - timedelta(days=1)
    return render_template(
        "people/log.html", lines=told, more=more, kinds=kinds, asked=request.args, since=yesterday
    )


@blueprint.get("/audit.csv")
@access(*MANAGERS)
def log_csv() -> Response:
    """All lines that the address asks for, as a spreadsheet."""
    the_floor = floor()
    zone = the_floor.city.zone

    def lines() -> Iterator[str]:
        heads = ("at", "by", "what", "whom", "reason", "details")
        yield spreadsheets.BYTE_ORDER_MARK + spreadsheets.line(
            t(f"floor.log.{head}") for head in heads
        )
        with the_floor.db.read() as session:
            asked, before = _asked(session), None
            while asked and (found := audit.lines(session, asked, before=before, limit=CHUNK)):
                before = found[-1].id
                for each in _told(session, found):
                    at = f"{clock.local(each.line.at, zone):%Y-%m-%d %H:%M:%S}"
                    facts = (each.by, each.what, each.whom, each.line.reason, each.details)
                    yield spreadsheets.line((at, *facts))

    response = Response(stream_with_context(lines()), mimetype="text/csv")
    day = clock.local_day(clock.now(), zone)
    response.headers["Content-Disposition"] = f'attachment; filename="audit-{day}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _key(text: str) -> int:
    """Read a page's key; raises ValueError (and so asks for nothing) for what cannot be one."""
    key = int(text)
    if not 0 < key <= LARGEST_ID:
        raise ValueError(text)
    return key


def _asked(session: Session) -> Asked | None:
    """What the address asks for; None when it names somebody whom nobody knows."""
    reader, given, zone = current_account(), request.args, floor().city.zone
    subjects = None
    if whom := given.get("whom", "").strip():
        found = naming.accounts_like(session, whom)
        # what is no account is told by its own name: agent:3, queue:general
        subjects = naming.subjects_of(session, found) if found else [whom]
    person, theirs = given.get("person", "").strip(), None
    if person and not (theirs := naming.accounts_like(session, person)):
        return None
    first, last = given.get("from", type=_day), given.get("until", type=_day)
    everything = reader.role is Role.ADMINISTRATOR
    return Asked(
        **_by(session, given.get("by", "").strip()),
        subjects=subjects,
        people=theirs,
        whom=naming.subjects_of(session, theirs) if theirs else (),
        kind=given.get("kind", ""),
        since=clock.midnight(first, zone) if first else None,
        until=clock.midnight(last + timedelta(days=1), zone) if last else None,
        below=None if everything else rules.MANAGES[reader.role],
    )


def _by(session: Session, by: str) -> dict[str, Any]:
    """Who acted: some of us, by name; else who is none of us, or has another name by now."""
    found = naming.accounts_like(session, by) if by else []
    return {"accounts": found} if found else {"by": by}


def _day(text: str) -> date:
    """A day of the calendar; one at its very ends asks for nothing, as does what is none."""
    day = date.fromisoformat(text)
    if not 1900 < day.year < 9000:
        raise ValueError(text)
    return day


def words_of(kind: str) -> str:
    """What was done, in the reader's words; a kind without words is told by its own name."""
    room, _, verb = kind.partition(".")
    key = {
        "floor": f"floor.audit.{verb}",
        "agents": f"agents.audit.{verb}",
        "tickets": f"tickets.audit.{verb}",
        "ivr": f"ivr.audit.{verb}",
        "reports": f"reports.audit.{verb}",
    }.get(room, "")
    return t(key) if key in floor().texts else kind


def _told(session: Session, lines: Iterable[Line]) -> Iterator[Told]:
    found = list(lines)
    names = Names(session, found)
    actors = _actors(session, found)
    for each in found:
        account = _account_of(each.subject)
        whom = names.of(each.subject, each.data)
        by = t(_NOBODY[each.by]) if each.by in _NOBODY else actors.get(each.account_id, each.by)
        details = telling.details(each, names)
        yield Told(each, by, words_of(each.kind), whom, account, details)


def _actors(session: Session, lines: Iterable[Line]) -> dict[int | None, str]:
    """Who acted, by the name that they have now; the username in the line is as it was then."""
    ids = {each.account_id for each in lines if each.account_id is not None}
    rows = session.execute(
        sa.select(Account.id, Account.name, Account.username).where(Account.id.in_(ids))
    )
    return {id_: naming.called(name, username) for id_, name, username in rows}


def _account_of(subject: str) -> int | None:
    number = subject.removeprefix(ACCOUNT)
    return int(number) if subject.startswith(ACCOUNT) and number.isdecimal() else None
