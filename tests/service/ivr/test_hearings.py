"""Every hearing of a recording is written down, on both engines."""

import threading
from functools import partial

from hotline import audit, clock
from hotline.auth import Role
from ivr import recordings
from tests.service.ivr.shipped import city_config
from tests.service.ivr.test_messages import leaves_message
from tests.service.ivr.test_quality import get, identity
from tests.service.ivr.world import World
from tests.support.floors import sign_in_as
from tickets import attendance
from tickets import service as tickets
from tickets.config import Tickets

__all__ = ["city_config"]


def test_every_hearing_is_written_down_once_a_quarter_of_an_hour(world: World) -> None:
    caller = leaves_message(world.caller().ring().press("1", "1", "2"))
    world.deliver()
    token = sign_in_as(world.floor, Role.SUPERVISOR)

    def hear(span: str = "bytes=0-3") -> None:
        headers = {"Authorization": f"Bearer {token}", "Range": span}
        with world.client.get("/recordings/1", headers=headers) as sound:
            assert sound.status_code == 206

    def lines() -> list[tuple[str, str, object]]:
        found = world.read(partial(audit.lines, asked=audit.Asked(kind="ivr.heard")))
        return [(each.by, each.subject, each.data["recording"]) for each in found]

    hear()
    hear("bytes=4-7")
    assert lines() == [("the-supervisor", f"call:{caller.id}", 1)]
    world.clock.advance(minutes=15)
    hear()
    assert len(lines()) == 2
    with get(world, "/recordings/1", Role.AGENT, "noi"):
        pass
    assert {each[0] for each in lines()} == {"the-supervisor", "noi"}
    page = get(world, f"/calls/{caller.id}", Role.MANAGER).text
    assert "Heard by (3)" in page
    # who may not hear it hears nothing, and there is no line
    assert get(world, "/recordings/1", Role.MANAGER).status_code == 403
    assert len(lines()) == 3


def test_pieces_that_are_asked_for_at_once_are_one_hearing(world: World) -> None:
    caller = leaves_message(world.caller().ring().press("1", "1", "2"))
    boss = identity(world, Role.SUPERVISOR)
    found = world.read(recordings.facts, 1)
    start = threading.Barrier(4)

    def hear() -> None:
        start.wait(10)
        with world.floor.db.write() as session:
            recordings.heard(session, found, boss, now=clock.now())

    threads = [threading.Thread(target=hear) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(world.read(recordings.hearings, caller.id)) == 1
    assert world.events(caller).count("listened") == 1


def test_who_stands_in_for_a_division_hears_its_messages(world: World) -> None:
    leaves_message(world.caller().ring().press("1", "1", "2"))
    world.deliver()
    assert get(world, "/recordings/1", Role.DIVISION, "mali").status_code == 403
    identity(world, Role.SUPERVISOR, "supervisor")
    config = world.floor.section(Tickets)
    today = config.day(clock.now())
    boss = tickets.Actor("supervisor", Role.SUPERVISOR)
    with world.floor.db.write() as session:
        attendance.be_away(
            session,
            config,
            username="supervisor",
            first=today,
            last=today,
            substitute="mali",
            actor=boss,
            now=clock.now(),
        )
    with get(world, "/recordings/1", Role.DIVISION, "mali") as sound:
        assert sound.status_code == 200
