"""The map, the place of a ticket, and what a map asks for.

Everything works without a script too: an address and a sub-district are fields, a pin is two
figures, and what stands in the city is found by its number or name.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from flask import (
    Blueprint,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline import clock
from hotline.auth import EVERYONE, access, public
from hotline.errors import Conflict, HotlineError, Invalid
from hotline.web import floor, language, t
from tickets import service as tickets
from tickets import words
from tickets.config import Tickets
from tickets.errors import NotYours
from tickets.facts import Actor, TicketFacts
from tickets.files import service as files
from tickets.files.service import FileFacts
from tickets.places import assets, entry, service, shown
from tickets.places.areas import Area, Point
from tickets.places.assets import AssetFacts
from tickets.places.rules import Box, Pin, PinSource, Place, Repair
from tickets.web import MOVERS, acting

#: Its templates are the room's.
blueprint = Blueprint("places", __name__)
#: The map's library, as npm installed it.
LEAFLET: Final = Path(__file__).parents[2] / "node_modules/leaflet/dist"
_DAY: Final = 86400
#: A box of all there is, when none is asked for.
_WORLD: Final = Box(-90, -180, 90, 180)


def _config() -> Tickets:
    return floor().section(Tickets)


# ------------------------------------------------------------------ the library


@blueprint.get("/tickets/places/leaflet.js")
@public
def library() -> Response:
    """The map's library."""
    return send_from_directory(LEAFLET, "leaflet.js", max_age=_DAY)


@blueprint.get("/tickets/places/leaflet.css")
@public
def library_style() -> Response:
    """Its stylesheet. The pictures that it names are not used."""
    return send_from_directory(LEAFLET, "leaflet.css", max_age=_DAY)


# ------------------------------------------------------------------ what a map asks for


@blueprint.get("/api/places/areas")
@access(*EVERYONE)
def areas() -> Response:
    """Return the areas and main points of the city and its neighbours, as GeoJSON."""
    response = jsonify(_config().areas.geojson)
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/api/places/at")
@access(*EVERYONE)
def at() -> Response:
    """Say whose a pin is (`latitude`, `longitude`), what is near, and, with what else of a place
    has been typed (`written`, `soi`, …; `note`: of the whole matter), what contradicts and how that
    is put right, or what the words mean; or, for `words`, which area they name.
    """
    config = _config()
    said = request.args.get("words", "")
    if said:
        named = service.suggested(config, said)
        return jsonify(area=_area(named[0]) if named else None, words=named[1] if named else "")
    fields = {f"{entry.PREFIX}{k}": v for k, v in request.args.items()}
    try:
        pin = entry.pin_of(fields)
    except ValueError as error:
        raise Invalid(str(error)) from error
    note = request.args.get("note", "")
    if pin is None and not entry.kept(fields) and not note:
        raise Invalid("latitude, longitude: are missing")
    wrong, meant = shown.wrong(config, fields), shown.meant(config, fields, note)
    return jsonify(
        area=_area(config.areas.at(pin)) if pin else None,
        near=_near(config, pin) if pin else "",
        named=_area(shown.named(config, fields)),
        wrong=None if wrong is None else asdict(wrong),
        meant=None if meant is None else asdict(meant),
    )


def _near(config: Tickets, pin: Pin) -> str:
    nearest = config.areas.nearest(pin)
    if nearest is None:
        return ""
    point, far = nearest
    return t("tickets.place.from", far=shown.metres(far), name=point.name(language()))


@blueprint.get("/api/places/find")
@access(*EVERYONE)
def find() -> Response:
    """Return what has this number or name (`q`): things of the city, main points, areas."""
    with floor().db.read() as session:
        found = _found(session, request.args.get("q", ""))
    return jsonify(found=[_hit(each) for each in found])


@blueprint.get("/api/places/tickets")
@access(*EVERYONE)
def open_tickets() -> Response:
    """Return the open tickets in a box (`bbox`: west,south,east,north) that the reader may read, as
    GeoJSON: one by one, or as numbers where they are many.
    """
    box, config = _box(), _config()
    with floor().db.read() as session:
        found, groups = service.open_in(session, box, acting())
    return jsonify(
        type="FeatureCollection",
        features=[
            *(_ticket_feature(config, ticket, pin) for ticket, pin in found),
            *(_feature(group.pin, count=group.count) for group in groups),
        ],
    )


