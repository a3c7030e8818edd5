"""Goes every way of the flow: at each question everything that a caller can do there.

A caller's place travels in the address of the next webhook, and a webhook that comes again gets the
same answer. So a call is led to each place once, does one thing there, and the other things are
asked at the same address: what is heard is what another caller at this place would hear.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ivr.config import Ivr
from ivr.nodes import Callback, Menu, TicketStatus
from ivr.nodes.menu import EVERY_LANGUAGE
from tests.service.ivr.world import Caller, World
from tests.support.floors import PUBLIC_URL
from tests.walks.hearing import Heard, Judge
from tests.walks.hotline import Footsteps

KEYS = (*"123456789", "0", "*", "#")
SILENCE = ""
#: How a transfer ends.
RESULTS = ("completed", "busy", "no-answer", "failed")
MESSAGE = "message"


class Move(NamedTuple):
    """What a caller does, or what happens to them. `kind`: digits, speech, dial, message."""

    kind: str
    what: str

    def told(self) -> str:
        """For a reader."""
        match self.kind:
            case "digits" if self.what:
                return f"presses {' '.join(self.what)}"
            case "speech":
                return f"says “{self.what}”"
            case "dial":
                return f"the other end: {self.what}"
            case "message":
                return "leaves a message"
        return "does nothing"


def keys(*digits: str) -> list[Move]:
    return [Move("digits", each) for each in digits]


class Place(NamedTuple):
    """Where a caller stands, as far as it makes a difference to what can be heard next."""

    node: str
    part: str
    attempt: str
    back: str
    consent: str
    does: str


@dataclass
class Telephone:
    """A caller whose every answer is judged, and written down as a dialogue."""

    walks: "Walks"
    caller: Caller
    language: str
    lines: list[str] = field(default_factory=list)
    heard: Heard = field(default_factory=lambda: Heard("<Response/>"))
    #: Where the carrier tells that the caller has left its queue.
    queued: str = ""

    def ring(self, to: str = "1337") -> "Telephone":
        form = self.caller.parameters("in-progress") | {"To": to}
        document = self.caller.world.post(f"{PUBLIC_URL}/ivr/voice", **form)
        self.lines.append("caller rings" + (f" {to}" if to != "1337" else ""))
        return self._hears(document, "", "start")

    def does(self, *moves: Move) -> "Telephone":
        for move in moves:
            self.lines.append(f"caller {move.told()}" if move.kind != "dial" else move.told())
            self._hears(self.asks(move), self.heard.query.get("at", ""), _label(move))
        return self

    def presses(self, *digits: str) -> "Telephone":
        return self.does(*keys(*digits))

    def asks(self, move: Move) -> str:
        """What the hotline answers to this, here."""
        heard, form = self.heard, self.caller.parameters("in-progress")
        match move.kind:
            case "speech":
                form["SpeechResult"] = move.what
            case "dial":
                form["DialCallStatus"] = move.what
            case "message":
                form |= {"RecordingSid": f"RE{self.caller.sid}", "RecordingDuration": "12"}
                form["RecordingUrl"] = "https://carrier.example/RE"
        if move.what:
            if move.kind == "digits":
                form["Digits"] = move.what
            return self.caller.world.post(heard.action, **form)
        return self.caller.world.post(heard.silence, **form)

    def goes_to(self, url: str, why: str = "", from_: str = "", **more: str) -> "Telephone":
        """The carrier asks at an address of its own accord; `why` is told to a reader."""
        form = self.caller.parameters("in-progress") | more
        if why:
            self.lines.append(why)
        return self._hears(self.caller.world.post(url, **form), from_, why)

    # ---- in the waiting room

    def waits(self, seconds: int = 0) -> "Telephone":
        """One round of the wait loop, so many seconds later; who is sent on, goes."""
        self.caller.world.clock.advance(seconds=seconds)
        if seconds:
            self.lines.append(f"… {seconds} seconds later")
        return self.goes_to(self._wait_url())._sent_on("is sent on")

    def presses_while_waiting(self, key: str) -> "Telephone":
        self.lines.append(f"caller presses {key}")
        return self.goes_to(self.heard.action, Digits=key)._sent_on(f"key {key}")

    def _wait_url(self) -> str:
        if self.heard.does == "Enqueue":
            return self.heard.last.get("waitUrl", "")
        return self.heard.silence

    def _sent_on(self, why: str) -> "Telephone":
        """The carrier tells that somebody has left its queue at our word."""
        if self.heard.does != "Leave":
            return self
        at = dict(parse_qsl(urlsplit(self.queued).query))["at"]
        form = self.caller.parameters("in-progress") | {"QueueResult": "leave"}
        return self._hears(self.caller.world.post(self.queued, **form), at, why)

    def hangs_up(self) -> "Telephone":
        self.lines.append("caller hangs up")
        self.caller.hangs_up()
        return self

    def _hears(self, document: str, from_: str, what: str) -> "Telephone":
        self.heard = Heard(document)
        if self.heard.does == "Enqueue":
            self.queued = self.heard.action
        self.walks.footsteps.step(from_, what)
        self.walks.judge_(self.heard, self.language)
        voices = {said.tag for said in self.heard.said}
        asks = f"  hotline: [asks for a language, in {len(voices)} languages]"
        self.lines += [asks] if len(voices) > 2 else told(self.heard)
        return self


def _label(move: Move) -> str:
    if move.kind == "dial":
        return move.what
    if move.kind == "digits" and len(move.what) == 1:
        return move.what
    return "" if move.kind == "digits" and not move.what else "*number*"


def told(heard: Heard) -> list[str]:
    """What is heard, for a reader: one line a voice."""
    lines = []
    for (tag, is_file), group in groupby(heard.said, key=lambda said: (said.tag, bool(said.file))):
        del tag
        texts = [said.text or f"♪ {said.file.rsplit('/', 1)[-1]}" for said in group]
        lines.append(("  plays: " if is_file else "  hotline: ") + " ".join(texts))
    return [*lines, *([f"  {happens}"] if (happens := heard.happens()) else [])]


@dataclass
class Walks:
    """One hotline that is walked through, and what was heard."""

    world: World
    judge: Judge
    footsteps: Footsteps
    #: Telephone numbers are spoken, so they are the same each time.
    next_number: Iterator[int]

    @property
    def config(self) -> Ivr:
        return self.world.floor.section(Ivr)

    def telephone(self, language: str, number: str = "") -> Telephone:
        number = number or f"+6681{next(self.next_number):07}"
        return Telephone(self, self.world.caller(number), language)

    def judge_(self, heard: Heard, language: str) -> None:
        asked = heard.query.get("at", "")
        node = self.config.flow.get(asked)
        # the choice of a language is spoken in all of them, and so is what waits for no choice
        every = heard.query.get("part") == EVERY_LANGUAGE
        choice = node is not None and node.kind == "language"
        self.judge.judge(heard, language, any_language=choice or every)

    # ---- everything that can be done at a place

    def moves(self, place: Place, heard: Heard, numbers: Sequence[str]) -> list[Move]:
        """`numbers`: what is keyed where a number is asked for."""
        node = self.config.flow[place.node]
        if place.does == "Dial":
            return [Move("dial", each) for each in RESULTS]
        if place.does == "Record":
            return [Move("message", MESSAGE), *keys(SILENCE)]
        if place.does != "Gather":
            return []
        if isinstance(node, TicketStatus) and place.part != "told":
            return keys(SILENCE, *numbers, "0", "*")
        if isinstance(node, Callback) and place.part in ("number", "hour"):
            keyed = ("0898765432", "123") if place.part == "number" else ("1000", "2560")
            return keys(SILENCE, *keyed, "0", "*")
        # the carrier listens for words only where it is told to
        listens = "speech" in heard.last.get("input", "")
        words = [*self._words(node, heard.query["lang"]), "…"] if listens else []
        return [*keys(SILENCE, *KEYS), *(Move("speech", each) for each in words)]

    def _words(self, node: object, language: str) -> Iterator[str]:
        if isinstance(node, Menu):
            for by_language in node.words.values():
                yield from by_language.get(language, ())

    # ---- the walk itself

    def everywhere(
        self,
        ring: Callable[[], Telephone],
        *roots: tuple[Move, ...],
        numbers: Sequence[str] = (),
        within: Callable[[Place], bool] = lambda _: True,
        but: str = "",
    ) -> Iterator[str]:
        """Go everywhere from where the moves `roots` lead; yield what a reader may read.

        `within`: whether a place is looked at by this walk. `but`: keys that only a call that has
        not done anything else here can press.
        """
        seen: set[Place] = set()
        todo = deque(roots)
        while todo:
            path = todo.popleft()
            phone = ring().does(*path)
            place = place_of(phone.heard)
            if place in seen or not within(place):
                continue
            seen.add(place)
            answers = []
            moves = self.moves(place, phone.heard, numbers)
            for n, move in enumerate(each for each in moves if each.what not in {*but}):
                heard = Heard(phone.asks(move))
                self.footsteps.step(place.node, _label(move))
                self.judge_(heard, self._spoken(place, heard, phone.language))
                answers.append((move, heard))
                if n == 0:
                    assert Heard(phone.asks(move)) == heard, "the same again is the same answer"
                    self.footsteps.step(place.node, _label(move))
                there = place_of(heard)
                if self._is_question(heard) and within(there) and there not in seen:
                    todo.append((*path, move))
            yield from self._page(place, path, phone.heard, answers)

    def _spoken(self, place: Place, heard: Heard, language: str) -> str:
        """The language of an answer: the caller's, which only the choice of one changes."""
        if self.config.flow[place.node].kind == "language":
            return heard.query.get("lang", language)
        return language

    def _is_question(self, heard: Heard) -> bool:
        """Whether something can come in here that the flow answers."""
        return heard.does in ("Gather", "Record", "Dial") and "at" in heard.query

    def _page(
        self,
        place: Place,
        path: Iterable[Move],
        heard: Heard,
        answers: list[tuple[Move, Heard]],
    ) -> Iterator[str]:
        asked = f", asked for the {_NTH[int(place.attempt)]} time" if int(place.attempt) else ""
        part = f" ({place.part})" if place.part else ""
        yield f"== {place.node}{part}{asked}"
        way = ", ".join(move.told() for move in path) or "rings"
        yield f"the caller {way}"
        yield from told(heard)
        yield ""
        by_answer: dict[str, list[Move]] = {}
        for move, answer in answers:
            by_answer.setdefault("\n".join(told(answer)), []).append(move)
        for answer_, moves in by_answer.items():
            yield f"- {_all(moves)}"
            yield answer_
        yield ""


_NTH = ("first", "second", "third", "fourth", "fifth")


def _all(moves: Sequence[Move]) -> str:
    """Several moves with the same answer in one line."""
    pressed = [move.what for move in moves if move.kind == "digits" and move.what]
    others = [move.told() for move in moves if not (move.kind == "digits" and move.what)]
    numbers = [each for each in pressed if len(each) > 1]
    single = [each for each in pressed if len(each) == 1]
    parts = [f"presses {', '.join(single)}"] if single else []
    parts += [f"keys {each}" for each in numbers]
    return "; ".join([*parts, *others])


def place_of(heard: Heard) -> Place:
    query = heard.query
    back = query.get("via", "").rpartition(".")[2]
    return Place(
        query.get("at", ""),
        query.get("part", ""),
        query.get("try", "0"),
        back,
        query.get("rec", ""),
        heard.does,
    )
