"""What every kind of node is made of: what comes in, what is told to the carrier, what is asked of
the world.

A node is what a caller is in. Each kind is one file beside this one: its fields in config.yaml, its
ways out, and two pure functions, `enter` (the caller comes to it) and `answer` (something came in
while the caller stood at it). Both return either `Stop` (this is said, and the caller stays here)
or `Go` (on to another node). The walk itself is in `ivr.steps`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Protocol

from pydantic import BeforeValidator, Field, StringConstraints

from hotline.config import DialNumber, Identifier, LocalText, Section
from ivr.speech import prompts
from ivr.speech.prompts import Places
from ivr.speech.spoken import Value

#: What a telephone can send. YAML reads a bare 1 as a number, people write it so: both are taken.
Key = Annotated[str, BeforeValidator(str), StringConstraints(pattern=r"^[0-9*#]$")]
#: A telephone number; a bare 191 in YAML is meant as its digits.
Number = Annotated[DialNumber, BeforeValidator(str)]
Tries = Annotated[int, Field(ge=1, le=5)]
#: The longest that a node waits for anything, a ringing telephone included.
LONGEST_SECONDS: Final = 60
Seconds = Annotated[int, Field(ge=1, le=LONGEST_SECONDS)]

#: Keys that mean the same everywhere, unless a node has them for something else.
PERSON, BACK, REPEAT = "0", "*", "#"
GENERAL = (PERSON, BACK, REPEAT)
#: A queue of this priority is for emergencies: nobody else is ever served before it.
ABSOLUTE = 100
#: How a `<Dial>` ends when both have spoken.
DIAL_DONE = frozenset({"completed", "answered"})


# ---------------------------------------------------------------- where a caller stands


@dataclass(frozen=True, slots=True)
class Position:
    """Where a caller stands: all of it travels in the signed address of the next webhook.

    `attempt`: how often the node was tried in vain. `n`: the number of the step that the next input
    makes. `part`: the place inside a node that asks several things. `held`: what was keyed in an
    earlier part. `trail`: the nodes that asked before, for `*`. `consent` to being recorded:
    "" (not asked), "given", "refused".
    """

    node: str
    language: str
    attempt: int = 0
    n: int = 0
    part: str = ""
    held: str = ""
    trail: tuple[str, ...] = ()
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What came in: keys, spoken words, how a transfer ended; all empty is silence."""

    digits: str = ""
    dial: str = ""
    speech: str = ""


# ---------------------------------------------------------------- what the carrier is told to do


@dataclass(frozen=True, slots=True)
class Speak:
    """A prompt in a language, with what stands in its places."""

    prompt: str
    language: str
    values: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A text that is no prompt (a bulletin, news of a ticket), in the voice of a language."""

    text: str
    language: str


Words = Speak | Read


@dataclass(frozen=True, slots=True)
class Listen:
    """Speak and wait; what is keyed or said makes the next step, and so does silence for `timeout`
    seconds. One key, or with `number` any digits up to `#`. `hints`: words that may be said; empty:
    keys only.
    """

    speaks: tuple[Words, ...]
    timeout: int
    number: bool = False
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A message of `longest` seconds at most; the end of it makes the next step."""

    longest: int


@dataclass(frozen=True, slots=True)
class Enqueue:
    """The caller waits in `queue`."""

    queue: str


@dataclass(frozen=True, slots=True)
class BackToPlace:
    """The caller goes on waiting in the place that was kept."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Put through to `number`, ringing for `timeout` s; how it ends makes the next step."""

    number: str
    timeout: int
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class HangUp:
    """The end of the call."""


Verb = Speak | Read | Listen | Record | Enqueue | BackToPlace | Dial | HangUp


# ---------------------------------------------------------------- what a step does besides


@dataclass(frozen=True, slots=True)
class Consented:
    """The caller was told that the conversation is recorded; `to` is `given` or `refused`."""

    to: str


@dataclass(frozen=True, slots=True)
class Heard:
    """These bulletins are spoken."""

    bulletins: tuple[int, ...]
    at: str


@dataclass(frozen=True, slots=True)
class AboutTicket:
    """The caller has shown which ticket the call is about; `proven`: that it is theirs."""

    number: str
    proven: bool


