"""The pages of incidents: what is proposed and open, one with all its tickets, and what the desk
and the floor are told of it.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from flask import (
    Blueprint,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import Role, access
from hotline.errors import Conflict, Forbidden, HotlineError, Invalid, NotFound
from hotline.jobs import SOON
from hotline.web import floor, fragment, language
from tickets import service as tickets
from tickets import words
from tickets.config import Tickets
from tickets.errors import BadPlace, NothingChanged
from tickets.facts import Actor, TicketFacts
from tickets.files import service as files
from tickets.files.rules import Kind as FileKind
from tickets.incidents import gathering, jobs, looking, service, works
from tickets.incidents.looking import IncidentFacts, Member, State
from tickets.incidents.service import Change
from tickets.incidents.works import What
from tickets.matters import service as matters
from tickets.places import shown
from tickets.places.rules import Pin
from tickets.units import service as units
from tickets.units import view
from tickets.web import ANSWERS, LARGEST_ID, acting, spoken_languages
from tickets.workflow import Result

#: Its templates are the room's.
blueprint = Blueprint("incidents", __name__)
SEES = (Role.AGENT, Role.SUPERVISOR, Role.DIVISION, Role.MANAGER, Role.ADMINISTRATOR)
ACTS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
#: What a room above it tells callers about an incident: (title, address, whether it is on air now)
#: of each. Bulletins are that room's, so `hotline/pages.py` wires it in.
BULLETINS: Final = "tickets.incident_bulletins"
Bulletins = Callable[[Session, int, datetime], Sequence[tuple[str, str, bool]]]
_ONE: Final = f"/tickets/incidents/<int(max={LARGEST_ID}):incident_id>"
#: How a bulletin of one would end, if nobody says otherwise.
BULLETIN_FOR: Final = timedelta(hours=4)
#: With what an incident can end.
RESULTS: Final = (Result.FIXED, Result.CANNOT_FIX, Result.NOT_FOUND, Result.OTHER)
_LOCAL_FORM: Final = "%Y-%m-%dT%H:%M"
#: So many are shown on the desk and on the floor.
SHOWN: Final = 3
#: So many units are suggested for one.
UNITS: Final = 3


def _config() -> Tickets:
    return floor().section(Tickets)


@blueprint.app_context_processor
def _of_ticket() -> dict[str, Any]:
    return {"incident_of": incident_of}


def incident_of(ticket: TicketFacts) -> IncidentFacts | None:
    """Return the incident that a ticket is part of, for its page."""
    with floor().db.read() as session:
        return looking.of_ticket(session, ticket.id)


# ------------------------------------------------------------------ the list


@blueprint.get("/tickets/incidents")
@access(*SEES)
def incident_list() -> str:
    """Show the incidents: those that are proposed and open in front."""
    return _list()


def _list(error: HotlineError | None = None) -> str:
    with floor().db.read() as session:
        found = looking.listing(session)
    return render_template(
        "tickets/incidents.html",
        found=found,
        may_act=service.may_act(acting()),
        limits=_config().incidents,
        error=error,
        typed=request.form,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"config": _config(), "words": words, "map_of": shown.map_of(_config())}


@blueprint.post("/tickets/incidents")
@access(*ACTS)
def make() -> ResponseReturnValue:
    """Make an incident of tickets. Form: `tickets`, their numbers."""
    actor, now = acting(), clock.now()
    numbers = request.form.get("tickets", "").replace(",", " ").split()
    try:
        with floor().db.write() as session:
            chosen = [tickets.by_number_for(session, each, actor) for each in numbers[:200]]
            made = service.open_by_hand(session, _config(), chosen, actor=actor, now=now)
    except (Invalid, NotFound) as error:
        return make_response(_list(error), 422)
    return redirect(url_for("incidents.page", incident_id=made), 303)


# ------------------------------------------------------------------ one of them


@blueprint.get(_ONE)
@access(*SEES)
def page(incident_id: int) -> str:
    """Show an incident: where, its tickets, its callers, what was done."""
    return _page(incident_id)


def _page(incident_id: int, error: HotlineError | None = None) -> str:
    config, actor, now = _config(), acting(), clock.now()
    with floor().db.read() as session:
        incident = looking.find(session, incident_id)
        members = looking.members(session, config, incident, actor)
        story = looking.story(session, incident_id)
        whole = looking.may_see_callers(session, incident_id, actor)
        done = works.of_incident(session, incident_id)
        left = {each.id: works.left_out(session, each.id) for each in done if each.left}
        people = {each.who for each in story} | {each.by for each in done}
        names = tickets.names_of(session, people | {incident.opened_by or ""})
        taken_out = looking.removed(session, incident_id, actor)
        needs_photo = _needs_photo(session, members)
        unknown = matters.unknown_of(session, looking.member_ids(session, incident_id))
        sent = units.of_tickets(session, [each.ticket.id for each in members])
        goal = looking.nearest_open(members)
        fleet = {each.code: each for each in units.units(session)}
        next_ = units.suggestions(session, config, goal.ticket, now) if goal else []
        ask: Bulletins | None = current_app.extensions.get(BULLETINS)
        bulletins = ask(session, incident_id, now) if ask else []
    return render_template(
        "tickets/incident.html",
        incident=incident,
        unknown=unknown,
        members=members,
        astray=sum(each.astray for each in members),
        differing=sum(each.differs for each in members),
        unpinned=sum(each.pin is None for each in members),
        still_open=sum(each.ticket.is_open for each in members),
        numbers=_numbers(story, members, taken_out),
        story=story,
        text_for=lambda text: looking.text_for(text, whole=whole),
        works=done,
        left=left,
        names=names,
        taken_out=taken_out,
        needs_photo=needs_photo,
        sent=sent,
        goal=goal,
        fleet=fleet,
        suggestions=next_[:UNITS],
        units_view=view,
        bulletins=bulletins,
        may_act=service.may_act(actor),
        may_undo={each.id for each in done if each.may_be_undone(actor, now)},
        undo_minutes=works.UNDO_FOR // timedelta(minutes=1),
        told=_texts(config.incidents.told, incident),
        closed=_texts(config.incidents.closed, incident),
        bulletin_ends=_local(now + BULLETIN_FOR),
        over_at=_local(now),
        now=now,
        spoken_languages=spoken_languages(),
        results=RESULTS,
        street=lambda id_: gathering.street_title(config, id_, language()),
        metres=shown.metres,
        key=secrets.token_urlsafe(12),
        #: What was asked to be looked at before it is done.
        doing=request.values.get("do", ""),
        error=error,
        typed=request.form,
        **_words(),
    )


def _needs_photo(session: Session, members: Sequence[Member]) -> bool:
    """Say whether one photo of what was done is wanted before these can be closed as fixed."""
    wanting = [
        each.ticket
        for each in members
        if each.ticket.is_open
        and (known := _config().categories.get(each.ticket.category or ""))
        and known.after_photo
    ]
    if not wanting:
        return False
    return files.after_photo_of(session, [each.ticket.id for each in members]) is None


def _numbers(
    story: Sequence[looking.Happened],
    members: Sequence[Member],
    taken_out: Sequence[TicketFacts],
) -> dict[int, str]:
    """The numbers of the tickets that the story tells of and the reader may know, by their ids."""
    known = [*(each.ticket for each in members), *taken_out]
    ids = {id_ for each in story for id_ in each.data.get("tickets", ())}
    return {each.id: each.number for each in known if each.id in ids}


def _texts(text: Any, incident: IncidentFacts) -> dict[str, str]:
    """What stands ready, in each language of callers."""
    if text is None:
        return {}
    return {
        code: text.for_(code).replace("{title}", incident.title(code))
        for code in spoken_languages()
        if code in text.root
    }


def _local(at: datetime) -> str:
    return f"{clock.local(at, floor().city.zone):{_LOCAL_FORM}}"


def _moment(text: str) -> datetime | None:
    try:
        local = datetime.fromisoformat(text)
        return clock.utc(local.replace(tzinfo=floor().city.zone))
    except (ValueError, OverflowError):
        return None


@blueprint.get(f"{_ONE}/map")
@access(*SEES)
def map_of_members(incident_id: int) -> Response:
    """Return the pins of an incident's tickets, as GeoJSON; `late`: it is too far off."""
    config = _config()
    with floor().db.read() as session:
        incident = looking.find(session, incident_id)
        members = looking.members(session, config, incident, acting())
    return jsonify(
        type="FeatureCollection",
        features=[_feature(each, each.pin) for each in members if each.pin],
    )


