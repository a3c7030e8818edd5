"""The section `ivr:` of config.yaml: languages, prompts, the flow, queues, waiting."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from hotline.config import (
    ANY_TEXT,
    NO_NAME,
    DialNumber,
    Identifier,
    Language,
    Length,
    LocalText,
    Section,
)
from hotline.errors import Fault
from ivr import flow as flows
from ivr.callbacks import rules as callback_rules
from ivr.nodes import Bulletin, Emergency, Hours, Menu, Node, ToQueue
from ivr.nodes.base import ABSOLUTE, Exit, Key, LineState, Number
from ivr.quality.config import Quality
from ivr.room import widening, wrapping
from ivr.speech import prompts

_DAY_AND_NIGHT = "a hotline is open day and night; say where callers go when nobody is signed in"

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
    #: How its conversations are written up; None: as `offers.wrap_up` says.
    wrap_up: wrapping.WrapUp | None = None

    def exits(self) -> list[tuple[str, str]]:
        """The nodes to which it may send a caller, each with the name of its key."""
        found = (("full", self.full), ("overflow", self.overflow), ("nobody", self.nobody))
        return [(name, node) for name, node in found if node is not None]

    def faults(self) -> Iterator[Fault]:
        """A limit and where it leads to stand together."""
        yield from _together("max_callers", self.max_callers, "full", self.full)
        yield from _together("max_wait", self.max_wait, "overflow", self.overflow)
        for fault in self.wrap_up.faults() if self.wrap_up else ():
            yield Fault(f"wrap_up.{fault.path}", fault.message)
        if self.nobody is None:
            yield Fault("nobody", f"is missing: {_DAY_AND_NIGHT}")
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
    #: Seconds between two announcements of position or expected wait, at the least.
    announce_every: Annotated[int, Field(ge=10, le=600)] = 45
    #: What the keys do while somebody waits; the place is kept meanwhile.
    keys: dict[Key, "WaitKey"] = Field(default_factory=dict)


class WaitKey(Section):
    """A key of the waiting room."""

    to: Identifier
    #: Offers it: "To be called back instead, press 1." Without it the key works unsaid.
    prompt: Identifier | None = None
    #: Seconds of waiting, or of expected wait, from which on it is offered. The key works before.
    after: Annotated[int, Field(ge=0, le=3600)] = 60
    expected: Annotated[int, Field(ge=0, le=7200)] | None = None


class OfferRules(Section):
    """How long an agent has for what (seconds)."""

    #: To take an offered call.
    timeout: Annotated[int, Field(ge=5, le=120)] = 20
    #: For the agent's own telephone to answer, after the agent has accepted.
    ring: Annotated[int, Field(ge=5, le=60)] = 20
    #: For an agent's browser that was cut off in conversation to be back; 0: it has hung up.
    return_within: Annotated[int, Field(ge=0, le=120)] = 30
    #: To write the outcome after the conversation.
    wrap_up: wrapping.WrapUp = wrapping.WrapUp()


class OnHold(StrEnum):
    """What becomes of a recording while the caller is held."""

    PAUSE = "pause"  # it has silence
    RECORD = "record"  # it goes on


class TalkRules(Section):
    """What happens in a conversation."""

    #: What the held hear, as `WaitLoop.music`; None: the music of the waiting room.
    hold_music: Annotated[str, AfterValidator(_can_be_fetched)] | None = None
    #: Seconds after which the desk says that somebody has been held, or the recording paused, for
    #: long.
    hold_long: Annotated[int, Field(ge=10, le=3600)] = 120
    pause_long: Annotated[int, Field(ge=10, le=3600)] = 60
    #: Of a recording while the caller is held, and hears nothing of what is said.
    on_hold: OnHold = OnHold.PAUSE


class Listed(Section):
    """A telephone outside that agents put callers through to."""

    title: LocalText
    number: DialNumber


class DialledNumber(Section):
    """One of the hotline's own numbers."""

    #: Spoken to whoever dials it.
    language: Language