@dataclass(frozen=True, slots=True)
class AskCallback:
    """The caller wants to be called at `number` (E.164), at once or at a moment (aware)."""

    number: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """The caller's mark for the conversation."""

    mark: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """The caller is on the block list."""


@dataclass(frozen=True, slots=True)
class TakePlace:
    """Who was promised a callback waits on the line instead, in the same place."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The caller wanted to join a line that cannot be joined (`why`: a `LineState`)."""

    queue: str
    language: str
    why: str


Act = Consented | Heard | AboutTicket | AskCallback | Rated | Refuse | TakePlace | TurnedAway


# ---------------------------------------------------------------- what is asked of the world


class LineState(StrEnum):
    """Whether a caller can join a line."""

    OPEN = "open"
    FULL = "full"
    NOBODY = "nobody"  # nobody who could ever take the call is signed in


@dataclass(frozen=True, slots=True)
class Notice:
    """A bulletin that is on the air: texts by language."""

    id: int
    texts: tuple[tuple[str, str], ...]

    def text(self, language: str) -> tuple[str, str]:
        """(language, text): the caller's language, else English, else the first."""
        texts = dict(self.texts)
        for each in (language, "en"):
            if each in texts:
                return each, texts[each]
        return self.texts[0]


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """A ticket as its citizen hears of it; moments are local and aware."""

    number: str
    state: str
    division: tuple[tuple[str, str], ...]
    changed: datetime
    due: datetime | None
    news: str
    callers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceKept:
    """A place in the waiting room that is still this caller's: by the node that led to it."""

    node: str
    language: str


class World(Protocol):
    """What a step may ask. Nothing in it changes anything; each answer holds for one step."""

    @property
    def now(self) -> datetime:
        """Local, aware."""

    def caller(self) -> str:
        """The caller's number, E.164; empty when it is withheld."""

    def spoken_before(self) -> str | None:
        """The language of this number's last call."""

    def language_dialled(self) -> str | None:
        """The language of the number that was dialled."""

    def is_open(self, calendar: str) -> bool: ...

    def opens(self, calendar: str) -> datetime | None:
        """When it opens next: local, aware."""

    def bulletins(self, place: str) -> tuple[Notice, ...]: ...

    def ticket(self, number: str) -> TicketSeen | None: ...

    def ticket_of_call(self) -> str:
        """The number of the ticket that came of this call; empty while there is none."""

    def line(self, queue: str, language: str) -> LineState: ...

    def holds_place(self) -> bool:
        """Whether this call has a place in the waiting room now."""

    def blocked(self) -> bool: ...

    def place_kept(self) -> PlaceKept | None:
        """The place of somebody who was cut off and calls again."""

    def callback_pending(self) -> bool: ...

    def calls_from(self) -> datetime | None:
        """When callbacks go on (local, aware), if the night may come before the caller's turn does;
        None by day.
        """

    def telephone(self, digits: str) -> str | None:
        """A number as it was keyed, E.164; None when it is none that can be called."""


class Nowhere:
    """A world in which all is open and nothing is known: for planning and for tests."""

    now = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)

    def caller(self) -> str:
        return ""

    def spoken_before(self) -> str | None:
        return None

    def language_dialled(self) -> str | None:
        return None

    def is_open(self, _calendar: str) -> bool:
        return True

    def opens(self, _calendar: str) -> datetime | None:
        return None

    def bulletins(self, _place: str) -> tuple[Notice, ...]:
        return ()

    def ticket(self, _number: str) -> TicketSeen | None:
        return None

    def ticket_of_call(self) -> str:
        return ""

    def line(self, _queue: str, _language: str) -> LineState:
        return LineState.OPEN

    def holds_place(self) -> bool:
        return False

    def blocked(self) -> bool:
        return False

    def place_kept(self) -> PlaceKept | None:
        return None

    def callback_pending(self) -> bool:
        return False

    def calls_from(self) -> datetime | None:
        return None

    def telephone(self, _digits: str) -> str | None:
        return None


# ---------------------------------------------------------------- a node


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a node: where it stands in the file, and where it leads."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Here:
    """A caller at a node. `back`: came by `*`, so what is known is asked all the same. `unchosen`:
    came by a key that waits for no choice of language, so nobody knows which they understand.
    """

    name: str
    position: Position
    world: World
    languages: tuple[str, ...]
    person: str
    back: bool = False
    unchosen: bool = False

    @property
    def language(self) -> str:
        return self.position.language

    def speak(self, prompt: str, **values: Value) -> Speak:
        """A prompt in the caller's language."""
        return Speak(prompt, self.language, tuple(values.items()))


