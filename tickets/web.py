"""The pages of tickets, the fragments that the desk composes by address, and their JSON.

Every look and every change goes through `tickets.service` with the signed-in account as actor.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from flask import (
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline import clock
from hotline.auth import EVERYONE, Role, access, current_account
from hotline.config import READER_LANGUAGES
from hotline.errors import Conflict, HotlineError, Invalid
from hotline.i18n import masked, masked_name
from hotline.notices import mail
from hotline.notices import service as notices
from hotline.web import floor, fragment, language, static_blueprint
from tickets import (
    attendance,
    export,
    guarding,
    links,
    planning,
    search,
    service,
    sms,
    words,
    workflow,
)
from tickets.categories import service as suggestions
from tickets.config import Tickets
from tickets.errors import BadWait, NotYours
from tickets.facts import SOURCES
from tickets.files.view import gallery
from tickets.inbox import looks, views
from tickets.life import page as life
from tickets.life import watching
from tickets.matters import shown as matters
from tickets.matters.service import callers_of
from tickets.persons import service as persons
from tickets.places import service as places
from tickets.places import shown
from tickets.search import DAYS, Order
from tickets.service import Actor, EventFacts, Filters, Show, TicketFacts
from tickets.units import view as units
from tickets.workflow import LONGEST_WAIT, MOVES, OPEN, Priority, Result, State, Waiting

log = logging.getLogger(__name__)
blueprint = static_blueprint("tickets", __file__)
#: So many tickets of a list are counted, and of those with certain words.
MOST_LISTED, MOST_FOUND = 10_000, 300
#: Of so many lines of a spreadsheet at once the callers are counted.
COUNTED_AT_ONCE = 500

#: Roles that are told of divisions without an administrator.
ALARMED = (Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)
MOVERS = (Role.AGENT, Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR)
OWNERS = (Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR)
DESK = (Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR)
#: Who may have a caller at hand.
ANSWERS = (Role.AGENT, Role.SUPERVISOR)
#: Who looks after what nobody did.
WATCHERS = (Role.SUPERVISOR, Role.DIVISION, Role.MANAGER, Role.ADMINISTRATOR)
EXPORTERS = (Role.SUPERVISOR, Role.DIVISION, Role.MANAGER, Role.ADMINISTRATOR)
#: Where the application keeps who may open a call's page: calls are another room's, which is above
#: this one, so `hotline/pages.py` wires it in. Without it, calls are named and not linked to.
READABLE_CALLS = "tickets.readable_calls"
ReadableCalls = Callable[[Session, Collection[int]], Set[int]]
#: The same for what was recorded in those calls, as far as the reader may hear it: dicts with kind,
#: seconds, url (empty while the sound is on its way).
RECORDINGS = "tickets.recordings"
Recordings = Callable[[Session, Collection[int]], list[dict[str, Any]]]

#: The number of the caller whom the signed-in agent has at hand by an offer, empty when withheld;
#: raises for every other offer. Nobody looks up a number that they can name freely.
NUMBER_AT_HAND = "tickets.number_at_hand"
NumberAtHand = Callable[[Session, int], str]

#: Where the reader of a ticket calls its caller, and in words why they cannot now (empty: they
#: can); None for who makes no calls.
CALLS_OUT = "tickets.calls_out"
CallsOut = Callable[[Session, TicketFacts], tuple[str, str] | None]

#: The languages that callers are spoken to in, which another room knows.
SPOKEN = "tickets.spoken_languages"

#: The largest id that a database can be asked for.
LARGEST_ID = 2**63 - 1


def _config() -> Tickets:
    return floor().section(Tickets)


def spoken_languages() -> list[str]:
    """Return the languages of callers, those first that nothing for them may do without."""
    return list(dict.fromkeys([*READER_LANGUAGES, *current_app.extensions.get(SPOKEN, ())]))


def acting() -> Actor:
    """Return who is signed in, with the divisions that they act for today."""
    if "tickets_actor" not in g:
        account = current_account()
        with floor().db.read() as session:
            g.tickets_actor = service.acting(
                session, _config(), account.username, account.role.value, clock.now()
            )
    found: Actor = g.tickets_actor
    return found


# ------------------------------------------------------------------ the list


@dataclass(frozen=True)
class _Asked:
    """What the address asks the list for, in its own words."""

    state: str
    division: str
    show: str
    incomplete: bool
    source: str
    text: str
    order: str
    before: int | None
    due_after: datetime | None
    area: str
    #: The saved view that it is of.
    view: views.ViewFacts | None = None

    @classmethod
    def of_request(cls, actor: Actor, view: views.ViewFacts | None = None) -> "_Asked":
        """Read the query, which comes before what a view asks for; what is unknown in it asks for
        nothing.
        """
        of_view = dict(view.asked) if view else {}
        arguments = MultiDict({**of_view, **request.args.to_dict()})
        return cls(
            state=arguments.get("state", "open"),
            # who works for a division begins with what it owes; who watches all begins with all
            division=arguments.get(
                "division", "mine" if actor.role is workflow.Role.DIVISION else ""
            ),
            # an address with overdue=1 may stand in somebody's bookmarks
            show="overdue" if arguments.get("overdue") == "1" else arguments.get("show", ""),
            incomplete=arguments.get("incomplete") == "1",
            source=arguments.get("source", ""),
            text=arguments.get("q", "").strip(),
            order=arguments.get("order", Order.NEWEST.value),
            before=arguments.get("before", type=_key),
            due_after=arguments.get("due_after", type=_moment),
            view=view,
            area=arguments.get("area", ""),
        )

    @property
    def fields(self) -> dict[str, str]:
        """What a saved view keeps of it."""
        said = {
            "state": self.state,
            "show": self.show,
            "incomplete": "1" if self.incomplete else "",
            "source": self.source,
            "q": self.text,
            "order": self.order,
        }
        return {"division": self.division} | {name: value for name, value in said.items() if value}

    def filters(self, config: Tickets, actor: Actor) -> Filters:
        """Return the same for the service."""
        show = Show(self.show) if self.show in list(Show) else None
        return Filters(
            states=self._states(),
            divisions=self._divisions(config, actor),
            show=show,
            owner=actor.username,
            due_until=days_end(DAYS.get(show, 1)) if show else None,
            incomplete=self.incomplete,
            source=self.source if self.source in SOURCES else None,
            text=self.text,
            before=self.before,
            order=Order(self.order) if self.order in list(Order) else Order.NEWEST,
            due_after=self.due_after,
            area=self.area if self.area in config.areas.areas else None,
        )

    def _states(self) -> frozenset[State]:
        if self.state == "open":
            return OPEN
        return frozenset({State(self.state)}) if self.state in list(State) else frozenset()

    def _divisions(self, config: Tickets, actor: Actor) -> frozenset[str]:
        if self.division == "mine":
            return actor.divisions
        return frozenset({self.division}) if self.division in config.divisions else frozenset()


def days_end(days: int) -> datetime:
    """Return when so many days of the city, today being the first, are over."""
    zone = floor().city.zone
    return clock.midnight(clock.local_day(clock.now(), zone) + timedelta(days=days), zone)


def _key(text: str) -> int:
    """Read a page's key; raises ValueError (and so asks for nothing) for what cannot be one."""
    key = int(text)
    if not 0 < key <= LARGEST_ID:
        raise ValueError(text)
    return key


