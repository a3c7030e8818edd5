"""The scenes that callers are walked through: what the world is like, and what is done in it.

Each is written down in every language: a page of `transcripts/<language>/<scene>.txt`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from ivr import bulletins, calls, nuisance
from ivr.bulletins import Draft
from ivr.nodes.language import GREETED
from tests.service.ivr.world import World
from tests.walks.hearing import Judge
from tests.walks.hotline import KEY, LANGUAGES, Footsteps, opened, shipped, staffed
from tests.walks.walker import MESSAGE, SILENCE, Move, Telephone, Walks, keys
from tickets import numbers
from tickets import service as tickets
from tickets.config import Tickets
from tickets.workflow import Result, State

Pages = Iterator[str]


@dataclass(frozen=True)
class Scene:
    """`play` yields the lines of one language; `queues` are fields of every queue to be changed."""

    title: str
    play: Callable[[Walks, str], Pages]
    queues: Mapping[str, Any] = field(default_factory=dict)


def call(phone: Telephone, title: str) -> Pages:
    """A call from the beginning to the end, as a dialogue."""
    yield f"== {title}"
    yield from phone.lines
    yield ""


# ---------------------------------------------------------------- the menu


def first_question(walks: Walks, language: str) -> Pages:
    """The choice of a language is the same for all: it is walked in the first alone."""
    if language != LANGUAGES[0]:
        return
    staffed(walks.world)
    yield from walks.everywhere(
        lambda: walks.telephone(language).ring(), (), within=lambda place: place.node == "language"
    )


def menu(walks: Walks, language: str) -> Pages:
    present(walks)
    yield from walks.everywhere(
        lambda: walks.telephone(language).ring(),
        tuple(keys(KEY[language])),
        numbers=(numbers.make(99), "1000018"),
        within=lambda place: place.node != "language",
    )


def known(walks: Walks, language: str) -> Pages:
    present(walks)
    number = f"+6682{LANGUAGES.index(language):07}"
    walks.telephone(language, number).ring().presses(KEY[language]).hangs_up()
    phone = walks.telephone(language, number).ring().presses(SILENCE).hangs_up()
    yield from call(phone, "somebody who called before, in the language of last time")
    yield from walks.everywhere(
        lambda: walks.telephone(language, number).ring(),
        (),
        within=lambda place: place.part == GREETED,
    )
    phone = walks.telephone(language, number).ring().presses("*")
    yield from call(phone, "… who wants another language")
    if language == "en":
        (own,) = walks.config.numbers
        phone = walks.telephone(language).ring(to=own).presses(SILENCE)
        yield from call(phone, "a number of the hotline with a language of its own")


def closed(walks: Walks, language: str) -> Pages:
    present(walks)
    if language == LANGUAGES[0]:
        walks.world.clock.advance(hours=9)  # Friday, nine in the evening
    phone = walks.telephone(language).ring().presses(KEY[language], "5")
    phone.does(Move("message", MESSAGE))
    yield from call(phone, "City Hall on a Friday evening")
    phone = walks.telephone(language).ring().presses(KEY[language], "5", SILENCE, SILENCE)
    yield from call(phone, "… and nothing is said after the tone")


def holiday(walks: Walks, language: str) -> Pages:
    present(walks)
    if language == LANGUAGES[0]:
        walks.world.clock.advance(days=20)  # Constitution Day, a Thursday, at noon
    phone = walks.telephone(language).ring().presses(KEY[language], "5").hangs_up()
    yield from call(phone, "City Hall on a holiday")


def news(walks: Walks, language: str) -> Pages:
    present(walks)
    if language == LANGUAGES[0]:
        _write(walks, FLOOD)
        _write(walks, WATER)
    phone = walks.telephone(language).ring().presses(KEY[language], "#", SILENCE).hangs_up()
    yield from call(phone, "two bulletins are on the air, one of them in Thai and English alone")


FLOOD = {
    "th": "ถนนเลียบชายหาดน้ำท่วม กรุณาใช้ถนนพัทยาสายสาม",
    "en": "Beach Road is flooded. Please take Third Road.",
    "zh": "海滩路积水，请走第三路。",
    "ru": "Пляжная дорога затоплена. Поезжайте по Третьей улице.",
}
WATER = {"th": "คืนนี้งดจ่ายน้ำที่นาเกลือ", "en": "There is no water in Naklua tonight."}


def _write(walks: Walks, texts: dict[str, str]) -> None:
    walks.judge.free |= {*texts.values()}
    now = walks.world.clock.now()
    draft = Draft(texts, ("news",), now, now + timedelta(days=1))
    with walks.world.floor.db.write() as session:
        bulletins.write(session, walks.config, draft, by="supervisor", now=now)


# ---------------------------------------------------------------- tickets


def ticket(walks: Walks, language: str) -> Pages:
    present(walks)
    own = f"+6683{LANGUAGES.index(language):07}"
    other = "+66891235678"
    mine, theirs = (_ticket(walks, number) for number in (own, other))
    walks.telephone(language, own).ring().presses(KEY[language]).hangs_up()
    yield from walks.everywhere(
        lambda: walks.telephone(language, own).ring(),
        tuple(keys(SILENCE, "4")),
        numbers=(mine.number, theirs.number, SLIP, numbers.make(9999), "5678", "0000"),
        within=lambda place: place.node == "ticket",
    )
    for state, title in (
        (State.IN_PROGRESS, "a ticket that is worked on"),
        (State.DONE, "a ticket that is done, with a word from the division"),
    ):
        mine = _move(walks, mine, state)
        phone = walks.telephone(language, own).ring().presses(SILENCE, "4", mine.number)
        phone.hangs_up()
        yield from call(phone, title)
    dropped = _move(walks, theirs, State.CANCELLED)
    phone = walks.telephone(language, own).ring()
    phone.presses(SILENCE, "4", dropped.number, "5678", "1")
    yield from call(phone, "a ticket that was withdrawn, and on to an agent")


SLIP = "1000018"
NEWS = "ลอกท่อเรียบร้อยแล้ว"


def _ticket(walks: Walks, number: str) -> tickets.TicketFacts:
    now = walks.world.clock.now()
    with walks.world.floor.db.write() as session:
        arrival = calls.Arrival(f"CA{next(walks.next_number)}", number, "1337")
        call_id, _ = calls.arrive(session, arrival, language="", at="language", now=now)
        return tickets.record_call(
            session,
            walks.world.floor.section(Tickets),
            call_id=call_id,
            outcome="complaint",
            category="flood",
            note="น้ำท่วมซอยบัวขาว",
            caller=number,
            now=now,
        )


def _move(walks: Walks, ticket_: tickets.TicketFacts, to: State) -> tickets.TicketFacts:
    walks.judge.free.add(NEWS)
    results = {State.DONE: Result.FIXED, State.CANCELLED: Result.WITHDRAWN}
    ended = {"result": results[to], "text": NEWS} if to in results else {}
    with walks.world.floor.db.write() as session:
        return tickets.move(
            session,
            walks.world.floor.section(Tickets),
            ticket_,
            to,
            actor=tickets.Actor("supervisor", tickets.Role.SUPERVISOR),
            now=walks.world.clock.now(),
            **ended,  # type: ignore[arg-type]
        )


# ---------------------------------------------------------------- lines that cannot be joined

CANNOT_JOIN = ("1", "2", "0")


def nobody(walks: Walks, language: str) -> Pages:
    yield from walks.everywhere(
        lambda: walks.telephone(language).ring(),
        *(tuple(keys(KEY[language], *each)) for each in (*CANNOT_JOIN, "90")),
        within=lambda place: place.node in ("nobody", "callback", "message", "night"),
    )
    phone = Telephone(walks, walks.world.caller("anonymous"), language).ring()
    phone.presses(KEY[language], "1", "1", "0898765432", "1")
    yield from call(phone, "somebody who withholds the number asks to be called back")


def full(walks: Walks, language: str) -> Pages:
    if language == LANGUAGES[0]:
        staffed(walks.world)
        for key in ("1", "2"):
            walks.telephone(language).ring().presses(KEY[language], key, SILENCE)
    yield from walks.everywhere(
        lambda: walks.telephone(language).ring(),
        *(tuple(keys(KEY[language], *each)) for each in CANNOT_JOIN),
        within=lambda place: place.node == "full",
    )


# ---------------------------------------------------------------- the waiting room


def waiting(walks: Walks, language: str) -> Pages:
    agent = present(walks)
    ahead = [_queued(walks, language) for _ in range(2)]
    phone = _queued(walks, language).waits().waits(20).waits(30)
    ahead[0].hangs_up()
    phone.waits(45)
    ahead[1].hangs_up()
    phone.waits(45).waits(45)
    yield from call(phone, "third in the line, then second, then next")
    phone.hangs_up()
    yield from _doors(walks, language)
    for title, key in (("information", "1"), ("complaint", "2"), ("anybody", "0")):
        phone = _queued(walks, language, key).waits().waits(1800)
        yield from call(phone, f"half an hour for {title}: to a callback, which is declined")
        phone.presses("*").waits(20)
        yield from call(phone, "… and back in the old place")
        phone.hangs_up()
    phone = _queued(walks, language)
    agent.goes_home()
    yield from call(phone.waits(120).presses("2"), "everybody has gone home")
    agent.rests()


def _doors(walks: Walks, language: str) -> Pages:
    for node, key in (("information", "1"), ("complaint", "2"), ("agent", "0")):
        phone = _queued(walks, language, key).waits(60)
        phone.presses_while_waiting("1").presses("1")
        yield from call(phone, f"in the queue of {node}: called back instead")
        phone = _queued(walks, language, key).waits(60)
        phone.presses_while_waiting("2").does(Move("message", MESSAGE))
        yield from call(phone, f"in the queue of {node}: a message instead")
        phone = _queued(walks, language, key).waits(20)
        phone.presses_while_waiting("9").does(*keys("1"), Move("dial", "completed"))
        yield from call(phone, f"in the queue of {node}: an emergency")
    phone = _queued(walks, language).waits(60)
    phone.presses_while_waiting("1").presses("7", SILENCE, "#", SILENCE).waits(20)
    yield from call(phone, "nothing that makes sense: back in the old place")
    phone.hangs_up()
    phone = _queued(walks, language).waits(60)
    phone.presses_while_waiting("1").presses("2", "0898765432", "3", "2560", "1000", "1")
    yield from call(phone, "called back at another number and at an hour")
    phone = _queued(walks, language).waits(60).presses_while_waiting("7").waits(60)
    yield from call(phone, "a key that means nothing while waiting")
    phone.hangs_up()
    phone = walks.telephone(language).ring().presses(KEY[language], "9", "0").waits()
    yield from call(phone, "an emergency that waits for our own people")
    phone.hangs_up()


def _queued(walks: Walks, language: str, key: str = "1") -> Telephone:
    return walks.telephone(language).ring().presses(KEY[language], key, SILENCE)


def again(walks: Walks, language: str) -> Pages:
    """Calling again: cut off, promised, refused."""
    present(walks)
    number = f"+6684{LANGUAGES.index(language):07}"
    phone = walks.telephone(language, number).ring().presses(KEY[language], "1", SILENCE)
    phone.waits().hangs_up()
    walks.world.clock.advance(seconds=40)
    phone = walks.telephone(language, number).ring().waits()
    yield from call(phone, "cut off while waiting, and back within the minute")
    phone.waits(60).presses_while_waiting("1").presses("1").hangs_up()
    yield from walks.everywhere(
        lambda: walks.telephone(language, number).ring(),
        (),
        within=lambda place: place.node == "promised",
        but="1",
    )
    phone = walks.telephone(language, number).ring().presses("1").waits()
    yield from call(phone, "promised a callback, and waits on the line instead")
    phone.hangs_up()


def blocked(walks: Walks, language: str) -> Pages:
    present(walks)
    number = f"+6685{LANGUAGES.index(language):07}"
    walks.telephone(language, number).ring().presses(KEY[language]).hangs_up()
    with walks.world.floor.db.write() as session:
        nuisance.block(
            session,
            number,
            reason="threatens the staff",
            days=30,
            by="supervisor",
            now=walks.world.clock.now(),
        )
    yield from walks.everywhere(
        lambda: walks.telephone(language, number).ring(),
        (),
        within=lambda place: place.node == "refused",
    )


# ---------------------------------------------------------------- after the conversation


def survey(walks: Walks, language: str) -> Pages:
    told: set[bool] = set()
    agent = present(walks)
    while told != {True, False}:
        phone = _queued(walks, language)
        agent.ready().accepts()
        agent.picks_up()
        brought = [
            url for sid, url in walks.world.carrier.of("redirect") if sid == phone.caller.sid
        ]
        phone.goes_to(brought[-1], "an agent answers")
        over = phone.heard.action
        walks.world.clock.advance(seconds=60)
        agent.hangs_up()
        phone.goes_to(over, "the agent hangs up")
        agent.finishes()
        agent.rests()
        asked = phone.heard.does == "Gather"
        if asked not in told:
            yield from call(phone, "asked for a mark" if asked else "not asked for a mark")
            if asked:
                yield from walks.everywhere(lambda phone=phone: _still(phone), ())  # type: ignore[misc]
        told.add(asked)
        phone.hangs_up()


def _still(phone: Telephone) -> Telephone:
    """The same call, where it is: there is no other way back to this question."""
    return Telephone(phone.walks, phone.caller, phone.language, [], phone.heard)


# ---------------------------------------------------------------- all of them


def present(walks: Walks) -> Any:
    """The agent of this hotline, on a break."""
    if not walks.world.agents:
        staffed(walks.world)
    return walks.world.agents[0]


SCENES = {
    "01-first-question": Scene("The first question of a call", first_question),
    "02-menu": Scene("The menu by day: everything that can be pressed, said, and go wrong", menu),
    "03-known": Scene("Who is known is spared the first question", known),
    "04-closed": Scene("City Hall is closed", closed),
    "05-holiday": Scene("City Hall on a holiday", holiday),
    "06-bulletins": Scene("Bulletins are on the air", news),
    "07-ticket": Scene("How a ticket stands", ticket),
    "08-nobody": Scene("Nobody is signed in", nobody),
    "09-full": Scene("The lines are full", full, {"max_callers": 1}),
    "10-waiting": Scene("In the waiting room", waiting),
    "11-again": Scene("Calling again", again),
    "12-blocked": Scene("A number that is blocked", blocked),
    "13-survey": Scene("After the conversation", survey),
}


@dataclass
class Walked:
    """Everything that was heard, by the path of its transcript, and the ways that were gone."""

    transcripts: dict[str, str]
    footsteps: Footsteps


def walked(migrated: Path, folder: Path, redis_url: str) -> Walked:
    """Play every scene in every language."""
    found, footsteps = Walked({}, Footsteps()), Footsteps()
    found.footsteps = footsteps
    for name, scene in SCENES.items():
        config = shipped(**scene.queues)
        with (
            opened(migrated, folder / name, redis_url, config) as world,
            footsteps.watching(),
        ):
            walks = Walks(world, Judge(config.ivr), footsteps, count(1))
            for language in LANGUAGES:
                lines = [*scene.play(walks, language)]
                if lines:
                    page = "\n".join([f"# {scene.title}", "", *lines]).rstrip()
                    found.transcripts[f"{language}/{name}.txt"] = f"{page}\n"
    return found


__all__ = ["SCENES", "Walked", "World", "walked"]
