"""The inbox: the list that an address asks for, a row of it, and all of it as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from hotline import clock
from hotline.auth import EVERYONE, access, current_account
from hotline.web import floor, fragment
from tickets import export, search, service, words, workflow
from tickets.config import Tickets
from tickets.facts import SOURCES
from tickets.inbox import looks, views
from tickets.life import watching
from tickets.matters.service import callers_of
from tickets.places import service as places
from tickets.places import shown
from tickets.search import DAYS, Order
from tickets.service import Actor, Filters, Show
from tickets.web.shared import (
    ALARMED,
    EXPORTERS,
    LARGEST_ID,
    MOVERS,
    WATCHERS,
    acting,
    blueprint,
    section,
)
from tickets.workflow import OPEN, State

#: So many tickets of a list are counted, and of those with certain words.
MOST_LISTED, MOST_FOUND = 10_000, 100
#: Of so many lines of a spreadsheet at once the callers are counted.
COUNTED_AT_ONCE = 500


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
    config, actor, now = section(), acting(), clock.now()
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
        news = watching.news(session, actor)
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
    config, actor, now = section(), acting(), clock.now()
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
                names = service.names_of(session, {ticket.owner or "" for ticket in part})
                for ticket in part:
                    named = replace(ticket, owner=names.get(ticket.owner or "", ticket.owner))
                    yield export.line(columns, named, callers[ticket.id])

    day = clock.local_day(now, the_floor.city.zone)
    response = Response(_in_this_context(lines()), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="tickets-{day}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _in_this_context(lines: Iterator[str]) -> Iterator[str]:
    """Keep the request (its language, its floor) alive while the lines are sent."""
    from flask import stream_with_context

    return stream_with_context(lines)


@blueprint.get("/tickets/<number>/row")
@access(*EVERYONE)
def row_of_list(number: str) -> ResponseReturnValue:
    """Show, as a fragment, a ticket's row of the list as it stands now."""
    config, actor, now, me = section(), acting(), clock.now(), current_account()
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