@dataclass(frozen=True, slots=True)
class Stop:
    """This is said and done, and the caller stays at this node, in `part` of it; from now on in
    `language`, if it names one.
    """

    verbs: tuple[Verb, ...]
    part: str = ""
    held: str = ""
    attempt: int = 0
    acts: tuple[Act, ...] = ()
    consent: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Go:
    """On to another node. `given`: what came in is the answer to the next question, which the
    caller did not wait for. `missed`: the caller did nothing that this node could take. `unchosen`:
    in no language that the caller has chosen.
    """

    to: str
    said: tuple[Words, ...] = ()
    language: str = ""
    acts: tuple[Act, ...] = ()
    given: Given | None = None
    missed: bool = False
    unchosen: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """To the question before this one, as by `*`; where there is none, on to `otherwise`."""

    otherwise: str


Outcome = Stop | Go


class Base(Section):
    """What all kinds have. `kind` names the kind in config.yaml."""

    #: What the people who decide about the flow call it, in its picture.
    title: LocalText | None = None

    #: Whether the caller is asked something here, so that 0, * and # mean something.
    asks: ClassVar[bool] = False
    #: Whether a call may end here.
    ends: ClassVar[bool] = False
    #: Whether somebody of ours takes care of who comes here: a person, or a message that is kept.
    cared_for: ClassVar[bool] = False
    #: Prompts that this kind speaks by itself, needed when a flow has one of it.
    speaks: ClassVar[Places] = {}

    def exits(self) -> list[Exit]:
        """All ways out, in the order of the file."""
        return []

    def silent(self) -> tuple[str, ...]:
        """Where a caller is led who does nothing, or whose transfer reaches nobody; the world may
        decide which. Empty at an end.
        """
        return ()

    def prompts(self) -> Iterator[tuple[str, str]]:
        """(path inside the node, prompt) of what the node itself says."""
        prompt = getattr(self, "prompt", None)
        if prompt is not None:
            yield "prompt", prompt

    def places(self) -> Places:
        """The places that this node fills in its own prompts."""
        return {}

    def own_keys(self, _part: str) -> Collection[str]:
        """Keys that mean something of this node's own here."""
        return ()

    def enter(self, here: Here) -> Outcome:
        """The caller comes to this node."""
        raise NotImplementedError

    def ask(self, here: Here) -> Stop:
        """The question of the part in which the caller stands, once more."""
        raise NotImplementedError

    def answer(self, here: Here, _given: Given) -> Outcome | Back:
        """Something came in. At a node that asks nothing (the configuration was changed in
        mid-call) the node speaks.
        """
        return self.enter(here)


def keyed(name: str, keys: Mapping[str, str]) -> list[Exit]:
    """The exits of a mapping of keys."""
    return [Exit(f"{name}.{key}", to) for key, to in keys.items()]


def miss(
    node: Base, here: Here, given: Given, *, tries: int, otherwise: str, help_: str = prompts.HELP
) -> Outcome:
    """A wrong key or silence: what went wrong and the question again; then help and the question;
    then on to `otherwise`, which is a person.
    """
    attempt = here.position.attempt + 1
    if attempt >= tries:
        return Go(otherwise, (here.speak(prompts.LET_US_HELP),), missed=True)
    said = help_ if attempt > 1 else _what_was_missed(given)
    return again(node, here, here.speak(said), attempt=attempt)


def _what_was_missed(given: Given) -> str:
    if given.digits:
        return prompts.WRONG_KEY
    return prompts.NOT_UNDERSTOOD if given.speech else prompts.SILENCE


def again(node: Base, here: Here, *first: Words, attempt: int) -> Stop:
    """The question of this part once more, after `first`."""
    asked = node.ask(here)
    listen = asked.verbs[0]
    assert isinstance(listen, Listen)
    speaks = (*first, *listen.speaks)
    verbs = (Listen(speaks, listen.timeout, listen.number, listen.hints), *asked.verbs[1:])
    position = here.position
    return Stop(verbs, position.part, position.held, attempt)


#: A name of a node in a field of a node.
NodeName = Identifier
