"""The page of one ticket, with what its reader may do on it."""

import logging
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import EVERYONE, Role, access, current_account
from hotline.errors import HotlineError
from hotline.i18n import masked, masked_name
from hotline.notices import mail
from hotline.notices import service as notices
from hotline.web import floor, language
from tickets import attendance, guarding, links, planning, service, sms, words, workflow
from tickets.categories import service as suggestions
from tickets.files.view import gallery
from tickets.inbox import looks
from tickets.life import page as life
from tickets.life import watching
from tickets.matters import shown as matters
from tickets.persons import service as persons
from tickets.places import shown
from tickets.service import Actor, EventFacts, TicketFacts
from tickets.units import view as units
from tickets.web.shared import (
    CALLS_OUT,
    READABLE_CALLS,
    RECORDINGS,
    CallsOut,
    ReadableCalls,
    Recordings,
    acting,
    blueprint,
    section,
    spoken_languages,
)
from tickets.workflow import LONGEST_WAIT, MOVES, OPEN, Priority, Result, State, Waiting

log = logging.getLogger(__name__)


@blueprint.get("/tickets/<number>")
@access(*EVERYONE)
def ticket_page(number: str) -> ResponseReturnValue:
    """Show one ticket with its story; a number in another spelling leads to its own address. With
    `beside` (1), which a script of the list asks for, without the page around it.
    """
    beside = request.args.get("beside") == "1"
    me = current_account()
    with floor().db.read() as session:
        ticket = service.by_number_for(session, number, acting())
        if number != ticket.number:
            return redirect(url_for("tickets.ticket_page", number=ticket.number))
        newest = looks.newest(session, ticket.id)
        unread = bool(looks.unread(session, me.id, me.username, [ticket.id]))
        shown_page = page(session, ticket, beside=beside)
        told = watching.unseen(session, ticket, acting())
    if unread:
        _looked(me.id, ticket.id, newest)
    if told is not None:
        with floor().db.write() as session:
            watching.saw(session, ticket, acting(), told)
    return shown_page


@blueprint.get("/tickets/<number>/since/<int:event_id>")
@access(*EVERYONE)
def changed(number: str, event_id: int) -> str:
    """Say what happened to a ticket since its page was shown, with the event `event_id` as the
    newest: to a page that stands open while somebody else does something.
    """
    actor, config = acting(), section()
    with floor().db.read() as session:
        ticket = service.by_number_for(session, number, actor)
        many = looks.after(session, ticket.id, event_id)
        last = None
        if many:
            ticket, story = as_read(actor, ticket, service.story(session, ticket.id))
            names = service.names_of(session, _people(ticket, story[-1:]))
            last = words.said(config, story[-1], names)
        return render_template("tickets/_changed.html", ticket=ticket, many=many, last=last)


def _looked(account_id: int, ticket_id: int, event_id: int) -> None:
    """Write down what was read; the page is shown also when the database cannot take that now."""
    try:
        with floor().db.write() as session:
            looks.looked(session, account_id, ticket_id, event_id)
    except OperationalError:
        log.warning("that a ticket was read could not be written down", exc_info=True)


def refused(number: str, error: HotlineError) -> Response:
    """Show the page of a ticket with why something was not done."""
    with floor().db.read() as session:
        ticket = service.by_number_for(session, number, acting())
        return make_response(page(session, ticket, error), error.status)


@dataclass(frozen=True)
class _Offered:
    """A move that the page offers."""

    to: State
    label: str
    results: list[Result]
    reason: bool


def _offered(actor: Actor, ticket: TicketFacts) -> list[_Offered]:
    return [
        _Offered(
            to=to,
            label="reopen" if to in OPEN and not ticket.is_open else to.value,
            results=[
                result
                for result in Result
                if result in workflow.results(ticket.kind, ticket.state, to)
            ],
            reason=MOVES[ticket.state][to].reason,
        )
        for to in service.moves_for(actor, ticket)
    ]


@dataclass(frozen=True)
class _Acts:
    """What else the page offers than moves."""

    note: bool
    complete: bool
    wait: bool
    assign: bool
    route: bool

    @classmethod
    def of(cls, actor: Actor, ticket: TicketFacts) -> "_Acts":
        """Say what this actor may do with this ticket."""
        return cls(
            note=service.may_note(actor, ticket),
            complete=service.may_complete(actor, ticket),
            wait=service.may_wait(actor, ticket),
            assign=service.may_assign(actor, ticket),
            route=service.may_route(actor, ticket),
        )