def _moment(text: str) -> datetime:
    """Read the moment of a page's key; raises ValueError for what is none."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at


def _view(session: Session, actor: Actor) -> views.ViewFacts | None:
    """The saved view that the address names; raises `NoSuchView`."""
    if not request.args.get("view"):
        return None
    view_id = request.args.get("view", 0, type=_key)
    return views.find(session, view_id or 0, current_account().id, actor)


@blueprint.get("/tickets")
@access(*EVERYONE)
def ticket_list() -> ResponseReturnValue:
    """Show the list that the address asks for; one that asks for nothing leads to the view that
    the reader begins with.
    """
    config, actor, now = _config(), acting(), clock.now()
    me = current_account()
    with floor().db.read() as session:
        if not set(request.args) - {"lang"}:
            begins = views.chosen(session, me.id, actor)
            if begins is not None:
                return redirect(
                    url_for("tickets.ticket_list", view=begins, lang=request.args.get("lang"))
                )
        asked = _Asked.of_request(actor, _view(session, actor))
        filters = asked.filters(config, actor)
        most = MOST_FOUND if asked.text else MOST_LISTED
        page, found = search.counted(
            session, replace(filters, before=None), actor, now=now, most=most
        )
        if filters.before is not None:
            page = service.search(session, filters, actor, now=now)
        unread = looks.unread(session, me.id, me.username, [each.id for each in page.tickets])
        owed = service.owed(
            session,
            actor,
            now=now,
            divisions=filters.divisions,
            day_ends=days_end(1),
            ends=[days_end(DAYS[show]) for show in (Show.DAYS_3, Show.DAYS_7)],
        )
        unattended = service.unattended(session, config, now)
        news = sum(each.unseen > 0 for each in watching.watched(session, actor))
        saved = views.of(session, me.id, actor)
        where = places.of_tickets(session, page.tickets)
        callers = callers_of(session, [each.id for each in page.tickets])
    return render_template(
        "tickets/list.html",
        news=news,
        may_move=current_account().role in MOVERS,
        where=where,
        callers=callers,
        place_line=shown.line,
        areas=config.areas.areas,
        area_name=shown.area,
        asked=asked,
        page=_as_listed(actor, page),
        found=found,
        most=most,
        unread=unread,
        saved=saved,
        orders=list(Order),
        counts=_counts(owed),
        owed=owed,
        unattended=unattended,
        # who could not do anything about it need not be alarmed by all of them
        alarmed=current_account().role in ALARMED,
        watches=current_account().role in WATCHERS,
        shows=list(Show),
        config=config,
        actor=actor,
        words=words,
        states=list(State),
        sources=SOURCES,
        may_export=current_account().role in EXPORTERS,
    )


def _as_listed(actor: Actor, page: service.Page) -> service.Page:
    read = [replace(each, text=service.text_for(actor, each, each.text)) for each in page.tickets]
    return replace(page, tickets=read)


def _counts(owed: service.Owed) -> dict[Show, int]:
    """How many there are in the lists beside which that stands, in the order of the page."""
    return {
        Show.MINE: owed.mine,
        Show.UNOWNED: owed.unowned,
        Show.TODAY: owed.today,
        Show.DAYS_3: owed.days_3,
        Show.DAYS_7: owed.days_7,
        Show.OVERDUE: owed.overdue,
    }


@blueprint.get("/tickets.csv")
@access(*EXPORTERS)
def ticket_csv() -> Response:
    """Send the whole list that the address asks for as CSV; callers' numbers are masked in it, also
    in words.
    """
    config, actor, now = _config(), acting(), clock.now()
    with floor().db.read() as session:
        asked = _Asked.of_request(actor, _view(session, actor))
    filters = replace(asked.filters(config, actor), before=None, due_after=None)
    the_floor, columns = floor(), export.columns(config)

    def lines() -> Iterator[str]:
        yield export.heading(columns)
        with the_floor.db.read() as session:
            found = service.every(session, filters, actor, now=now)
            while part := list(islice(found, COUNTED_AT_ONCE)):
                callers = callers_of(session, [ticket.id for ticket in part])
                for ticket in part:
                    yield export.line(columns, ticket, callers[ticket.id])

    day = clock.local_day(now, the_floor.city.zone)
    response = Response(_in_this_context(lines()), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="tickets-{day}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _in_this_context(lines: Iterator[str]) -> Iterator[str]:
    """Keep the request (its language, its floor) alive while the lines are sent."""
    from flask import stream_with_context

    return stream_with_context(lines)


# ------------------------------------------------------------------ one ticket


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
        page = _page(session, ticket, beside=beside)
        told = watching.unseen(session, ticket, acting())
    if unread:
        _looked(me.id, ticket.id, newest)
    if told is not None:
        with floor().db.write() as session:
            watching.saw(session, ticket, acting(), told)
    return page


def _looked(account_id: int, ticket_id: int, event_id: int) -> None:
    """Write down what was read; the page is shown also when the database cannot take that now."""
    try:
        with floor().db.write() as session:
            looks.looked(session, account_id, ticket_id, event_id)
    except OperationalError:
        log.warning("that a ticket was read could not be written down", exc_info=True)


@blueprint.post("/tickets/<number>/move")
@access(*MOVERS)
def move(number: str) -> ResponseReturnValue:
    """Move a ticket. Form: `to`, `result`, `text`, and `from`, the state that the page showed;
    `without_photo` (1) from who may close it without the photo that its category wants.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        seen, to = _state(request.form.get("from")), _state(request.form.get("to"))
        result = request.form.get("result") or None
        service.move(
            session,
            _config(),
            replace(ticket, state=seen),
            to,
            actor=actor,
            result=_result(result),
            text=request.form.get("text", ""),
            without_photo=request.form.get("without_photo") == "1",
            now=now,
        )

    return _changed(number, change)


