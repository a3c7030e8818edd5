"""The pages of those who see to it that nothing is forgotten: what needs attention, now and night
by night, and who is away.
"""

from datetime import date

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.errors import Invalid, NotFound
from hotline.web import floor
from tickets import attendance, attention, words
from tickets.config import Tickets
from tickets.facts import Actor
from tickets.places import service as places
from tickets.search import SEES_ALL
from tickets.service import names_of
from tickets.web import LARGEST_ID, WATCHERS, acting

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
        nights = attention.nights(session)
        misplaced = places.contradicting(session, actor, _watched(actor))
        names = names_of(session, {ticket.owner or "" for ticket in found.escalated})
    return render_template(
        "tickets/attention.html",
        board=found,
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