def _feature(member: Member, pin: Pin) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [pin.longitude, pin.latitude]},
        "properties": {
            "number": member.ticket.number_shown,
            "url": url_for("tickets.ticket_page", number=member.ticket.number),
            "title": words.about(_config(), member.ticket),
            "late": member.astray,
        },
    }


# ------------------------------------------------------------------ what is done with it

_Change = Callable[[Session, Actor, datetime], int | None]


def _changed(incident_id: int, change: _Change) -> ResponseReturnValue:
    """Make a change; where it begins a work, do as much of it as fits into a request."""
    actor, now = acting(), clock.now()
    try:
        with floor().db.write() as session:
            work = change(session, actor, now)
    except (Invalid, Conflict, Forbidden) as error:
        return make_response(_page(incident_id, error), error.status)
    if work is not None and not works.carry_on(floor(), work, now, steps=works.AT_ONCE):
        floor().jobs.enqueue(jobs.CARRY_ON, work, queue=SOON)
    return redirect(url_for("incidents.page", incident_id=incident_id), 303)


@blueprint.post(f"{_ONE}/confirm")
@access(*ACTS)
def confirm(incident_id: int) -> ResponseReturnValue:
    """It has happened."""

    def change(session: Session, actor: Actor, now: datetime) -> None:
        service.confirm(session, incident_id, actor=actor, now=now)

    return _changed(incident_id, change)