@blueprint.post("/tickets/<number>/note")
@access(*MOVERS)
def note(number: str) -> ResponseReturnValue:
    """Add an internal note. Form: `text`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.note(
            session,
            _config(),
            ticket,
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return _changed(number, change)


@blueprint.post("/tickets/<number>/wait")
@access(*OWNERS)
def wait(number: str) -> ResponseReturnValue:
    """Let a ticket wait for somebody outside. Form: `for`, `until` (the last day), `text`, and
    `version`, the one that the page showed.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        for_, until = request.form.get("for"), _last_moment(request.form.get("until", ""))
        if for_ not in list(Waiting) or until is None:
            raise BadWait
        service.wait(
            session,
            _config(),
            _as_seen(ticket),
            for_=Waiting(for_),
            until=min(until, now + LONGEST_WAIT),
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return _changed(number, change)


@blueprint.post("/tickets/<number>/resume")
@access(*OWNERS)
def resume(number: str) -> ResponseReturnValue:
    """End the waiting. Form: `version`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.resume(session, _config(), _as_seen(ticket), actor=actor, now=now)

    return _changed(number, change)


@blueprint.post("/tickets/<number>/assign")
@access(*OWNERS)
def assign(number: str) -> ResponseReturnValue:
    """Say who does it. Form: `owner` (a username, or empty), `text`, `version`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.assign(
            session,
            _config(),
            _as_seen(ticket),
            to=request.form.get("owner") or None,
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return _changed(number, change)


@blueprint.post("/tickets/<number>/route")
@access(*MOVERS)
def route(number: str) -> ResponseReturnValue:
    """Change what it is and whose. Form: `category`, `priority`, `division` (empty: as the category
    has it), `text`, `version`.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        priority = request.form.get("priority", "")
        service.route(
            session,
            _config(),
            _as_seen(ticket),
            category=request.form.get("category"),
            priority=Priority(priority) if priority in list(Priority) else ticket.priority,
            division=request.form.get("division") or None,
            text=request.form.get("text", ""),
            actor=actor,
            now=now,
        )

    return _changed(number, change)


def _as_seen(ticket: TicketFacts) -> TicketFacts:
    """Return the ticket in the version that the page showed; without one it is nobody's version."""
    return replace(ticket, version=request.form.get("version", 0, type=int))


def _last_moment(text: str) -> datetime | None:
    """Return when the day (ISO) that stands in a form is over; None when it is no day."""
    zone = floor().city.zone
    try:
        return clock.midnight(date.fromisoformat(text) + timedelta(days=1), zone)
    except (ValueError, OverflowError):
        return None


@blueprint.post("/tickets/<number>/complete")
@access(*DESK)
def complete(number: str) -> ResponseReturnValue:
    """Say what an incomplete ticket was about.

    Form: `outcome`, `category`, `text`, and `ticket`, the number for an outcome that links.
    """

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        service.complete(
            session,
            _config(),
            ticket,
            outcome=request.form.get("outcome", ""),
            category=request.form.get("category"),
            text=request.form.get("text", ""),
            ticket_number=request.form.get("ticket"),
            actor=actor,
            now=now,
        )

    return _changed(number, change)


def _changed(number: str, change: Any) -> ResponseReturnValue:
    """Make one change in one unit of work; a refusal is said on the page, with what was typed."""
    actor, now = acting(), clock.now()
    try:
        with floor().db.write() as session:
            ticket = service.by_number_for(session, number, actor)
            change(session, ticket, actor, now)
            stays = service.may_read(actor, service.by_number(session, ticket.number))
    except (Invalid, Conflict, NotYours) as error:
        with floor().db.read() as session:
            ticket = service.by_number_for(session, number, actor)
            return make_response(_page(session, ticket, error), error.status)
    if not stays:  # a private matter has gone to where it belongs
        return redirect(url_for("tickets.ticket_list"), 303)
    return redirect(url_for("tickets.ticket_page", number=ticket.number), 303)


def refused(number: str, error: HotlineError) -> Response:
    """Show the page of a ticket with why something was not done."""
    with floor().db.read() as session:
        ticket = service.by_number_for(session, number, acting())
        return make_response(_page(session, ticket, error), error.status)


#: For the other pages of a ticket's life (`tickets.life`), which change it in the same way.
changed, as_seen, last_moment = _changed, _as_seen, _last_moment


def _state(text: str | None) -> State:
    if text not in list(State):
        raise Invalid(text="tickets.error.no_such_move")
    return State(text)


def _result(text: str | None) -> Result | None:
    if text is None:
        return None
    if text not in list(Result):
        raise Invalid(text="tickets.error.result_wrong")
    return Result(text)


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


def _page(
    session: Session,
    ticket: TicketFacts,
    error: HotlineError | None = None,
    *,
    shown_caller: str = "",
    beside: bool = False,
) -> str:
    config, actor, now = _config(), acting(), clock.now()
    ticket, story = _as_read(actor, ticket, service.story(session, ticket.id))
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
        shown_name=_name_shown(actor, ticket),
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


def _as_read(
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


def _name_shown(actor: Actor, ticket: TicketFacts) -> Callable[[str], str]:
    """Return how the names of a ticket's callers are shown: whole to who sees their numbers."""
    return str if service.may_see_caller(actor, ticket) else masked_name


# ------------------------------------------------------------------ fragments


@blueprint.get("/tickets/<number>/row")
@access(*EVERYONE)
def row_of_list(number: str) -> ResponseReturnValue:
    """Show, as a fragment, a ticket's row of the list as it stands now."""
    config, actor, now, me = _config(), acting(), clock.now(), current_account()
    with floor().db.read() as session:
        ticket = service.by_number_for(session, number, actor)
        values = {
            "unread": looks.unread(session, me.id, me.username, [ticket.id]),
            "unattended": service.unattended(session, config, now),
            "where": places.of_tickets(session, [ticket]),
            "callers": callers_of(session, [ticket.id]),
        }
    return fragment(
        "tickets/listed.html",
        ticket=replace(ticket, text=service.text_for(actor, ticket, ticket.text)),
        may_move=me.role in MOVERS,
        place_line=shown.line,
        config=config,
        words=words,
        **values,
    )


@blueprint.get(f"/tickets/of-call/<int(max={LARGEST_ID}):call_id>")
@access(*EVERYONE)
def of_call(call_id: int) -> str:
    """Show, as a fragment, the ticket of a call."""
    with floor().db.read() as session:
        ticket = service.ticket_of_call(session, call_id)
    if ticket is not None and not service.may_read(acting(), ticket):
        ticket = None
    return render_template("tickets/of_call.html", ticket=ticket, config=_config(), words=words)


@blueprint.get("/tickets/near-caller")
@access(*ANSWERS)
def near_caller() -> str:
    """Show, as a fragment, the earlier tickets of the caller of an offer (`offer`, its id) that the
    reader has at hand.
    """
    with floor().db.read() as session:
        found = service.near_caller(session, number_at_hand(session), acting())
    return render_template("tickets/near_caller.html", found=found, config=_config(), words=words)


def number_at_hand(session: Session) -> str:
    """Return the number of the caller whom the address asks about, empty when it is withheld."""
    ask: NumberAtHand = current_app.extensions[NUMBER_AT_HAND]
    return ask(session, request.args.get("offer", 0, type=int))


# ------------------------------------------------------------------ JSON


@blueprint.get("/api/tickets/<number>")
@access(*EVERYONE)
def api_ticket(number: str) -> Response:
    """Return one ticket and its story."""
    actor, now = acting(), clock.now()
    with floor().db.read() as session:
        ticket = service.by_number_for(session, number, actor)
        ticket, story = _as_read(actor, ticket, service.story(session, ticket.id))
        calls = service.calls_of(session, ticket.id)
        called = persons.of_ticket(session, ticket.id)
        where = places.of_ticket(session, ticket)
        callers = callers_of(session, [ticket.id])[ticket.id]
    shown_name = _name_shown(actor, ticket)
    return jsonify(
        number=ticket.number,
        number_shown=ticket.number_shown,
        kind=ticket.kind,
        state=ticket.state,
        category=ticket.category,
        division=ticket.division,
        owner=ticket.owner,
        priority=ticket.priority,
        text=ticket.text,
        language=ticket.language,
        # whole only by POST …/caller, which writes down who saw it
        caller=masked(ticket.caller_number) if ticket.caller_number else None,
        contact=ticket.contact,
        hide_name=ticket.hide_name,
        source=ticket.source,
        received_at=_iso(ticket.received_at),
        due_at=_iso(ticket.due_at),
        closed_at=_iso(ticket.closed_at),
        result=ticket.result,
        incomplete=ticket.incomplete,
        overdue=ticket.is_overdue(now),
        acknowledge_due_at=_iso(ticket.acknowledge_due_at),
        acknowledged_at=_iso(ticket.acknowledged_at),
        update_due_at=_iso(ticket.update_due_at),
        waiting_for=ticket.waiting_for,
        waiting_until=_iso(ticket.waiting_until),
        escalation=ticket.escalation,
        unread_since=_iso(ticket.unread_since),
        reopened=ticket.reopened,
        version=ticket.version,
        area=ticket.area,
        place=where.told(),
        calls=calls,
        callers=callers,
        persons=[shown_name(each.name) for each in called],
        events=[
            {"at": _iso(event.at), "who": event.who, "kind": event.kind, "data": event.data}
            for event in story
        ],
    )


@blueprint.get("/api/outcomes")
@access(*EVERYONE)
def api_outcomes() -> Response:
    """Return what a call can end with, and the categories to choose from."""
    config = _config()
    return jsonify(
        outcomes=[
            {
                "id": outcome.id,
                "key": outcome.key,
                "title": outcome.title.root,
                "makes": outcome.makes,
                "kind": outcome.kind,
                "category": outcome.category,
                "default": outcome.default,
            }
            for outcome in config.outcomes
        ],
        categories=[
            {"id": id_, "title": each.title.root, "division": each.division}
            for id_, each in config.categories.items()
        ],
    )


#: For the acts on this page that stand in modules of their own.
changed, page = _changed, _page


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
