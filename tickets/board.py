"""The pages of those who see to it that nothing is forgotten: what needs attention, now and night
by night, what went wrong in a span, and who is away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import clock, i18n, spreadsheets
from hotline.auth import Role, access, current_account
from hotline.errors import Invalid, NotFound
from hotline.notices import mail
from hotline.notices import service as notices
from hotline.notices.web import SETTLES
from hotline.web import floor, language, t
from tickets import accountability, answering, attendance, attention, masking, words
from tickets.accountability import AT_ONCE, Failure
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.faults import Fault
from tickets.life import forwarding
from tickets.places import service as places
from tickets.search import SEES_ALL
from tickets.service import names_of
from tickets.web import ALARMED, LARGEST_ID, WATCHERS, acting

#: Its templates are the room's.
blueprint = Blueprint("attention", __name__)
#: Who writes down absences: their own and their divisions', supervisors everybody's.
ABSENT = (Role.DIVISION, Role.SUPERVISOR, Role.ADMINISTRATOR)


def _config() -> Tickets:
    return floor().section(Tickets)


# ------------------------------------------------------------------ what needs attention


@blueprint.get("/tickets/attention")
@access(*WATCHERS)
def board() -> str:
    """Show what needs attention: who answers for the whole sees all, a division its own."""
    config, actor, now = _config(), acting(), clock.now()
    with floor().db.read() as session:
        found = attention.board(session, config, actor, divisions=_watched(actor), now=now)
        to_chase = forwarding.to_chase(session, actor, _watched(actor))
        nights = attention.nights(session)
        waiting = answering.waiting(session, config, actor, divisions=_watched(actor), now=now)
        not_sent = notices.not_sent(session) if current_account().role in ALARMED else []
        misplaced = places.contradicting(session, actor, _watched(actor))
        names = names_of(session, {ticket.owner or "" for ticket in found.escalated})
    return render_template(
        "tickets/attention.html",
        board=found,
        to_chase=to_chase,
        citizens=waiting,
        not_sent=not_sent,
        notice_title=lambda notice: mail.title(floor(), notice, language()),
        settles=current_account().role in SETTLES,
        nights=nights,
        misplaced=misplaced,
        names=names | dict(found.names),
        days=attention.LATELY.days,
        config=config,
        words=words,
        actor_sees_all=actor.role in SEES_ALL,
        writes_absences=current_account().role in ABSENT,
    )


def _watched(actor: Actor) -> frozenset[str]:
    """The divisions that the board shows; empty: all. Who has none sees an empty one."""
    return frozenset() if actor.role in SEES_ALL else actor.divisions or frozenset({""})


@blueprint.get("/tickets/attention/<day>")
@access(Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)
def night(day: str) -> str:
    """Show the list that was kept when a day (ISO) was over."""
    try:
        asked = date.fromisoformat(day)
    except ValueError as error:
        raise NotFound(day) from error
    with floor().db.read() as session:
        found = attention.night(session, asked)
    if found is None:
        raise NotFound(day)
    return render_template(
        "tickets/attention_night.html", night=found, config=_config(), words=words
    )


# ------------------------------------------------------------------ what went wrong


#: So many failures stand below the table; when there are more, each kind has pages of its own.
FEW, ON_PAGE = 100, 100


@blueprint.get("/tickets/accountability")
@access(*WATCHERS)
def went_wrong() -> str:
    """Show what went wrong from one day to another (`from`, `until`, both included; else this
    month): how often in each division, and which unless they are many.
    """
    span, config, actor = _span(), _config(), acting()
    with floor().db.read() as session:
        found = accountability.account(
            session, config, actor, **span.moments, divisions=_watched(actor)
        )
        few = _failures(session, actor, span) if 0 < found.failures <= FEW else []
    return render_template(
        "tickets/accountability.html",
        account=found,
        few=few,
        faults=list(Fault),
        span=span,
        detail=partial(_detail, config),
        days=lambda nights: i18n.days(nights, language()),
        config=config,
        words=words,
    )


@blueprint.get("/tickets/accountability/<fault>")
@access(*WATCHERS)
def went_wrong_so(fault: str) -> str:
    """Show every failure of a kind in the same span, page by page; of one `division` if one is
    named. `after`: the event that the page before ended with.
    """
    if fault not in set(Fault):
        raise NotFound(fault)
    span, config, actor = _span(), _config(), acting()
    division = request.args.get("division", "")
    with floor().db.read() as session:
        found = _failures(
            session,
            actor,
            span,
            fault=Fault(fault),
            division=division,
            after=request.args.get("after", type=int),
            at_most=ON_PAGE + 1,
        )
    return render_template(
        "tickets/accountability_of.html",
        fault=fault,
        failures=found[:ON_PAGE],
        after=found[ON_PAGE - 1].id if len(found) > ON_PAGE else None,
        division=division,
        span=span,
        detail=partial(_detail, config),
        config=config,
        words=words,
    )


@blueprint.get("/tickets/accountability.csv")
@access(*WATCHERS)
def went_wrong_csv() -> Response:
    """Send every failure of the same span, one a line."""
    span, config, zone = _span(), _config(), floor().city.zone
    with floor().db.read() as session:
        found = _failures(session, acting(), span)

    def lines() -> Iterator[str]:
        heads = ("when", "number", "division", "fault", "detail")
        yield spreadsheets.BYTE_ORDER_MARK + spreadsheets.line(
            [t(f"tickets.accountability.{head}") for head in heads]
        )
        for each in found:
            yield spreadsheets.line(
                [
                    f"{clock.local(each.event.at, zone):%Y-%m-%d %H:%M}",
                    each.number_shown,
                    words.division(config, each.division),
                    t(f"tickets.fault.{each.fault}"),
                    _detail(config, each),
                ]
            )

    response = Response("".join(lines()), mimetype="text/csv")
    name = f"accountability-{span.first}-{span.last}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _detail(config: Tickets, failure: Failure) -> str:
    """What is told of a failure. Of so many tickets numbers are masked for everybody, as in the
    list's own file; their pages show them to who may see them.
    """
    said = words.said(config, failure.event, {})
    parts = (said.what, said.more, masking.masked(said.text))
    return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class _Span:
    """The days that the address asks for, both included; `misread`: they could not be read."""

    first: date
    last: date
    misread: bool = False

    @property
    def moments(self) -> dict[str, datetime]:
        """Its first moment, and the first after it."""
        zone = floor().city.zone
        return {
            "start": clock.midnight(self.first, zone),
            "end": clock.midnight(self.last + timedelta(days=1), zone),
        }

    @property
    def asked(self) -> dict[str, date]:
        """The same as an address asks for it."""
        return {"from": self.first, "until": self.last}


def _span() -> _Span:
    """The days of the address; of one that cannot be read this month's."""
    today = clock.local_day(clock.now(), floor().city.zone)
    month = today.replace(day=1), today
    given = request.args.get("from", ""), request.args.get("until", "")
    if not any(given):
        return _Span(*month)
    first, last = (_day(text) for text in given)
    if date.min in (first, last) or not timedelta(0) <= last - first < accountability.LONGEST:
        return _Span(*month, misread=True)
    return _Span(first, last)