@blueprint.get("/api/places/assets")
@access(*EVERYONE)
def assets_in() -> Response:
    """Return the things of the city in a box, as GeoJSON; `kind`: only those of a kind."""
    box = _box()
    with floor().db.read() as session:
        found = service.assets_in(session, box, request.args.get("kind", ""))
    return jsonify(
        type="FeatureCollection",
        features=[_feature(each.pin, asset=each.name, title=_titled(each)) for each in found],
        more=len(found) == service.DRAWN,
    )


def _box() -> Box:
    try:
        return Box.read(request.args["bbox"]) if "bbox" in request.args else _WORLD
    except ValueError as error:
        raise Invalid("bbox: is not west,south,east,north") from error


def _feature(pin: Pin, **properties: Any) -> dict[str, Any]:
    at = {"type": "Point", "coordinates": [pin.longitude, pin.latitude]}
    return {"type": "Feature", "geometry": at, "properties": properties}


def _ticket_feature(config: Tickets, ticket: TicketFacts, pin: Pin) -> dict[str, Any]:
    return _feature(
        pin,
        number=ticket.number_shown,
        url=url_for("tickets.ticket_page", number=ticket.number),
        title=words.about(config, ticket),
        late=ticket.is_overdue(clock.now()),
    )


def _area(area: Area | None) -> dict[str, Any] | None:
    if area is None:
        return None
    return {
        "id": area.id,
        "title": area.name(language()),
        "outside": area.outside,
        "telephone": area.telephone,
    }


Found = AssetFacts | Point | Area


def _found(session: Session, text: str) -> list[Found]:
    named: list[Found] = list(_config().areas.search(text))
    return [*assets.search(session, text), *named][: assets.FOUND]


def _titled(asset: AssetFacts) -> str:
    """Say what it is: its kind in words where there are any, its number, its note."""
    return " ".join(
        part for part in (shown.kind_words(asset.kind), asset.number, asset.note) if part
    )


def _hit(found: Found) -> dict[str, Any]:
    if isinstance(found, AssetFacts):
        return {
            "kind": "asset",
            "title": _titled(found),
            "asset": found.name,
            **found.pin._asdict(),
        }
    if isinstance(found, Point):
        return {"kind": found.kind, "title": found.name(language()), **found.pin._asdict()}
    return {"kind": "area", "title": found.name(language()), "area": found.id}


# ------------------------------------------------------------------ the map of what is open


@blueprint.get("/tickets/map")
@access(*EVERYONE)
def map_page() -> str:
    """Show what is open on the map, and the same as a list of areas."""
    config, actor = _config(), acting()
    with floor().db.read() as session:
        counts = service.open_by_area(session, actor)
        misplaced = service.contradicting(session, actor)
        kinds = assets.kinds(session)
    return render_template(
        "tickets/map.html",
        config=config,
        counts=counts,
        misplaced=misplaced,
        kinds=kinds,
        kind_words=shown.kind_words,
        map_of=shown.map_of(config),
        approximate=config.areas.approximate,
    )


# ------------------------------------------------------------------ the place of a ticket


@blueprint.get("/tickets/<number>/place")
@access(*MOVERS)
def place_page(number: str) -> ResponseReturnValue:
    """Show the form of a ticket's place. `q`: find something; `use`: a thing (`lamp:12-034`) or a
    main point to pin it to, or an area.
    """
    actor = acting()
    with floor().db.read() as session:
        ticket = tickets.by_number_for(session, number, actor)
        if number != ticket.number:
            return redirect(url_for("places.place_page", number=ticket.number))
        fields = entry.typed(service.of_ticket(session, ticket))
        used = _used(session, request.args.get("use", ""))
        return _form(session, ticket, {**fields, **used})