@blueprint.post(f"{_ONE}/dismiss")
@access(*ACTS)
def dismiss(incident_id: int) -> ResponseReturnValue:
    """It is nothing. Form: `text` (why)."""

    def change(session: Session, actor: Actor, now: datetime) -> None:
        text = request.form.get("text", "")
        service.dismiss(session, incident_id, text=text, actor=actor, now=now)

    return _changed(incident_id, change)


@blueprint.post(f"{_ONE}/change")
@access(*ACTS)
def change(incident_id: int) -> ResponseReturnValue:
    """Say what it is and where instead. Form: `title.th`, `title.en`, `category`, `division`,
    `latitude`, `longitude`, `metres`, `version`.
    """

    def of_form(session: Session, actor: Actor, now: datetime) -> None:
        form = request.form
        titles = {code: form.get(f"title.{code}", "").strip() for code in ("th", "en")}
        asked = Change(
            titles=titles,
            category=form.get("category") or None,
            division=form.get("division") or None,
            centre=_centre(form),
            metres=min(max(form.get("metres", 0, type=int), 50), 5000),
        )
        seen = form.get("version", 0, type=int)
        service.change(session, _config(), incident_id, asked, version=seen, actor=actor, now=now)

    return _changed(incident_id, of_form)


def _centre(form: Mapping[str, str]) -> Pin | None:
    latitude, longitude = form.get("latitude", "").strip(), form.get("longitude", "").strip()
    if not latitude and not longitude:
        return None
    try:
        return Pin.of(float(latitude), float(longitude))
    except ValueError as error:
        raise BadPlace("coordinates", f"{latitude} {longitude}") from error


@blueprint.post(f"{_ONE}/add")
@access(*ACTS)
def add(incident_id: int) -> ResponseReturnValue:
    """Make a ticket part of it. Form: `ticket` (its number)."""
    return _changed(incident_id, _with_ticket(incident_id, service.add))


@blueprint.post(f"{_ONE}/remove")
@access(*ACTS)
def remove(incident_id: int) -> ResponseReturnValue:
    """Take a ticket out of it. Form: `ticket` (its number)."""
    return _changed(incident_id, _with_ticket(incident_id, service.remove))


def _with_ticket(incident_id: int, verb: Callable[..., None]) -> _Change:
    def change(session: Session, actor: Actor, now: datetime) -> None:
        try:
            ticket = tickets.by_number_for(session, request.form.get("ticket", ""), actor)
        except NotFound as error:
            # one that is not there is a fault of the form, and not of the address
            raise Invalid(text=error.text_key, **error.values) from error
        verb(session, _config(), incident_id, ticket, actor=actor, now=now)

    return change


def _key(what: str) -> str:
    return f"{request.form.get('key', '')[:40] or secrets.token_urlsafe(12)} {what}"


@blueprint.post(f"{_ONE}/categories")
@access(*ACTS)
def categories(incident_id: int) -> ResponseReturnValue:
    """Put the category and division of all its tickets right. Form: `key` of the form."""
    return _changed(incident_id, _begins(incident_id, What.CATEGORIES))


@blueprint.post(f"{_ONE}/pins")
@access(*ACTS)
def pins(incident_id: int) -> ResponseReturnValue:
    """Repair the pins that are too far off. Form: `key` of the form."""
    return _changed(incident_id, _begins(incident_id, What.PINS))


