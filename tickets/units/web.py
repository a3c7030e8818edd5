"""The dispatch board, the pages of units, and what is pressed on a ticket's page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import Role, access, current_account
from hotline.errors import Conflict, HotlineError, Invalid, NotFound
from hotline.web import floor, language, stream, t
from tickets import service as tickets
from tickets import words
from tickets.config import Tickets
from tickets.errors import NotYours
from tickets.facts import Actor, TicketFacts
from tickets.places import shown
from tickets.units import fleet, rules, service, view
from tickets.units.errors import JobsChanged
from tickets.units.facts import UnitFacts
from tickets.units.fleet import UnitDraft
from tickets.units.rules import Act, Standing
from tickets.web import LARGEST_ID, acting, changed

#: Its templates are the room's.
blueprint = Blueprint("units", __name__)
SENDERS = (Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR)
ASKERS = (Role.AGENT, *SENDERS)
WATCHERS = (*ASKERS, Role.MANAGER)
KEEPERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
_JOB = f"/tickets/units/jobs/<int(max={LARGEST_ID}):dispatch_id>"


def _config() -> Tickets:
    return floor().section(Tickets)


# ------------------------------------------------------------------ the board


@blueprint.get("/tickets/units")
@access(*WATCHERS)
def board() -> str:
    """Show what waits for a unit, with who would go, and all units with their jobs."""
    return _board()


@blueprint.get("/tickets/units/board")
@access(*WATCHERS)
def board_part() -> str:
    """The same without the page around it, for a page that is open."""
    return render_template("tickets/units/_board.html", **_shown())


def _board(error: HotlineError | None = None) -> str:
    config = _config()
    return render_template(
        "tickets/units/board.html",
        error=error,
        map_of=shown.map_of(config),
        listens=stream(),
        may_keep=current_account().role in KEEPERS,
        **_shown(),
    )


def _shown() -> dict[str, Any]:
    config, actor, now = _config(), acting(), clock.now()
    with floor().db.read() as session:
        found = service.board(session, config, actor, now)
        people = {each.asked_by for each in found.waiting if each.asked_by}
        names = tickets.names_of(session, people)
        next_ = {
            each.id: service.suggestions(session, config, found.tickets[each.ticket_id], now)
            for each in found.late
            if each.ticket_id in found.tickets
        }
    by_code = {each.code: each for each in found.units}
    return {
        "board": found,
        "by_code": by_code,
        "in_use": [each for each in found.units if each.active],
        "instead": {
            id_: next((each for each in them if each.is_first_choice), None)
            for id_, them in next_.items()
        },
        "counts": {
            each: sum(one.standing is each for one in found.units if one.active)
            for each in Standing
        },
        "may_send": lambda ticket: service.may_send(actor, ticket),
        "names": names,
        "config": config,
        "words": words,
        "line": lambda place: shown.line(config, place),
        "units_view": view,
        "old_after": config.units.old_after,
        "now": now,
        "actor": actor,
        "sends": actor.role in rules.SENDERS,
    }


@blueprint.get("/api/units")
@access(*WATCHERS)
def api_units() -> Response:
    """Return where units are, as GeoJSON: those in use of which a place is known."""
    now = clock.now()
    with floor().db.read() as session:
        found = service.units(session)
    return jsonify(
        type="FeatureCollection",
        features=[_feature(each, now) for each in found if each.active and each.position],
    )


def _feature(unit: UnitFacts, now: Any) -> dict[str, Any]:
    assert unit.position is not None
    at = unit.position.pin
    old = now - unit.position.at > _config().units.old_after
    said = view.position(now - unit.position.at, old=old)
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [at.longitude, at.latitude]},
        "properties": {
            "unit": unit.code,
            "call_sign": unit.call_sign,
            "standing": unit.standing.value,
            "title": f"{t(f'tickets.unit.standing.{unit.standing}')} · {said}",
            "url": url_for("units.unit_page", code=unit.code),
            "old": old,
        },
    }


# ------------------------------------------------------------------ at a ticket


@blueprint.post("/tickets/<number>/units")
@access(*SENDERS)
def send(number: str) -> ResponseReturnValue:
    """Send a unit. Form: `unit` (a code), `note`, `another`, `key`; `back` = `board`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: Any) -> None:
        service.dispatch(
            session,
            _config(),
            request.form.get("unit", ""),
            ticket.number,
            by=actor,
            now=now,
            note=request.form.get("note", ""),
            another="another" in request.form,
            key=_key(),
        )

    if request.form.get("back") == "board":
        return _from_board(number, change)
    return changed(number, change)