def _used(session: Session, name: str) -> dict[str, str]:
    """Return the fields that pin a place to what was found."""
    pinned = ("latitude", "longitude", "asset", "source")
    empty = {entry.PREFIX + each: "" for each in pinned}
    point = next((each for each in _config().areas.points if each.id == name), None)
    if point is not None:
        return empty | entry.typed(Place(pin=point.pin))
    if name in _config().areas.areas:
        return {f"{entry.PREFIX}written": name}
    asset = assets.named(session, name) if name else None
    return {} if asset is None else empty | {f"{entry.PREFIX}asset": asset.name}


@blueprint.post("/tickets/<number>/place")
@access(*MOVERS)
def set_place(number: str) -> ResponseReturnValue:
    """Say where a ticket is. Form: as `tickets.places.entry`, `text` (why), `version`."""
    fields = entry.kept(request.form)
    actor, now, config = acting(), clock.now(), _config()
    try:
        with floor().db.write() as session:
            ticket = _as_seen(tickets.by_number_for(session, number, actor))
            where = service.entered(session, config, fields)
            before = service.of_ticket(session, ticket)
            if where.pin == before.pin and where.asset is None:
                # the words were put right: who set the pin is as it was
                where = replace(where, source=before.source)
            text = request.form.get("text", "")
            seen = service.place(session, config, ticket, where, text=text, actor=actor, now=now)
    except (Invalid, Conflict, NotYours) as error:
        with floor().db.read() as session:
            ticket = tickets.by_number_for(session, number, actor)
            return make_response(_form(session, ticket, fields, error), error.status)
    return _back_to(seen)


@blueprint.post("/tickets/<number>/place/repair")
@access(*MOVERS)
def repair(number: str) -> ResponseReturnValue:
    """Put right a pin that is not where the words say. Form: `how` (`rules.Repair`), `version`."""
    how, actor, now = request.form.get("how", ""), acting(), clock.now()
    if how not in list(Repair):
        raise Invalid("how: is none of them")
    with floor().db.write() as session:
        ticket = _as_seen(tickets.by_number_for(session, number, actor))
        seen = service.repair(session, _config(), ticket, Repair(how), actor=actor, now=now)
    return _back_to(seen)


@blueprint.post("/tickets/<number>/place/photo")
@access(*MOVERS)
def use_photo(number: str) -> ResponseReturnValue:
    """Put the pin where a photo of the ticket was taken. Form: `file` (its id)."""
    file_id, actor, now = request.form.get("file", 0, type=int), acting(), clock.now()
    with floor().db.write() as session:
        ticket = tickets.by_number_for(session, number, actor)
        taken = files.allowed(session, ticket, file_id, actor).position
        if taken is None:
            raise Invalid("file: does not say where it was taken")
        pin = Pin.of(taken.latitude, taken.longitude)
        before = service.of_ticket(session, ticket)
        where = replace(before, pin=pin, source=PinSource.PHOTO, asset=None)
        seen = service.place(session, _config(), ticket, where, actor=actor, now=now)
    return _back_to(seen)


def pin_of_photo(
    _session: Session, actor: Actor, ticket: TicketFacts, _file: FileFacts
) -> str | None:
    """See `tickets.files.view.PIN`."""
    if not ticket.is_open or not service.may_place(actor, ticket):
        return None
    return url_for("places.use_photo", number=ticket.number)


def _back_to(ticket: TicketFacts) -> ResponseReturnValue:
    """Lead to the ticket, or to the list: a private matter may have gone to where it belongs."""
    if not tickets.may_read(acting(), ticket):
        return redirect(url_for("tickets.ticket_list"), 303)
    return redirect(url_for("tickets.ticket_page", number=ticket.number), 303)


def _as_seen(ticket: TicketFacts) -> TicketFacts:
    return replace(ticket, version=request.form.get("version", 0, type=int))


def _form(
    session: Session,
    ticket: TicketFacts,
    fields: dict[str, str],
    error: HotlineError | None = None,
) -> str:
    config, q = _config(), request.args.get("q", "")
    return render_template(
        "tickets/place.html",
        ticket=ticket,
        fields=fields,
        error=error,
        q=q,
        found=[(_use(each), _hit(each)) for each in _found(session, q)] if q else [],
        may=service.may_place(acting(), ticket),
        config=config,
        words=words,
        map_of=shown.map_of(config),
    )


def _use(found: Found) -> str:
    return found.name if isinstance(found, AssetFacts) else found.id