class AfterCall(Section):
    """What follows a conversation, and which of them."""

    #: A node of the flow: the survey.
    node: Identifier
    #: Of these queues; empty: of all.
    queues: tuple[Identifier, ...] = ()
    #: The share of calls, 0 to 1; which ones is decided by the call's number.
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    #: Seconds that they must have talked.
    talked: Annotated[int, Field(ge=0, le=3600)] = 10

    def chooses(self, call_id: int, queue: str, talked: float) -> bool:
        """Whether this conversation is followed: the same answer however often it is asked."""
        if talked < self.talked or (self.queues and queue not in self.queues):
            return False
        # neighbouring numbers fall far apart (Knuth's multiplicative hash)
        return (call_id * 2654435761 % 2**32) / 2**32 < self.share


class Arrivals(Section):
    """How callers are recognised who call again."""

    #: Seconds in which somebody who was cut off while waiting gets the old place back.
    resume_within: Annotated[int, Field(ge=0, le=600)] = 90
    #: Days for which the language of the last call is remembered.
    remember_language: Annotated[int, Field(ge=0, le=730)] = 365


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
    #: What a citizen hears first who answers a call of ours: that the conversation is recorded.
    #: Left out, it is not.
    notice: Identifier | None = None
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


class CallRetention(Section):
    """How long calls keep what tells who called; without a length, for ever."""

    #: The sound of messages and conversations.
    recordings: Length | None = None
    #: The caller's number.
    numbers: Length | None = None


