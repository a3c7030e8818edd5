"""The section `ivr:` of config.yaml: languages, prompts, the flow, queues, waiting."""

import string
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from hotline.config import ANY_TEXT, NO_NAME, Identifier, Language, LocalText, Section
from hotline.errors import Fault
from ivr import flow as flows
from ivr import prompts

Voice = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class SpokenLanguage(Section):
    """A language that callers can choose: how it is called, and who speaks it at the carrier."""

    title: str
    #: The carrier's language tag, such as th-TH.
    tag: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})*$")]
    #: The carrier's name of a voice; None takes the carrier's own for the tag.
    voice: Voice | None = None


class Queue(Section):
    """A line of callers for one kind of matter."""

    title: LocalText
    #: The higher goes first.
    priority: Annotated[int, Field(ge=0, le=100)] = 0


def _can_be_fetched(address: str) -> str:
    parts = urlsplit(address)
    if not address.startswith("/") and not (parts.scheme in ("http", "https") and parts.netloc):
        raise ValueError("neither an http(s) address nor a path of ours, which begins with /")
    return address


class WaitLoop(Section):
    """What waiting sounds like."""

    #: Seconds between two requests of the wait loop: how often a caller is heard of.
    loop: Annotated[int, Field(ge=5, le=120)] = 20
    #: The address of a recording, or its path on the hotline itself; None for a quiet pause. Played
    #: once a loop.
    music: Annotated[str, AfterValidator(_can_be_fetched)] | None = None
    #: Loops that may fail before the caller is put through to the fallback number.
    patience: Annotated[int, Field(ge=1, le=20)] = 3


class OfferRules(Section):
    """How long an agent has for what (seconds)."""

    #: To take an offered call.
    timeout: Annotated[int, Field(ge=5, le=120)] = 20
    #: For the agent's own telephone to answer, after the agent has accepted.
    ring: Annotated[int, Field(ge=5, le=60)] = 20
    #: To write the outcome after the conversation.
    wrap_up: Annotated[int, Field(ge=10, le=3600)] = 180


class CallRules(Section):
    """How calls are watched (seconds)."""

    #: A call without an end that nothing was heard of for so long is asked for at the carrier.
    check_after: Annotated[int, Field(ge=60, le=7200)] = 300


class BulletinRules(Section):
    """How bulletins are counted, and what their authors are warned of."""

    #: Seconds of a bulletin after which it counts as heard.
    heard_after: Annotated[int, Field(ge=0, le=60)] = 4
    #: Seconds of speech above which its author is told that it is long.
    long_speech: Annotated[int, Field(ge=5, le=120)] = 20
    #: Days on air above which its author is asked whether that is meant.
    long_days: Annotated[int, Field(ge=1, le=366)] = 7


class NuisanceRules(Section):
    """When a number is shown to a supervisor, and how long what they decide holds."""

    #: So many silent calls ...
    calls: Annotated[int, Field(ge=2, le=100)] = 5
    #: ... within so many hours ...
    hours: Annotated[int, Field(ge=1, le=168)] = 24
    #: ... in the last so many days.
    days: Annotated[int, Field(ge=1, le=31)] = 7
    #: Outcomes of `tickets.outcomes` that make a conversation count like a silent call.
    outcomes: tuple[Identifier, ...] = ("no_matter",)
    #: Days that a block lasts unless another length is chosen.
    block_days: Annotated[int, Field(ge=1, le=365)] = 30
    #: Days that "not a nuisance" is remembered.
    dismissed_days: Annotated[int, Field(ge=1, le=365)] = 30


class Ivr(Section):
    """All of `ivr:`."""

    stand_ins: ClassVar[Mapping[str, Any]] = {
        "languages": {},
        "languages.*.title": "-",
        "languages.*.tag": "th",
        "start": NO_NAME,
        "flow": {},
        "queues": {},
        "queues.*.title": ANY_TEXT,
        "prompts": {},
        **flows.STAND_INS,
    }

    languages: dict[Language, SpokenLanguage]
    start: Identifier
    flow: dict[Identifier, flows.Node]
    queues: dict[Identifier, Queue]
    prompts: dict[Identifier, dict[Language, str]]
    waiting: WaitLoop = WaitLoop()
    offers: OfferRules = OfferRules()
    calls: CallRules = CallRules()
    bulletins: BulletinRules = BulletinRules()
    nuisance: NuisanceRules = NuisanceRules()

    @cached_property
    def graph(self) -> flows.Flow:
        """The flow as the steps walk it."""
        return flows.Flow(self.start, self.flow, tuple(self.languages))

    def skills(self) -> list[tuple[str, str]]:
        """Every (queue, language) that a caller can wait in."""
        return [(queue, language) for queue in self.queues for language in self.languages]

    def faults(self) -> Iterator[Fault]:
        """Everything that is wrong with the section, with its path."""
        if not self.languages:
            yield Fault("languages", "a hotline speaks at least one language")
        yield from flows.faults(self.graph)
        yield from self._missing_queues()
        yield from self._missing_prompts()
        yield from self._broken_prompts()

    def _missing_queues(self) -> Iterator[Fault]:
        for name, node in self.flow.items():
            if isinstance(node, flows.ToQueue) and node.queue not in self.queues:
                yield Fault(
                    f"flow.{name}.queue", f'no such queue "{node.queue}"', f"queues.{node.queue}"
                )

    def _missing_prompts(self) -> Iterator[Fault]:
        for name, node in self.flow.items():
            for path, prompt in flows.prompts_of(node):
                if prompt not in self.prompts:
                    missing = f'no such prompt "{prompt}"'
                    yield Fault(f"flow.{name}.{path}", missing, f"prompts.{prompt}")
        for prompt in prompts.SPOKEN_BY_THE_ENGINE:
            if prompt not in self.prompts:
                yield Fault("prompts", f'the prompt "{prompt}" is missing', f"prompts.{prompt}")

    def _broken_prompts(self) -> Iterator[Fault]:
        for name, texts in self.prompts.items():
            allowed = prompts.SPOKEN_BY_THE_ENGINE.get(name, frozenset())
            for language in self.languages:
                if not texts.get(language, "").strip():
                    yield Fault(f"prompts.{name}.{language}", "this text is missing")
            for language, text in texts.items():
                if language not in self.languages:
                    unknown = f'no such language "{language}"'
                    yield Fault(f"prompts.{name}.{language}", unknown, f"languages.{language}")
                yield from _wrong_places(f"prompts.{name}.{language}", text, allowed)


def _wrong_places(path: str, text: str, allowed: frozenset[str]) -> Iterator[Fault]:
    """Faults of the `{places}` in a prompt: each that is needed stands there, and no other."""
    try:
        found = {place for _, place, _, _ in string.Formatter().parse(text) if place is not None}
    except ValueError as error:
        yield Fault(path, f"broken braces: {error}")
        return
    for place in sorted(found - allowed):
        yield Fault(path, f"nothing can stand in {{{place}}} here")
    for place in sorted(allowed - found):
        yield Fault(path, f"{{{place}}} is missing")