def page(
    session: Session,
    ticket: TicketFacts,
    error: HotlineError | None = None,
    *,
    shown_caller: str = "",
    beside: bool = False,
) -> str:
    config, actor, now = section(), acting(), clock.now()
    ticket, story = as_read(actor, ticket, service.story(session, ticket.id))
    there = attendance.on(session, config, now)
    calls, moves, acts = (
        service.calls_of(session, ticket.id),
        _offered(actor, ticket),
        _Acts.of(actor, ticket),
    )
    known = life.of(session, ticket, actor)
    told = [*story, *(event for each in known.joined for event in each.story)]
    files = gallery(session, config, actor, ticket)
    came = matters.part(session, config, ticket, actor, now=now)
    people = _people(ticket, told) | files.people
    names = service.names_of(session, people) | dict(there.names)
    asks = ticket.text and (acts.complete or acts.route)
    return render_template(
        "tickets/ticket.html",
        layout="tickets/_beside.html" if beside else "base.html",
        beside=beside,
        newest=looks.newest(session, ticket.id),
        heading="h2" if beside else "h1",  # the list's page has the first already
        ticket=ticket,
        story=[words.said(config, event, names) for event in reversed(story)],
        why=[words.reason(config, each) for each in planning.reasons(ticket, story)],
        calls=calls,
        calls_readable=_readable_calls(session, calls),
        recordings=_recordings(session, calls),
        caller=masked(ticket.caller_number),
        shown_caller=shown_caller,
        may_see=service.may_see_caller(actor, ticket),
        may_hide=guarding.may_hide(actor, ticket),
        may_hold=guarding.may_hold(actor),
        told=notices.about(session, f"ticket:{ticket.id}"),
        notice_title=lambda notice: mail.title(floor(), notice, language()),
        calls_out=_calls_out(session, actor, ticket),
        persons=persons.of_ticket(session, ticket.id),
        place=shown.part(session, config, ticket, actor),
        metres=shown.metres,
        map_of=shown.map_of(config),
        may_close=any(each.to is State.DONE for each in moves),
        shown_name=name_shown(actor, ticket),
        reads_persons=current_account().role is Role.SUPERVISOR,
        names=names,
        files=files,
        moves=moves,
        acts=acts,
        life=known,
        matters=came,
        callers={ticket.id: came.callers},
        shown=matters,
        places=shown,
        now=now,
        said=lambda event: words.said(config, _read(actor, ticket, event), names),
        agencies=config.agencies if acts.wait else {},
        spoken_languages=spoken_languages(),
        responsible=there.responsible(ticket.division),
        keeper=there.keeper(ticket.division),
        handlers=there.handlers(ticket.division) if acts.assign else [],
        suggestion=suggestions.suggest(session, config, ticket.text) if asks else None,
        waiting=list(Waiting),
        priorities=list(Priority),
        sms_told=sms.of_ticket(session, ticket.id),
        units=units.panel(session, config, ticket, actor, now),
        units_view=units,
        links=links.living(session, ticket.id, now),
        last_wait=clock.local_day(now + LONGEST_WAIT, floor().city.zone),
        kept=_kept(moves, acts, known) if error else "",
        config=config,
        words=words,
        error=error,
        typed=request.form,
    )


def as_read(
    actor: Actor, ticket: TicketFacts, story: Sequence[EventFacts]
) -> tuple[TicketFacts, list[EventFacts]]:
    """A ticket and its story in the words that the actor may read."""
    events = [_read(actor, ticket, event) for event in story]
    return replace(ticket, text=service.text_for(actor, ticket, ticket.text)), events


def _read(actor: Actor, ticket: TicketFacts, event: EventFacts) -> EventFacts:
    """An event in the words that somebody may read who reads it on this ticket's page."""
    said = event.data.get("text")
    if not said:
        return event
    text = service.text_for(actor, ticket, str(said))
    return replace(event, data={**event.data, "text": text})


def _people(ticket: TicketFacts, story: Sequence[EventFacts]) -> set[str]:
    """The usernames that a page names."""
    given = [event.data.get(key) for event in story for key in ("from", "to")]
    lists = {name for each in given if isinstance(each, list) for name in each}
    who = {event.who for event in story} | lists
    return (
        who
        | {name for name in given if name and isinstance(name, str)}
        | {ticket.owner or "", ticket.made_by, ticket.held_by or ""}
    )


def _kept(moves: list[_Offered], acts: _Acts, known: life.Life) -> str:
    """The words that were typed into a form which the page no longer has: somebody else was first.
    They are offered as a note. Those of a form that is still there stay in it.
    """
    form = request.form
    offered = {
        "outcome": acts.complete,
        "for": acts.wait,
        "owner": acts.assign,
        "priority": acts.route,
        "bond": known.may_link,
        "merge": known.may_merge,
        "unmerge": known.may_unmerge,
        "agency": known.may_forward,
    }
    still_there = next(
        (there for field, there in offered.items() if field in form),
        any(move.to == form.get("to") and move.reason for move in moves),
    )
    return "" if still_there else form.get("text", "").strip()


def _readable_calls(session: Session, calls: list[int]) -> Set[int]:
    """Those of some calls whose own page the reader may open, as the room of calls says."""
    ask: ReadableCalls | None = current_app.extensions.get(READABLE_CALLS)
    return ask(session, calls) if ask else frozenset()


def _recordings(session: Session, calls: list[int]) -> list[dict[str, Any]]:
    ask: Recordings | None = current_app.extensions.get(RECORDINGS)
    return ask(session, calls) if ask else []


def _calls_out(session: Session, actor: Actor, ticket: TicketFacts) -> tuple[str, str] | None:
    ask: CallsOut | None = current_app.extensions.get(CALLS_OUT)
    return ask(session, ticket) if ask and service.may_see_caller(actor, ticket) else None


def name_shown(actor: Actor, ticket: TicketFacts) -> Callable[[str], str]:
    """Return how the names of a ticket's callers are shown: whole to who sees their numbers."""
    return str if service.may_see_caller(actor, ticket) else masked_name
