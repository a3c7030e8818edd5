"""The section `ivr:` of config.yaml: languages, prompts, the flow, queues, waiting."""

import string
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from hotline.config import ANY_TEXT, NO_NAME, Identifier, Language, LocalText, Section
from hotline.errors import Fault
from ivr import callback_rules, prompts, widening
from ivr import flow as flows

Voice = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class SpokenLanguage(Section):
    """A language that callers can choose: how it is called, and who speaks it at the carrier."""

    title: str
    #: The carrier's language tag, such as th-TH.
    tag: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})*$")]
    #: The carrier's name of a voice; None takes the carrier's own for the tag.
    voice: Voice | None = None


class Queue(Section):
    """A line of callers for one kind of matter; where they go for whom it can do nothing."""

    title: LocalText
    #: The higher goes first; 100, an emergency, before everybody with less.
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    #: To whose agents, too, a caller is offered who has waited so long.
    widen: tuple[widening.Widening, ...] = ()
    #: So many callers may wait, of all languages together; who comes then goes to `full`.
    max_callers: Annotated[int, Field(ge=1, le=10_000)] | None = None
    full: Identifier | None = None
    #: So many seconds may a caller wait, and then goes to `overflow`.
    max_wait: Annotated[int, Field(ge=10, le=24 * 3600)] | None = None
    overflow: Identifier | None = None
    #: Where a caller goes when nobody is signed in who could ever answer, of all circles, and that
    #: for so many seconds.
    nobody: Identifier | None = None
    nobody_after: Annotated[int, Field(ge=0, le=24 * 3600)] = 0

    def exits(self) -> list[tuple[str, str]]:
        """The nodes to which it may send a caller, each with the name of its key."""
        found = (("full", self.full), ("overflow", self.overflow), ("nobody", self.nobody))
        return [(name, node) for name, node in found if node is not None]

    def faults(self) -> Iterator[Fault]:
        """A limit and where it leads to stand together."""
        yield from _together("max_callers", self.max_callers, "full", self.full)
        yield from _together("max_wait", self.max_wait, "overflow", self.overflow)
        if self.nobody_after and self.nobody is None:
            yield Fault("nobody", "is missing: where do callers go after nobody_after?")
        for number, step in enumerate(self.widen):
            if self.max_wait is not None and step.after >= self.max_wait:
                never = f"never comes: nobody waits longer than max_wait ({self.max_wait} s)"
                yield Fault(f"widen.{number}.after", never)


def _together(limit: str, number: int | None, exit_: str, node: str | None) -> Iterator[Fault]:
    if number is not None and node is None:
        yield Fault(exit_, f"is missing: where do callers go at {limit}?")
    if number is None and node is not None:
        yield Fault(limit, f"is missing: nobody ever goes to {exit_}")


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


class CallbackPauses(Section):
    """How long after a try in vain the next one comes (seconds), by what the carrier said."""

    busy: Annotated[int, Field(ge=10, le=24 * 3600)] = 300
    no_answer: Annotated[int, Field(ge=10, le=24 * 3600)] = 300
    failed: Annotated[int, Field(ge=10, le=24 * 3600)] = 300


def _is_a_span(text: str) -> str:
    callback_rules.Span.parse(text)
    return text


class CallbackRules(Section):
    """How citizens are called back. See docs/callbacks.md."""

    #: How the numbers begin that the city calls back (E.164): a caller may key in any, and the city
    #: pays for the call.
    prefixes: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^\+\d*$")], ...], Field(min_length=1)
    ] = ("+",)
    #: Seconds that the citizen's telephone rings, while the agent waits on the line.
    ring: Annotated[int, Field(ge=10, le=60)] = 30
    #: How often one who was not reached is tried again, and after how long.
    retries: Annotated[int, Field(ge=0, le=20)] = 3
    pause: CallbackPauses = CallbackPauses()
    #: When citizens may be rung: spans of the city's day.
    hours: Annotated[
        tuple[Annotated[str, AfterValidator(_is_a_span)], ...], Field(min_length=1)
    ] = ("08:00-20:00",)
    #: For so many seconds after the hour that somebody asked for, or after their call, they may be
    #: rung at any hour.
    fresh: Annotated[int, Field(ge=0, le=12 * 3600)] = 1800
    #: By so many seconds a scheduled callback goes before those who enter the line at its hour.
    head_start: Annotated[int, Field(ge=0, le=3600)] = 600
    #: A promise older than so many hours, outside the hours of calling not counted, is marked late.
    expires: Annotated[float, Field(gt=0, le=24 * 14)] = 4.0
    #: For so many days somebody who hung up while waiting stands on the list.
    worklist_days: Annotated[int, Field(ge=1, le=31)] = 2

    def calling_hours(self, zone: ZoneInfo) -> callback_rules.Hours:
        """The same as the rules read it, in the city's time zone."""
        spans = tuple(map(callback_rules.Span.parse, self.hours))
        return callback_rules.Hours(spans, zone, timedelta(seconds=self.fresh))

    def trying_again(self) -> callback_rules.Retries:
        """The same as the rules read it."""
        pauses = {
            callback_rules.Missed.BUSY: timedelta(seconds=self.pause.busy),
            callback_rules.Missed.NO_ANSWER: timedelta(seconds=self.pause.no_answer),
            callback_rules.Missed.FAILED: timedelta(seconds=self.pause.failed),
        }
        return callback_rules.Retries(self.retries, pauses)


class CallRules(Section):
    """How calls are watched (seconds)."""

    #: A call without an end that nothing was heard of for so long is asked for at the carrier.
    check_after: Annotated[int, Field(ge=60, le=7200)] = 300


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
    callbacks: CallbackRules = CallbackRules()

    @cached_property
    def graph(self) -> flows.Flow:
        """The flow as the steps walk it."""
        return flows.Flow(self.start, self.flow, tuple(self.languages))

    def skills(self) -> list[tuple[str, str]]:
        """Every (queue, language) that a caller can wait in."""
        return [(queue, language) for queue in self.queues for language in self.languages]

    @cached_property
    def wider(self) -> widening.Circles:
        """To whose agents callers are offered besides those of their own line."""
        steps = {name: queue.widen for name, queue in self.queues.items()}
        return widening.circles(steps, tuple(self.languages))

    def circles(self, queue: str, language: str, waited_seconds: float) -> frozenset[str]:
        """The skills by which a caller who has waited so long may be answered, own included."""
        return self.wider.within((queue, language), waited_seconds)

    def all_circles(self, queue: str, language: str) -> frozenset[str]:
        """The skills by which a caller may ever be answered, own included."""
        return self.wider.within((queue, language))

    def faults(self) -> Iterator[Fault]:
        """Everything that is wrong with the section, with its path."""
        if not self.languages:
            yield Fault("languages", "a hotline speaks at least one language")
        yield from flows.faults(self.graph)
        yield from self._missing_queues()
        yield from self._broken_queues()
        yield from self._missing_prompts()
        yield from self._broken_prompts()

    def _missing_queues(self) -> Iterator[Fault]:
        for name, node in self.flow.items():
            if isinstance(node, flows.ToQueue) and node.queue not in self.queues:
                yield Fault(
                    f"flow.{name}.queue", f'no such queue "{node.queue}"', f"queues.{node.queue}"
                )

    def _broken_queues(self) -> Iterator[Fault]:
        for name, queue in self.queues.items():
            for fault in queue.faults():
                yield Fault(f"queues.{name}.{fault.path}", fault.message)
            yield from widening.faults(name, queue.widen, self.queues, self.languages)

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