def _begins(incident_id: int, what: What) -> _Change:
    def change(session: Session, actor: Actor, now: datetime) -> int:
        key = _key(what)
        return works.begin(session, incident_id, what, {}, key=key, actor=actor, now=now)

    return change


@blueprint.post(f"{_ONE}/unit")
@access(*ACTS)
def send_unit(incident_id: int) -> ResponseReturnValue:
    """Send a unit to the ticket that is nearest to the middle. Form: `unit` (a code), `key`,
    `another`: besides the one that is there, which its sender has seen; of two who send the first
    at once one wins.
    """

    def change(session: Session, actor: Actor, now: datetime) -> None:
        incident = looking.find(session, incident_id)
        goal = looking.nearest_open(looking.members(session, _config(), incident, actor))
        if goal is None:
            raise NothingChanged
        units.dispatch(
            session,
            _config(),
            request.form.get("unit", ""),
            goal.ticket.number,
            by=actor,
            now=now,
            another="another" in request.form,
            key=request.form.get("key") or None,
        )

    return _changed(incident_id, change)


@blueprint.post(f"{_ONE}/tell")
@access(*ACTS)
def tell(incident_id: int) -> ResponseReturnValue:
    """Write to every caller. Form: `text.th`, `text.en` and those of other languages, `key`."""

    def change(session: Session, actor: Actor, now: datetime) -> int:
        key, texts = _key(What.TOLD), _typed_texts()
        return works.tell_everybody(session, incident_id, texts, key=key, actor=actor, now=now)

    return _changed(incident_id, change)


def _typed_texts() -> dict[str, str]:
    return {code: request.form.get(f"text.{code}", "") for code in spoken_languages()}


@blueprint.post(f"{_ONE}/end")
@access(*ACTS)
def end(incident_id: int) -> ResponseReturnValue:
    """It is over: close all its tickets. Form: `result`, `text.th` and so on, `over_at` (in the
    city's time), `photo` of what was done, `key`.
    """
    result = request.form.get("result", "")
    if result not in RESULTS:
        raise Invalid("result: is none of them")
    try:
        _take_photo(incident_id)
    except (Invalid, Conflict, Forbidden) as error:
        return make_response(_page(incident_id, error), error.status)

    def change(session: Session, actor: Actor, now: datetime) -> int:
        return works.end(
            session,
            _config(),
            incident_id,
            Result(result),
            _typed_texts(),
            at=_moment(request.form.get("over_at", "")),
            key=_key(What.ENDING),
            actor=actor,
            now=now,
        )

    return _changed(incident_id, change)


def _take_photo(incident_id: int) -> None:
    """Give a photo of what was done to one of its tickets: from there it is that of all."""
    sent = request.files.get("photo")
    if sent is None or not sent.filename:
        return
    config, actor, now = _config(), acting(), clock.now()
    received = files.receive(
        floor(), config.files, sent.read(), kind=FileKind.AFTER, name=sent.filename, now=now
    )
    with floor().db.write() as session:
        incident = looking.find(session, incident_id)
        members = looking.members(session, config, incident, actor)
        first = next((each.ticket for each in members[::-1] if each.ticket.is_open), None)
        if first is not None:
            files.add(session, config.files, first, received, actor=actor, now=now)


@blueprint.post(f"{_ONE}/works/<int(max={LARGEST_ID}):work_id>/undo")
@access(*ACTS)
def undo(incident_id: int, work_id: int) -> ResponseReturnValue:
    """Take back what was done with all of them, where nobody has done otherwise since."""

    def change(session: Session, actor: Actor, now: datetime) -> int:
        return works.undo(session, work_id, actor=actor, now=now)

    return _changed(incident_id, change)


# ------------------------------------------------------------------ what others are told


@blueprint.get("/tickets/incidents/known")
@access(*ANSWERS)
def known() -> ResponseReturnValue:
    """Show, as a fragment for the desk, what has happened, and what to say of it."""
    config = _config()
    with floor().db.read() as session:
        found = [each for each in looking.live(session) if each.state is State.OPEN][:SHOWN]
        say = {
            each.id: works.last_told(session, each.id) or _texts(config.incidents.told, each)
            for each in found
        }
    return fragment("tickets/_incidents_known.html", found=found, say=say)


@blueprint.get("/tickets/incidents/alarm")
@access(*SEES, screen=True)
def alarm() -> ResponseReturnValue:
    """Show, as a fragment for the floor and the wallboard, what is proposed and what is open."""
    with floor().db.read() as session:
        found = looking.live(session)[:SHOWN]
    return fragment("tickets/_incidents_alarm.html", found=found)