@blueprint.post("/tickets/<number>/units/ask")
@access(*ASKERS)
def ask(number: str) -> ResponseReturnValue:
    """Ask for a unit. Form: `text`."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: Any) -> None:
        service.ask(session, ticket, text=request.form.get("text", ""), by=actor, now=now)

    return changed(number, change)


@blueprint.post("/tickets/<number>/units/unask")
@access(*ASKERS)
def unask(number: str) -> ResponseReturnValue:
    """Take that back."""

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: Any) -> None:
        service.unask(session, ticket, by=actor, now=now)

    return changed(number, change)


def _key() -> str | None:
    return request.form.get("key") or None


def _from_board(number: str, change: Callable[..., None]) -> ResponseReturnValue:
    actor, now = acting(), clock.now()
    try:
        with floor().db.write() as session:
            change(session, tickets.by_number_for(session, number, actor), actor, now)
    except (Invalid, Conflict, NotYours) as error:
        return make_response(_board(error), error.status)
    return redirect(url_for("units.board"), 303)


# ------------------------------------------------------------------ a job


@blueprint.post(f"{_JOB}/<act>")
@access(*SENDERS)
def say(dispatch_id: int, act: str) -> ResponseReturnValue:
    """Say in a crew's stead what it says by radio, or recall it, or hand its job over. Form:
    `note`, `key`, `to_unit` of `hand_over`, `back`: a ticket's number, or the board.
    """
    if act not in {*service.SAID, Act.HAND_OVER}:
        raise NotFound
    back = request.form.get("back", "board")

    def change(session: Session, _ticket: TicketFacts, actor: Actor, now: Any) -> None:
        job = (session, _config(), dispatch_id)
        said: Any = {"by": actor, "now": now, "note": request.form.get("note", ""), "key": _key()}
        if act == Act.HAND_OVER:
            service.hand_over(*job, to_unit=request.form.get("to_unit", ""), **said)
        else:
            service.say(*job, Act(act), **said)

    with floor().db.read() as session:
        number = service.job(session, dispatch_id).ticket_number
    if back != "board":
        return changed(number, change)
    return _from_board(number, change)


@blueprint.post("/tickets/units/<code>/order")
@access(*SENDERS)
def order(code: str) -> ResponseReturnValue:
    """Move a job one up. Form: `up` (its id)."""
    up, actor, now = request.form.get("up", 0, type=int), acting(), clock.now()
    try:
        with floor().db.write() as session:
            ids = [each.id for each in service.unit(session, code).jobs]
            if up not in ids:
                raise JobsChanged
            n = ids.index(up)
            if n:
                ids[n - 1 : n + 1] = [ids[n], ids[n - 1]]
            service.reorder(session, code, ids, by=actor, now=now)
    except (Conflict, NotYours) as error:
        return make_response(_board(error), error.status)
    return redirect(url_for("units.board"), 303)


# ------------------------------------------------------------------ the fleet


@blueprint.get("/tickets/units/new")
@access(*KEEPERS)
def new_unit() -> str:
    """Show the form of a new unit."""
    return _unit_form(None)


@blueprint.post("/tickets/units/new")
@access(*KEEPERS)
def make_unit() -> ResponseReturnValue:
    """Make a unit. Form: `code`, and as a change of one."""
    code = request.form.get("code", "").strip()
    try:
        with floor().db.write() as session:
            fleet.make(session, _config(), code, _draft(), **_by())
    except (Invalid, Conflict) as error:
        return make_response(_unit_form(None, error), error.status)
    return redirect(url_for("units.unit_page", code=code), 303)


@blueprint.get("/tickets/units/<code>")
@access(*WATCHERS)
def unit_page(code: str) -> str:
    """Show a unit: who is on it, its jobs, and to who may the forms."""
    with floor().db.read() as session:
        found = service.unit(session, code)
    return _unit_form(found)


@blueprint.post("/tickets/units/<code>")
@access(*KEEPERS)
def change_unit(code: str) -> ResponseReturnValue:
    """Change a unit. Form: `call_sign`, `title_th`, `title_en`, `divisions`, `languages`,
    `telephone`, `active`, `version`.
    """

    def change(session: Session) -> None:
        version = request.form.get("version", 0, type=int)
        fleet.change(session, _config(), code, _draft(), version=version, **_by())

    return _changed_unit(code, change)


@blueprint.post("/tickets/units/<code>/on")
@access(*KEEPERS)
def put_on(code: str) -> ResponseReturnValue:
    """Put somebody on a unit. Form: `username`."""
    username = request.form.get("username", "")
    return _changed_unit(code, lambda session: fleet.put_on(session, code, username, **_by()))


@blueprint.post("/tickets/units/<code>/off")
@access(*KEEPERS)
def take_off(code: str) -> ResponseReturnValue:
    """Take somebody off a unit. Form: `username`."""
    username = request.form.get("username", "")
    return _changed_unit(code, lambda session: fleet.take_off(session, code, username, **_by()))


def _changed_unit(code: str, change: Callable[[Session], Any]) -> ResponseReturnValue:
    try:
        with floor().db.write() as session:
            change(session)
    except (Invalid, Conflict) as error:
        with floor().db.read() as session:
            found = service.unit(session, code)
        return make_response(_unit_form(found, error), error.status)
    return redirect(url_for("units.unit_page", code=code), 303)


def _by() -> dict[str, Any]:
    return {"actor": acting(), "by": current_account(), "now": clock.now()}


def _draft() -> UnitDraft:
    form = request.form
    return UnitDraft(
        call_sign=form.get("call_sign", ""),
        title={each: form.get(f"title_{each}", "") for each in ("th", "en")},
        divisions=form.getlist("divisions"),
        languages=form.get("languages", "").split(),
        telephone=form.get("telephone") or None,
        active="active" in form,
    )


def _unit_form(unit: UnitFacts | None, error: HotlineError | None = None) -> str:
    config, now, actor = _config(), clock.now(), acting()
    with floor().db.read() as session:
        crews = fleet.free_crews(session)
        jobs = [] if unit is None else list(unit.jobs)
        readable = service.readable_jobs(session, actor, jobs)
    return render_template(
        "tickets/units/unit.html",
        unit=unit,
        typed=_draft() if error and "call_sign" in request.form else None,
        code=request.form.get("code", ""),
        error=error,
        crews=crews,
        readable=readable,
        may_keep=current_account().role in KEEPERS,
        config=config,
        words=words,
        units_view=view,
        old_after=config.units.old_after,
        now=now,
    )


# ------------------------------------------------------------------ in the audit log


def _divisions(names: Sequence[str], _data: Mapping[str, Any]) -> str:
    known = floor().section(Tickets).divisions
    return ", ".join(
        known[each].title.for_(language()) if each in known else each for each in names
    )


def _title(title: Mapping[str, str], _data: Mapping[str, Any]) -> str:
    return title.get(language(), "")


#: How this room says what stands in its lines (`hotline.people.telling`).
AUDITED = {
    "divisions": _divisions,
    "floor.divisions_changed.was": _divisions,
    "title": _title,
}
