"""Who called is forgotten everywhere, and stays forgotten whatever comes late."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hotline import clock
from hotline.floor import Floor
from hotline.privacy import service as privacy
from hotline.privacy.keepers import Subject
from ivr import calls, keeping, recordings
from ivr.config import CallRetention, Ivr
from ivr.models import Call, Recording
from tests.service.ivr.shipped import city_config
from tests.service.ivr.test_messages import leaves_message, ticket_of
from tests.service.ivr.world import Caller, World
from tickets import service as tickets
from tickets.config import Tickets
from tickets.workflow import Result, State

__all__ = ["city_config"]

DAY = timedelta(days=1)


@pytest.fixture
def caller(world: World) -> Caller:
    caller = world.caller().ring().press("1", "1", "2")
    return leaves_message(caller)


def keep(floor: Floor, **lengths: str) -> None:
    """Set how long calls are kept."""
    ivr = floor.section(Ivr).model_copy(update={"retention": CallRetention(**lengths)})
    floor.sections = {**floor.sections, Ivr: ivr}


def close(world: World, caller: Caller) -> None:
    config = world.floor.section(Tickets)
    with world.floor.db.write() as session:
        ticket = tickets.ticket_of_call(session, caller.id)
        assert ticket is not None
        boss = tickets.Actor("boss", tickets.Role.SUPERVISOR)
        said: dict[str, Any] = {"result": Result.OTHER, "text": "เสร็จ", "now": clock.now()}
        tickets.move(session, config, ticket, State.DONE, actor=boss, **said)


def erase(world: World, number: str, *, dry: bool = False) -> dict[str, int]:
    with world.floor.db.write() as session:
        asked: dict[str, Any] = {"reason": "asked", "by": None, "now": clock.now(), "dry": dry}
        did = privacy.erase(world.floor, session, Subject(number=number), **asked)
    return dict(did.counts)


def due(world: World, after: timedelta) -> list[str]:
    with world.floor.db.read() as session:
        found = privacy.due(world.floor, session, clock.now() + after)
        # what the shipped city does with tickets is another room's
        return [f"{each.act} {each.subject}" for each in found if each.room == keeping.ROOM]


def sound(world: World) -> recordings.RecordingFacts:
    found = world.read(recordings.facts, 1)
    assert isinstance(found, recordings.RecordingFacts)
    return found


def test_sound_and_number_go_in_their_time_but_not_while_the_ticket_is_open(
    world: World, caller: Caller
) -> None:
    keep(world.floor, recordings="30 days", numbers="1 year")
    caller.hangs_up()
    world.deliver()
    place = recordings.path_of(world.floor, sound(world))
    assert place.is_file()
    assert due(world, 400 * DAY) == [], "its ticket is open"
    close(world, caller)
    assert due(world, 29 * DAY) == []
    assert due(world, 31 * DAY) == ["forget_sound recording:1"]
    world.clock.advance(seconds=366 * 86400)
    done = [each.act for each in privacy.run(world.floor, clock.now())]
    assert done == ["forget_sound", "forget_number"]
    assert not place.exists()
    assert world.read(calls.facts, caller.id).from_number == ""
    assert privacy.run(world.floor, clock.now()) == []


def test_what_was_forgotten_does_not_come_back_with_what_comes_late(
    world: World, caller: Caller
) -> None:
    close(world, caller)
    ticket = ticket_of(world, caller)
    assert erase(world, caller.number, dry=True) == erase(world, caller.number)
    caller.hangs_up()
    world.deliver()  # the sound that was on its way is fetched no more, and deleted there
    assert sound(world).file is None
    assert not list(recordings.folder(world.floor).rglob("*.wav"))
    # the carrier says all of it again, and sends another recording of the same call
    caller.hangs_up()
    with world.floor.db.write() as session:
        made = recordings.Made("RE9", "https://carrier.example/RE9", 3)
        late = recordings.keep_conversation(session, caller.id, None, made, now=clock.now())  # type: ignore[arg-type]
    world.deliver()
    world.sweep(*world.floor.sweeps, seconds=600)
    with world.floor.db.read() as session:
        kept = session.scalars(sa.select(Recording.file)).all()
        assert session.get_one(Recording, late).forgotten_at is not None
        assert session.scalars(sa.select(Call.from_number)).all() == [""]
    assert set(kept) == {None}
    assert world.read(tickets.by_number, ticket.number).caller_number is None
    assert erase(world, caller.number) == {}