class Ivr(Section):
    """All of `ivr:`."""

    stand_ins: ClassVar[Mapping[str, Any]] = {
        "languages": {},
        "languages.*.title": "-",
        "languages.*.tag": "th",
        "start": NO_NAME,
        "person": NO_NAME,
        "emergency": NO_NAME,
        "flow": {},
        "queues": {},
        "queues.*.title": ANY_TEXT,
        "prompts": {},
        **flows.STAND_INS,
    }

    languages: dict[Language, SpokenLanguage]
    start: Identifier
    #: The node to which 0 leads, from anywhere.
    person: Identifier
    #: The node that one key from the first question must reach.
    emergency: Identifier
    #: Where callers begin who are on the block list; and who wait for a callback.
    refusal: Identifier | None = None
    recall: Identifier | None = None
    flow: dict[Identifier, Node]
    queues: dict[Identifier, Queue]
    prompts: dict[Identifier, dict[Language, prompts.Prompt]]
    #: The folder with the city's recordings, beside config.yaml.
    audio: str = "audio"
    #: The hotline's numbers that have a language of their own.
    numbers: dict[Number, DialledNumber] = Field(default_factory=dict)
    #: Telephones outside by name, for agents: beside those of the divisions.
    directory: dict[Identifier, Listed] = Field(default_factory=dict)
    waiting: WaitLoop = WaitLoop()
    arrivals: Arrivals = Arrivals()
    after_call: AfterCall | None = None
    offers: OfferRules = OfferRules()
    talk: TalkRules = TalkRules()
    calls: CallRules = CallRules()
    retention: CallRetention = CallRetention()
    bulletins: BulletinRules = BulletinRules()
    nuisance: NuisanceRules = NuisanceRules()
    callbacks: CallbackRules = CallbackRules()
    quality: Quality = Quality()

    @cached_property
    def graph(self) -> flows.Flow:
        """The flow as the steps walk it."""
        return flows.Flow(
            self.start,
            self.flow,
            tuple(self.languages),
            person=self.person,
            emergency=self.emergency,
            refusal=self.refusal,
            recall=self.recall,
            after_call=None if self.after_call is None else self.after_call.node,
            detours=dict(self._detours()),
            overflows=dict(self._overflows()),
            doors=tuple(self._doors()),
        )

    def _detours(self) -> Iterator[tuple[tuple[str, LineState], Exit]]:
        """Where a queue leads that cannot be joined."""
        for name, queue in self.queues.items():
            for state in (LineState.FULL, LineState.NOBODY):
                if to := getattr(queue, state.value, None):
                    yield (name, state), Exit(f"queues.{name}.{state}", to)

    def _overflows(self) -> Iterator[tuple[str, Exit]]:
        """Where callers go who have waited too long."""
        for name, queue in self.queues.items():
            if queue.overflow is not None:
                yield name, Exit(f"queues.{name}.overflow", queue.overflow)

    def _doors(self) -> Iterator[Exit]:
        """Keys of the waiting room that lead into the flow."""
        for key, way in self.waiting.keys.items():
            yield Exit(f"waiting.keys.{key}.to", way.to)

    def skills(self) -> list[tuple[str, str]]:
        """Every (queue, language) that a caller can wait in."""
        return [(queue, language) for queue in self.queues for language in self.languages]

    def wrap_up_of(self, queue: str) -> wrapping.WrapUp:
        """How a conversation of this queue is written up; of none (a call of ours), as usual."""
        known = self.queues.get(queue)
        return (known.wrap_up if known else None) or self.offers.wrap_up

    def title_of(self, name: str) -> LocalText | None:
        """What a node is called: by its own title, or that of its queue; None for one without."""
        node = self.flow.get(name)
        if node is not None and node.title is None and isinstance(node, ToQueue):
            return self.queues[node.queue].title
        return None if node is None else node.title

    def node_of(self, queue: str) -> str:
        """The first node that leads into a queue; `faults` sees to it that every queue has one."""
        return next(
            name
            for name, node in self.flow.items()
            if isinstance(node, ToQueue) and node.queue == queue
        )

    def present_queue(self, queue: str) -> str:
        """A queue that an older row names; where the file no longer has it, the one to which 0
        leads: who came for it is still somebody's.
        """
        if queue in self.queues:
            return queue
        general = self.flow[self.person]
        return general.queue if isinstance(general, ToQueue) else next(iter(self.queues))

    def priority_at(self, queue: str, node: str) -> int:
        """That of who came into a queue at a node: what the file no longer has adds nothing."""
        known, at = self.queues.get(queue), self.flow.get(node)
        return (known.priority if known else 0) + (at.priority if isinstance(at, ToQueue) else 0)

    def bulletin_places(self) -> dict[str, LocalText]:
        """The nodes at which bulletins are heard, with their titles."""
        return {name: node.title for name, node in self.flow.items() if isinstance(node, Bulletin)}

    def calendars_used(self) -> Iterator[tuple[str, str]]:
        """(path, calendar of the city) that the flow asks for."""
        for name, node in self.flow.items():
            if isinstance(node, Hours):
                yield f"flow.{name}.calendar", node.calendar

    def recordings(self) -> Iterator[tuple[str, str]]:
        """(path, file) of every recording that a prompt plays."""
        for name, texts in self.prompts.items():
            for language, prompt in texts.items():
                for path, file in prompts.clips(prompt):
                    yield f"prompts.{name}.{language}.{path}", file

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
        yield from self._late_emergencies()
        yield from self._missing_languages()
        yield from self._broken_queues()
        yield from self._missing_prompts()
        yield from self._broken_prompts()

    def _missing_queues(self) -> Iterator[Fault]:
        unknown = False
        for name, node in self.flow.items():
            queue = getattr(node, "queue", None)
            if queue is not None and queue not in self.queues:
                unknown = True
                yield Fault(f"flow.{name}.queue", f'no such queue "{queue}"', f"queues.{queue}")
        led_to = {node.queue for node in self.flow.values() if isinstance(node, ToQueue)}
        for name in self.queues:
            # a name that is unknown may be this one with a slip in it
            if name not in led_to and not unknown:
                yield Fault(f"queues.{name}", "no node of the flow leads here", follows="flow")
        for n, queue in enumerate(self.after_call.queues if self.after_call else ()):
            if queue not in self.queues:
                yield Fault(f"after_call.queues.{n}", f'no such queue "{queue}"', f"queues.{queue}")

    def _late_emergencies(self) -> Iterator[Fault]:
        """Who cannot be put through to an emergency service is served before everybody else."""
        for name, node in self.flow.items():
            if not isinstance(node, Emergency):
                continue
            for way in node.exits():
                ends = list(self._ends(way.to))
                if not any(isinstance(self.flow[end], ToQueue) for end in ends):
                    continue  # no way to a person at all, which the proof of the flow tells
                for late in filter(None, map(self._late, ends)):
                    yield Fault(
                        f"flow.{name}.{way.path}",
                        f"{late}: an emergency is served before everybody else",
                        follows="queues",
                    )

    def _ends(self, name: str) -> Iterator[str]:
        """The queues, and the nodes after which nothing comes, to which a caller may be led from a
        node who does nothing.
        """
        seen: set[str] = set()
        todo = [name]
        while todo:
            name = todo.pop()
            if name in seen or name not in self.flow:
                continue
            seen.add(name)
            node = self.flow[name]
            ways = node.silent() or ((self.person,) if isinstance(node, Menu) else ())
            if isinstance(node, ToQueue) or not ways:
                yield name
            else:
                todo += reversed(ways)

    def _late(self, name: str) -> str | None:
        """What is wrong with an end for somebody in danger; nothing with a queue before all."""
        node = self.flow[name]
        if not isinstance(node, ToQueue):
            return f'may end at "{name}", not in a queue of priority {ABSOLUTE}'
        queue = self.queues.get(node.queue)
        urgency = ABSOLUTE if queue is None else queue.priority + node.priority
        if urgency >= ABSOLUTE:
            return None
        return f"leads to a queue of priority {urgency}, not {ABSOLUTE}"

    def _missing_languages(self) -> Iterator[Fault]:
        for number, known in self.numbers.items():
            if known.language not in self.languages:
                missing = f'no such language "{known.language}"'
                yield Fault(f"numbers.{number}.language", missing, f"languages.{known.language}")

    def _needed(self) -> dict[str, frozenset[str]]:
        """Every prompt that is spoken without a node's naming it, with what stands in it."""
        needed = dict(prompts.SPOKEN_BY_THE_ENGINE)
        for node in self.flow.values():
            needed |= node.speaks
        return needed

    def _broken_queues(self) -> Iterator[Fault]:
        for fault in self.offers.wrap_up.faults():
            yield Fault(f"offers.wrap_up.{fault.path}", fault.message)
        for name, queue in self.queues.items():
            for fault in queue.faults():
                yield Fault(f"queues.{name}.{fault.path}", fault.message)
            yield from widening.faults(name, queue.widen, self.queues, self.languages)

    def _missing_prompts(self) -> Iterator[Fault]:
        for path, prompt in self._named_prompts():
            if prompt not in self.prompts:
                yield Fault(path, f'no such prompt "{prompt}"', f"prompts.{prompt}")
        for prompt in self._needed():
            if prompt not in self.prompts:
                yield Fault("prompts", f'the prompt "{prompt}" is missing', f"prompts.{prompt}")

    def _named_prompts(self) -> Iterator[tuple[str, str]]:
        for name, node in self.flow.items():
            for path, prompt in node.prompts():
                yield f"flow.{name}.{path}", prompt
        for key, way in self.waiting.keys.items():
            if way.prompt is not None:
                yield f"waiting.keys.{key}.prompt", way.prompt
        if self.callbacks.notice is not None:
            yield "callbacks.notice", self.callbacks.notice

    def _broken_prompts(self) -> Iterator[Fault]:
        needed = self._needed()
        may = dict(filled for node in self.flow.values() for filled in node.places().items())
        for name, texts in self.prompts.items():
            must = needed.get(name, prompts.NOTHING)
            for language in self.languages:
                if language not in texts or not str(texts[language]).strip():
                    yield Fault(f"prompts.{name}.{language}", "this text is missing")
            for language, prompt in texts.items():
                path = f"prompts.{name}.{language}"
                if language not in self.languages:
                    unknown = f'no such language "{language}"'
                    yield Fault(path, unknown, f"languages.{language}")
                yield from _wrong_places(path, prompt, must, must | may.get(name, prompts.NOTHING))


def _wrong_places(
    path: str, prompt: prompts.Prompt, must: frozenset[str], may: frozenset[str]
) -> Iterator[Fault]:
    """Faults of the `{places}` in a prompt: each that is needed stands there, and no other."""
    found: set[str] = set()
    try:
        for part in prompts.parts(prompt):
            if isinstance(part, str):
                found |= prompts.places(part)
    except ValueError as error:
        yield Fault(path, f"broken braces: {error}")
        return
    for place in sorted(found - may):
        yield Fault(path, f"nothing can stand in {{{place}}} here")
    for place in sorted(must - found):
        yield Fault(path, f"{{{place}}} is missing")
