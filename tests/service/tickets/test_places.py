"""Where a ticket is: what is written down, whose it becomes, what is near, and who may."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hotline import web
from hotline.auth import COOKIE, Role
from hotline.db import Database
from hotline.errors import ConfigError
from hotline.floor import Floor
from tests.service.tickets.conftest import AGENT, CALLER, HEALTH, NOW, SUPERVISOR, WORKS
from tests.support import photos
from tests.support.floors import sign_in_as
from tickets import search, service
from tickets.config import Tickets
from tickets.errors import BadPlace, NothingChanged, NotYours, RoleMayNot, TicketMoved
from tickets.files import service as files
from tickets.models import Asset, EventKind, Ticket, TicketPlace
from tickets.places import assets, rules
from tickets.places import service as places
from tickets.places.config import Tiles
from tickets.places.rules import Box, Pin, PinSource, Place, Repair
from tickets.service import Actor, Filters, TicketFacts
from tickets.workflow import Priority, Result, State

Make = Callable[..., TicketFacts]
#: In the shipped city: south, north, on the island, with a neighbour, in the gulf.
SOUTH, NORTH = Pin(12.93, 100.885), Pin(12.965, 100.9)
ISLAND, NEIGHBOUR, SEA = Pin(12.92, 100.78), Pin(12.93, 100.94), Pin(12.5, 100.0)
SAYS = {"place_address": "ซอยบัวขาว หน้า 7-11", "place_written": "nong_prue"}


@pytest.fixture
def make(db: Database, config: Tickets) -> Make:
    calls = iter(range(1, 10_000))

    def complaint(fields: dict[str, str] | None = None, **more: object) -> TicketFacts:
        asked = {"outcome": "complaint", "category": "street_light", "caller": CALLER, "by": "nok"}
        with db.write() as session:
            where = places.entered(session, config, fields or {})
            made = service.record_call(
                session, config, call_id=next(calls), area=where.area, now=NOW, **asked | more
            )
            places.placed_in_call(session, config, made, where, by="nok", now=NOW)
            return service.by_number(session, made.number)

    return complaint


def pinned(pin: Pin, **words: str) -> dict[str, str]:
    return {"place_latitude": str(pin.latitude), "place_longitude": str(pin.longitude), **words}


def put(
    db: Database, config: Tickets, ticket: TicketFacts, where: Place, **more: object
) -> TicketFacts:
    with db.write() as session:
        seen = service.by_number(session, ticket.number)
        asked = {"actor": AGENT, "now": NOW} | more
        return places.place(session, config, seen, where, **asked)


def of(db: Database, ticket: TicketFacts) -> Place:
    with db.read() as session:
        return places.of_ticket(session, service.by_number(session, ticket.number))


def story(db: Database, ticket: TicketFacts) -> list[EventKind]:
    with db.read() as session:
        return [event.kind for event in service.story(session, ticket.id)]


# ------------------------------------------------------------------ made somewhere


def test_a_ticket_is_born_with_who_has_its_area(db: Database, make: Make) -> None:
    south, north, island = make(pinned(SOUTH)), make(pinned(NORTH)), make(pinned(ISLAND))
    assert (south.division, south.area) == ("engineering", "nong_prue")
    assert (north.division, north.area) == ("engineering_north", "na_kluea")
    assert (island.division, island.area) == ("engineering_island", "koh_lan")
    assert story(db, north) == [EventKind.MADE, EventKind.PLACED], "and was never somebody else's"
    assert of(db, north).source is PinSource.AGENT


def test_words_alone_route_as_well(db: Database, make: Make) -> None:
    ticket = make({"place_written": "na_kluea", "place_soi": "นาเกลือ 12"})
    assert (ticket.division, ticket.area) == ("engineering_north", "na_kluea")
    assert of(db, ticket).pin is None


def test_nowhere_is_the_whole_divisions(db: Database, make: Make) -> None:
    for fields in ({}, {"place_address": "หน้าบ้าน"}, pinned(SEA), pinned(NEIGHBOUR)):
        assert make(fields).division == "engineering"
    assert story(db, make({})) == [EventKind.MADE], "nothing is said of a place that nobody named"


def test_a_category_that_is_not_split_goes_where_it_always_went(make: Make) -> None:
    assert make(pinned(NORTH), category="rubbish").division == "public_health"


# ------------------------------------------------------------------ moved


def test_moving_the_pin_re_routes_with_the_story_kept(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make(pinned(SOUTH))
    with db.write() as session:
        service.move(session, config, ticket, State.IN_PROGRESS, actor=WORKS, now=NOW)
    moved = put(db, config, ticket, Place(pin=NORTH), text="ผู้แจ้งบอกใหม่")
    assert (moved.division, moved.area, moved.owner) == ("engineering_north", "na_kluea", None)
    assert story(db, ticket)[-3:] == [EventKind.MOVED, EventKind.PLACED, EventKind.ROUTED]
    with db.read() as session:
        placed, routed = service.story(session, ticket.id)[-2:]
    assert placed.data["was"]["latitude"] == SOUTH.latitude
    assert placed.data["now"]["area"] == "na_kluea"
    assert (placed.data["text"], placed.who) == ("ผู้แจ้งบอกใหม่", "nok")
    assert routed.data["was"] == {"division": "engineering"}
    assert routed.data["now"] == {"division": "engineering_north"}
    assert moved.acknowledged_at is None, "who has it now has not seen it yet"
    back = put(db, config, ticket, Place(pin=SOUTH))
    assert back.division == "engineering"


def test_within_one_area_nothing_is_re_routed(db: Database, config: Tickets, make: Make) -> None:
    ticket = make(pinned(SOUTH))
    moved = put(db, config, ticket, Place(pin=Pin(12.931, 100.886), house="12"))
    assert moved.division == "engineering"
    assert story(db, ticket)[-1] is EventKind.PLACED


def test_who_was_given_it_by_hand_keeps_it(db: Database, config: Tickets, make: Make) -> None:
    ticket = make(pinned(SOUTH))
    with db.write() as session:
        service.route(
            session,
            config,
            ticket,
            category="street_light",
            priority=Priority.NORMAL,
            division="traffic",
            text="เสาสัญญาณ",
            actor=SUPERVISOR,
            now=NOW,
        )
    assert put(db, config, ticket, Place(pin=NORTH)).division == "traffic"


def test_another_category_goes_to_who_has_the_area(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make(pinned(NORTH), category="rubbish")
    with db.write() as session:
        routed = service.route(
            session,
            config,
            ticket,
            category="footpath",
            priority=Priority.NORMAL,
            division=None,
            text="เป็นทางเท้า",
            actor=SUPERVISOR,
            now=NOW,
        )
    assert routed.division == "engineering_north"


def test_what_is_completed_later_goes_to_who_has_the_area(
    db: Database, config: Tickets, make: Make
) -> None:
    draft = make(pinned(NORTH), outcome=None, category=None, incomplete=True)
    assert draft.division == "contact_center"
    with db.write() as session:
        done = service.complete(
            session,
            config,
            draft,
            outcome="complaint",
            category="street_light",
            actor=AGENT,
            now=NOW,
        )
    assert (done.division, done.area) == ("engineering_north", "na_kluea")


def test_who_was_slower_changes_nothing(db: Database, config: Tickets, make: Make) -> None:
    ticket = make(pinned(SOUTH))
    put(db, config, ticket, Place(pin=NORTH))
    with pytest.raises(TicketMoved), db.write() as session:
        places.place(session, config, ticket, Place(pin=ISLAND), actor=AGENT, now=NOW)
    assert of(db, ticket).pin == NORTH
    with pytest.raises(NothingChanged):
        put(db, config, ticket, Place(pin=NORTH))


def test_only_who_may_route_may_place(db: Database, config: Tickets, make: Make) -> None:
    ticket = make(pinned(SOUTH))
    for actor, refusal in (
        (HEALTH, NotYours),
        (Actor("crew", service.Role.CREW), RoleMayNot),
        (Actor("boss", service.Role.MANAGER), RoleMayNot),
    ):
        with pytest.raises(refusal):
            put(db, config, ticket, Place(pin=NORTH), actor=actor)
    with db.write() as session:
        closed = service.move(
            session,
            config,
            ticket,
            State.CANCELLED,
            actor=SUPERVISOR,
            result=Result.WITHDRAWN,
            text="x",
            now=NOW,
        )
    with pytest.raises(RoleMayNot):
        put(db, config, closed, Place(pin=NORTH))


def test_a_place_can_be_taken_back(db: Database, config: Tickets, make: Make) -> None:
    ticket = make(pinned(NORTH))
    gone = put(db, config, ticket, Place())
    assert (gone.area, gone.division) == (None, "engineering")
    assert of(db, ticket).is_empty


# ------------------------------------------------------------------ a call about it


def test_a_second_call_keeps_the_place_and_what_was_said(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make(pinned(SOUTH))
    with db.write() as session:
        where = places.entered(session, config, pinned(NORTH, place_address="ตรงข้ามวัด"))
        places.placed_in_call(session, config, ticket, where, by="nok", now=NOW)
    assert of(db, ticket).pin == SOUTH
    with db.read() as session:
        last = service.story(session, ticket.id)[-1]
    assert last.kind is EventKind.NOTE
    assert "ตรงข้ามวัด" in last.data["text"]
    assert "12.965" in last.data["text"]


def test_a_call_gives_a_place_to_one_that_had_none(
    db: Database, config: Tickets, make: Make
) -> None:
    ticket = make({})
    with db.write() as session:
        where = places.entered(session, config, pinned(NORTH))
        places.placed_in_call(session, config, ticket, where, by="nok", now=NOW)
        assert service.by_number(session, ticket.number).division == "engineering_north"


def test_a_draft_loses_no_word_and_refuses_nothing(db: Database, config: Tickets) -> None:
    typed = {"place_latitude": "12.9", "place_written": "atlantis", "place_soi": "บัวขาว"}
    with db.read() as session:
        for fields in (typed, typed | {"place_asset": "none"}):
            assert places.entered(session, config, fields, lenient=True) == Place(soi="บัวขาว")
            with pytest.raises(BadPlace):
                places.entered(session, config, fields)
        with pytest.raises(BadPlace):
            places.entered(session, config, {"place_latitude": "100.88", "place_longitude": "12.9"})


# ------------------------------------------------------------------ contradictions, and outside


def test_a_contradiction_is_flagged_and_put_right_with_one_click(
    db: Database, config: Tickets, make: Make
) -> None:
    fixed: dict[Repair, tuple[str | None, bool, str]] = {}
    for how in Repair:
        ticket = make(pinned(NORTH, **SAYS))
        assert of(db, ticket).contradicts
        assert ticket.division == "engineering_north", "until then the pin decides"
        with db.write() as session:
            done = places.repair(session, config, ticket, how, actor=AGENT, now=NOW)
        now = of(db, ticket)
        assert not now.contradicts
        fixed[how] = (now.written, now.pin is not None, done.division)
    assert fixed == {
        Repair.PIN: ("na_kluea", True, "engineering_north"),
        Repair.LANDMARK: ("nong_prue", True, "engineering"),
        Repair.WORDS: ("nong_prue", False, "engineering"),
    }
    with pytest.raises(NothingChanged), db.write() as session:
        places.repair(session, config, done, Repair.WORDS, actor=AGENT, now=NOW)


def test_a_landmark_is_offered_only_where_the_words_say(
    db: Database, config: Tickets, make: Make
) -> None:
    elsewhere = of(db, make(pinned(SOUTH, place_written="na_kluea", place_landmark="บาลีฮาย")))
    assert elsewhere.contradicts
    assert places.landmark_of(config, elsewhere) is None
    assert places.repaired(config, elsewhere, Repair.LANDMARK) is None


def test_contradictions_are_a_list_and_a_count(db: Database, config: Tickets, make: Make) -> None:
    wrong, _ = make(pinned(NORTH, **SAYS)), make(pinned(SOUTH, **SAYS))
    secret = make(pinned(NORTH, **SAYS), category="corruption")
    with db.read() as session:
        for actor, found in ((SUPERVISOR, {wrong.id, secret.id}), (HEALTH, {wrong.id})):
            asked = Filters(show=search.Show.MISPLACED)
            page = service.search(session, asked, actor, now=NOW)
            assert {each.id for each in page.tickets} == found
            assert places.contradicting(session, actor) == len(found)


def test_outside_the_city_it_says_whose_it_is(db: Database, config: Tickets, make: Make) -> None:
    there = of(db, make(pinned(NEIGHBOUR)))
    outside = places.whose_outside(config, there)
    assert outside is not None
    assert outside.id == "nong_prue_municipality"
    assert outside.telephone
    nobody = of(db, make(pinned(SEA)))
    assert places.is_beyond(config, nobody)
    assert places.whose_outside(config, nobody) is None
    assert not places.is_beyond(config, of(db, make({})))


def test_words_suggest_an_area_unless_they_speak_for_two(config: Tickets) -> None:
    found = places.suggested(config, "ซอยบัวขาว หน้า 7-11")
    assert found is not None
    assert found[0].id == "nong_prue"
    assert places.suggested(config, "จากบาลีฮายไปเกาะล้าน") is None
    assert places.suggested(config, "หน้าบ้าน") is None


# ------------------------------------------------------------------ near, and in a box


def test_near_finds_what_is_within_and_the_nearest_first(db: Database, make: Make) -> None:
    at = [Pin(SOUTH.latitude + n * 0.001, SOUTH.longitude) for n in range(6)]
    made = [make(pinned(pin)) for pin in at]
    secret = make(pinned(SOUTH), category="corruption")
    with db.read() as session:
        found = places.near(session, SOUTH, 250, HEALTH)
        assert [ticket.id for ticket, _ in found] == [each.id for each in made[:3]]
        assert [round(metres) for _, metres in found] == [0, 111, 222]
        assert secret.id in {each.id for each, _ in places.near(session, SOUTH, 1, SUPERVISOR)}
        assert len(places.near(session, SOUTH, 10_000, HEALTH, limit=4)) == 4
        assert places.near(session, SEA, 100, SUPERVISOR) == []


def test_near_can_leave_out_what_is_closed(db: Database, config: Tickets, make: Make) -> None:
    ticket = make(pinned(SOUTH))
    with db.write() as session:
        reason = {"result": Result.WITHDRAWN, "text": "x", "actor": SUPERVISOR, "now": NOW}
        service.move(session, config, ticket, State.CANCELLED, **reason)
    with db.read() as session:
        assert len(places.near(session, SOUTH, 10, SUPERVISOR)) == 1
        assert places.near(session, SOUTH, 10, SUPERVISOR, only_open=True) == []


def test_a_map_shows_what_its_reader_may_read(db: Database, make: Make) -> None:
    make(pinned(SOUTH))
    make(pinned(SOUTH), category="corruption")
    box = Box(12.9, 100.8, 13.0, 100.9)
    with db.read() as session:
        assert len(places.open_in(session, box, HEALTH)[0]) == 1
        assert len(places.open_in(session, box, SUPERVISOR)[0]) == 2
        assert places.open_in(session, Box(13, 100, 14, 101), SUPERVISOR) == ([], [])
        assert places.open_by_area(session, HEALTH) == {"nong_prue": 1}


def test_many_are_drawn_as_numbers_that_add_up(db: Database, make: Make) -> None:
    for n in range(12):
        make(pinned(Pin(12.91 + n * 0.006, 100.87 + n * 0.002)))
    box = Box(12.9, 100.86, 13.0, 100.9)
    with db.read() as session:
        single, groups = places.open_in(session, box, SUPERVISOR, limit=5)
    assert single == []
    assert 1 < len(groups) <= 12
    assert sum(group.count for group in groups) == 12
    assert all(box.south <= group.pin.latitude <= box.north for group in groups)


def test_a_list_can_be_of_one_area(db: Database, make: Make) -> None:
    north, _ = make(pinned(NORTH)), make(pinned(SOUTH))
    with db.read() as session:
        page = service.search(session, Filters(area="na_kluea"), SUPERVISOR, now=NOW)
        assert [each.id for each in page.tickets] == [north.id]


def test_half_a_pin_cannot_be_kept(db: Database, make: Make) -> None:
    ticket = make(pinned(SOUTH))
    with pytest.raises(sa.exc.IntegrityError), db.write() as session:
        session.execute(
            sa.update(TicketPlace).where(TicketPlace.ticket_id == ticket.id).values(latitude=None)
        )


# ------------------------------------------------------------------ the city's things

LAMPS = """number,latitude,longitude,note
12-034,12.93,100.885,หน้าตลาด
12-035,12.965,100.9,
A 1/2,12.92,100.78,
"""


def bring(db: Database, content: str, kind: str = "lamp", *, dry: bool = False) -> assets.Brought:
    rows, bad = assets.read(content)
    assert bad == []
    with db.write() as session:
        return assets.bring(session, kind, rows, now=NOW, dry=dry)


def test_a_file_brought_twice_changes_nothing(db: Database) -> None:
    assert bring(db, LAMPS, dry=True) == assets.Brought(3, 0, 0)
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Asset)) == 0
    assert bring(db, LAMPS) == assets.Brought(3, 0, 0)
    assert bring(db, LAMPS) == assets.Brought(0, 0, 3)
    moved = LAMPS.replace("12-035,12.965", "12/035,12.966")
    assert bring(db, moved) == assets.Brought(0, 1, 2), "the same number, written otherwise"
    assert bring(db, LAMPS, "bin") == assets.Brought(3, 0, 0), "another kind has its own numbers"


def test_geojson_is_as_good(db: Database) -> None:
    lamp = {"type": "Point", "coordinates": [100.885, 12.93]}
    feature = {"type": "Feature", "properties": {"number": "7"}, "geometry": lamp}
    content = json.dumps({"type": "FeatureCollection", "features": [feature]})
    assert bring(db, content) == assets.Brought(1, 0, 0)
    with db.read() as session:
        found = assets.named(session, "เสาที่ ๗")
        assert found is not None
        assert found.pin == SOUTH


def test_rows_that_are_none_are_told_with_their_lines() -> None:
    content = """number,latitude,longitude