def _failures(
    session: Session,
    actor: Actor,
    span: _Span,
    *,
    fault: Fault | None = None,
    division: str = "",
    after: int | None = None,
    at_most: int | None = None,
) -> list[Failure]:
    """The failures of a span in the divisions that the actor watches, or in one of them."""
    watched = _watched(actor)
    if division:
        watched = frozenset({division}) & (watched or {division}) or frozenset({""})
    found = accountability.failures(
        session,
        _config(),
        actor,
        **span.moments,
        divisions=watched,
        fault=fault,
        after=after,
        at_once=at_most or AT_ONCE,
    )
    return list(islice(found, at_most))


# ------------------------------------------------------------------ who is away


@blueprint.get("/tickets/absences")
@access(*ABSENT)
def absences() -> str:
    """Show who is away, and the form for it."""
    return _absences()


@blueprint.post("/tickets/absences")
@access(*ABSENT)
def be_away() -> ResponseReturnValue:
    """Write down an absence. Form: `username`, `first`, `last` (ISO days), `substitute`."""
    form, actor = request.form, acting()
    try:
        with floor().db.write() as session:
            attendance.be_away(
                session,
                _config(),
                username=form.get("username", ""),
                first=_day(form.get("first", "")),
                last=_day(form.get("last", "")),
                substitute=form.get("substitute") or None,
                actor=actor,
                now=clock.now(),
            )
    except Invalid as error:
        return make_response(_absences(error), error.status)
    return redirect(url_for("attention.absences"), 303)


@blueprint.post(f"/tickets/absences/<int(max={LARGEST_ID}):absence_id>/end")
@access(*ABSENT)
def be_back(absence_id: int) -> ResponseReturnValue:
    """Withdraw an absence."""
    actor = acting()
    with floor().db.write() as session:
        attendance.be_back(session, _config(), absence_id, actor=actor, now=clock.now())
    return redirect(url_for("attention.absences"), 303)


def _day(text: str) -> date:
    """Read a day of a form; what is none lies before every day, and is refused as such."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min


def _absences(error: Invalid | None = None) -> str:
    config, actor, now = _config(), acting(), clock.now()
    with floor().db.read() as session:
        people = attendance.people(session, config, actor)
        substitutes = attendance.substitutes(session)
        found = attendance.absences(session, config, people, now)
    return render_template(
        "tickets/absences.html",
        people=people,
        substitutes=substitutes,
        absences=found,
        today=config.day(now),
        me=actor.username,
        config=config,
        words=words,
        error=error,
        typed=request.form,
    )