,12.9,100.9
1,x,100.9
2,100.9,12.9
3,12.9,200
4,12.9,100.9
4 ,12.9,100.9
5,12.9
"""
    rows, bad = assets.read(content)
    assert [each.number for each in rows] == ["4"]
    assert [each.line for each in bad] == [2, 3, 4, 5, 7, 8]
    assert "wrong way round" in bad[2].why
    assert "4 stands in 6 already" in bad[4].why
    for content in ("a,b\n1,2\n", '{"features": 7}', "{", ""):
        with pytest.raises(ConfigError):
            assets.read(content)


def test_a_number_is_found_however_it_is_said(db: Database) -> None:
    bring(db, LAMPS)
    with db.read() as session:
        for said in ("12-034", "12034", "เสาไฟ 12-034", "lamp:12-034", "๑๒-๐๓๔", "12.034"):
            found = assets.named(session, said)
            assert found is not None, said
            assert found.name == "lamp:12-034"
        for nothing in ("", "99", "lamp:", "bin:12-034", "%", "_"):
            assert assets.named(session, nothing) is None, nothing
        assert [each.number for each in assets.search(session, "เสา 12-0")] == ["12-034", "12-035"]
        assert assets.search(session, "%") == assets.search(session, " ") == []


def test_two_kinds_with_one_number_are_not_guessed(db: Database, config: Tickets) -> None:
    bring(db, LAMPS)
    bring(db, LAMPS, "bin")
    with db.read() as session:
        assert assets.named(session, "12-034") is None
        assert assets.named(session, "bin:12-034") is not None
        with pytest.raises(BadPlace):
            places.entered(session, config, {"place_asset": "12-034"})


def test_picking_a_thing_sets_the_pin(db: Database, config: Tickets, make: Make) -> None:
    bring(db, LAMPS)
    ticket = make({"place_asset": "12-035"})
    where = of(db, ticket)
    assert (where.pin, where.source) == (NORTH, PinSource.ASSET)
    assert (where.asset, ticket.area) == ("lamp:12-035", "na_kluea")
    moved = put(db, config, ticket, replace(where, pin=SOUTH, asset=None, source=None))
    assert moved.area == "nong_prue"
    assert of(db, ticket).source is PinSource.AGENT


# ------------------------------------------------------------------ pages


@pytest.fixture
def reader(floor: Floor, client: FlaskClient) -> FlaskClient:
    client.set_cookie(COOKIE, sign_in_as(floor, Role.SUPERVISOR, "supervisor"))
    return client


def test_the_pages_and_addresses_answer(reader: FlaskClient, db: Database, make: Make) -> None:
    wrong = make(pinned(NORTH, **SAYS))
    away = make(pinned(NEIGHBOUR))
    bring(db, LAMPS)
    page = reader.get(f"/tickets/{wrong.number}?lang=en").text
    assert "The pin contradicts the words" in page
    assert "Move the pin to Soi Buakhao" in page
    assert "Nong Prue Town Municipality" in reader.get(f"/tickets/{away.number}?lang=en").text
    assert "ซอยบัวขาว หน้า 7-11" in reader.get("/tickets?show=misplaced").text
    assert wrong.number_shown not in reader.get("/tickets?area=nong_prue").text
    assert "Na Kluea" in reader.get("/tickets/map?lang=en").text
    for page in ("/tickets/map", "/tickets/attention"):
        assert "1 whose pin contradicts the words" in reader.get(f"{page}?lang=en").text
    assert "12-034" in reader.get(f"/tickets/{wrong.number}/place?q=12-034").text
    used = reader.get(f"/tickets/{wrong.number}/place?use=lamp:12-034").text
    assert 'value="lamp:12-034"' in used
    assert (
        'value="12.9512"'
        in reader.get(f"/tickets/{wrong.number}/place?use=dolphin_roundabout").text
    )
    found = reader.get("/api/places/find?q=12-034").json
    assert found["found"][0]["asset"] == "lamp:12-034"
    at = reader.get("/api/places/at?latitude=12.93&longitude=100.94").json
    assert (at["area"]["id"], at["area"]["outside"]) == ("nong_prue_municipality", True)
    assert at["wrong"] is None
    typed = "latitude=12.965&longitude=100.9&written=nong_prue&soi=ซอยบัวขาว&asset=lamp:12-034"
    wrong = reader.get(f"/api/places/at?{typed}&lang=en").json["wrong"]
    assert wrong["why"].startswith("The pin is in Na Kluea, the words say Nong Prue")
    assert {fix["how"]: fix["fields"] for fix in wrong["fixes"]} == {
        "pin": {"written": "na_kluea"},
        "landmark": {"latitude": "12.93", "longitude": "100.8848", "asset": ""},
        "words": {"latitude": "", "longitude": "", "asset": ""},
    }
    assert reader.get("/api/places/at?words=ซอยบัวขาว").json["area"]["id"] == "nong_prue"
    assert reader.get("/api/places/at?latitude=x&longitude=1").status_code == 422
    assert reader.get("/api/places/tickets?bbox=1,2,3").status_code == 422
    assert len(reader.get("/api/places/tickets?bbox=100.7,12.8,101,13").json["features"]) == 2
    assert len(reader.get("/api/places/assets?bbox=100.7,12.8,101,13").json["features"]) == 3
    areas = reader.get("/api/places/areas")
    assert areas.json["approximate"] is True
    again = reader.get("/api/places/areas", headers={"If-None-Match": areas.headers["ETag"]})
    assert again.status_code == 304


def test_what_is_typed_says_where_it_is_before_there_is_a_pin(reader: FlaskClient) -> None:
    meant = reader.get("/api/places/at?soi=บัวขาว&lang=en").json["meant"]
    assert meant["why"] == "Soi Buakhao · Nong Prue (Central and South Pattaya)"
    assert [fix["fields"] for fix in meant["fixes"]] == [{"written": "nong_prue"}]
    assert meant["at"] == [12.93, 100.8848], "a street is long: the map opens there, no pin is set"
    # of a place with no words the note's
    meant = reader.get("/api/places/at?note=น้ำท่วมวงเวียนปลาโลมา&lang=en").json["meant"]
    assert meant["fixes"][1]["title"] == "Pin Dolphin Roundabout"
    assert meant["fixes"][1]["fields"]["latitude"] == "12.9512"
    meant = reader.get("/api/places/at?written=nong_prue_municipality&lang=en").json["meant"]
    assert "this is Nong Prue Town Municipality's. +6638249600" in meant["why"]
    assert reader.get("/api/places/at?written=na_kluea&soi=บัวขาว").json["meant"] is None
    assert reader.get("/api/places/at").status_code == 422


def test_a_slip_in_the_form_keeps_what_was_typed(
    floor: Floor, client: FlaskClient, db: Database, make: Make
) -> None:
    ticket = make({})
    token = sign_in_as(floor, Role.SUPERVISOR, "supervisor")
    headers = {"Authorization": f"Bearer {token}"}
    form = {"version": ticket.version, "place_soi": "บัวขาว", "place_latitude": "12.9"}
    address = f"/tickets/{ticket.number}/place"
    answer = client.post(address, data=form, headers=headers)
    assert answer.status_code == 422
    assert "บัวขาว" in answer.text
    assert of(db, ticket).is_empty
    right = form | {"place_longitude": "100.9"}
    assert client.post(address, data=right, headers=headers).status_code == 303
    assert of(db, ticket).soi == "บัวขาว"
    late = client.post(address, data=right | {"place_soi": "x"}, headers=headers)
    assert late.status_code == 409, "the page showed an older version"


def test_the_area_of_every_open_ticket_is_that_of_its_place(
    db: Database, config: Tickets, make: Make
) -> None:
    """However they came by it: what routes and what is shown agree."""
    for pin in (SOUTH, NORTH, ISLAND, NEIGHBOUR, SEA):
        put(
            db,
            config,
            make(pinned(SOUTH, place_house="9")),
            Place(pin=pin, house="9", written="jomtien"),
        )
    with db.read() as session:
        for ticket in session.scalars(sa.select(Ticket)):
            where = places.of_tickets(session, [service.by_number(session, ticket.number)])
            place = where[ticket.id]
            assert place == places.settled(config, place)
            assert ticket.division == config.division_of(ticket.category, ticket.area)
    assert rules.contradicts("a", "b")


def test_pages_load_pictures_from_the_one_host_that_the_city_named(reader: FlaskClient) -> None:
    def images() -> str:
        policy = reader.get("/tickets/map").headers["Content-Security-Policy"]
        return next(rule.strip() for rule in policy.split(";") if "img-src" in rule)

    assert images() == "img-src 'self' data:"
    reader.application.extensions[web.IMAGES] = ("https://tiles.example",)
    assert images() == "img-src 'self' data: https://tiles.example"


def test_the_map_says_where_its_pictures_come_from(
    floor: Floor, config: Tickets, reader: FlaskClient
) -> None:
    address = "https://tiles.example/{z}/{x}/{y}.png"
    tiles = Tiles(url=address, attribution="© แผนที่เมือง", max_zoom=18)
    shown = config.model_copy(update={"places": config.places.model_copy(update={"tiles": tiles})})
    floor.sections[Tickets] = shown  # type: ignore[index]
    page = reader.get("/tickets/map").text
    assert f'data-tiles="{address}"' in page
    assert "© แผนที่เมือง" in page
    assert 'data-zoom="18"' in page


def test_where_a_photo_was_taken_becomes_the_pin(
    floor: Floor, client: FlaskClient, config: Tickets, db: Database, make: Make
) -> None:
    ticket = make({})
    sent = {"kind": files.Kind.BEFORE, "now": NOW}
    for colour, where in (("green", photos.WHERE), ("blue", None)):
        picture = photos.photo(colour=colour, tags=photos.exif(where=where))
        received = files.receive(floor, config.files, picture, **sent)
        with db.write() as session:
            files.add(session, config.files, ticket, received, actor=SUPERVISOR, now=NOW)
    token = sign_in_as(floor, Role.SUPERVISOR)
    headers = {"Authorization": f"Bearer {token}"}
    page = client.get(f"/tickets/{ticket.number}/files/1", headers=headers).text
    address = f"/tickets/{ticket.number}/place/photo"
    assert f'action="{address}"' not in page  # the application wires the two together
    unknown = client.post(address, data={"file": "2"}, headers=headers)
    assert unknown.status_code == 422
    assert client.post(address, data={"file": "9"}, headers=headers).status_code == 404
    assert client.post(address, data={"file": "1"}, headers=headers).status_code == 303
    place = of(db, ticket)
    assert (place.pin, place.source) == (Pin(*photos.WHERE), PinSource.PHOTO)
