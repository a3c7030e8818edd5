"""The menu as a typed graph, and everything that can be wrong with it.

What a node is, and what each kind does, stands in `ivr.nodes`. The rules below are what `hotline
check` proves: every goto lands, every node can be reached, every path ends, nothing lacks a way to
a person, who stays silent is led to somebody and never in a circle, and an emergency is one key
from the first question.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hotline.config import NO_NAME
from hotline.errors import Fault
from ivr.nodes import Emergency, LanguageChoice, Menu, Node, Recall, Refusal, ToQueue, Transfer
from ivr.nodes.base import PERSON, Exit, LineState

#: A node keeps its place in the graph when one of its values cannot be read (`hotline.salvage`).
STAND_INS: Mapping[str, Any] = {
    "flow.*.number": "199",
    "flow.*.keys": {},
    "flow.*.title": {"th": "-", "en": "-"},
    **{
        f"flow.*.{field}": NO_NAME
        for field in (
            *("prompt", "next", "otherwise", "failed", "default", "open", "closed"),
            *("calendar", "agent", "declined", "emergency", "thanks", "busy", "no_answer"),
        )
    },
    "flow.*.keys.*": NO_NAME,
    "flow.*.goto.*": NO_NAME,
}


#: The parts of `ivr:` that hold ways through the flow.
_WAYS = "flow queues waiting.keys after_call"


@dataclass(frozen=True)
class Flow:
    """The graph of one hotline. `languages` in the order in which they are offered.

    `person`: where 0 leads. `emergency`: the node that one key from the first question must reach.
    `refusal`, `recall`, `after_call`: where callers begin who are blocked, who wait for a callback,
    who have just talked. `detours`: where a queue leads that cannot be joined. `doors`: other ways
    into the flow (out of the waiting room), by their path in the file.
    """

    start: str
    nodes: Mapping[str, Node]
    languages: tuple[str, ...]
    person: str = ""
    emergency: str = ""
    refusal: str | None = None
    recall: str | None = None
    after_call: str | None = None
    detours: Mapping[tuple[str, LineState], Exit] = field(default_factory=dict)
    overflows: Mapping[str, Exit] = field(default_factory=dict)
    doors: tuple[Exit, ...] = ()

    def ways(self, name: str) -> list[Exit]:
        """All ways on from a node: its own, 0, and those of the queue that it leads to."""
        node = self.nodes[name]
        ways = [*node.exits(), *self._detours(node), *self._overflows(node)]
        if node.asks and PERSON not in node.own_keys("") and self.person:
            ways.append(Exit(PERSON, self.person))
        return ways

    def silent_ways(self, name: str) -> tuple[str, ...]:
        """Where a caller may be led who does nothing; empty at an end."""
        node = self.nodes[name]
        ways = node.silent()
        if not ways and isinstance(node, Menu):
            ways = (self.person,)
        return (*ways, *(way.to for way in self._detours(node)))

    def led_on(self, name: str) -> tuple[str, ...]:
        """Where the waiting room sends a caller who has waited too long at this node."""
        return tuple(way.to for way in self._overflows(self.nodes[name]))

    def entries(self) -> Iterator[Exit]:
        """Every way into the flow: where it stands in the file, and where it leads."""
        yield Exit("start", self.start)
        for name in ("person", "emergency", "refusal", "recall", "after_call"):
            if to := getattr(self, name):
                yield Exit(name, to)
        yield from self.overflows.values()
        yield from self.doors

    def _detours(self, node: Node) -> list[Exit]:
        if not isinstance(node, ToQueue):
            return []
        return [way for (queue, _), way in self.detours.items() if queue == node.queue]

    def _overflows(self, node: Node) -> list[Exit]:
        way = self.overflows.get(node.queue) if isinstance(node, ToQueue) else None
        return [] if way is None else [way]


def faults(flow: Flow) -> Iterator[Fault]:
    """Everything that is wrong with the graph; paths begin at `flow` or `start`.

    The questions about paths are asked only when every goto lands and the flow could be read whole:
    before that, their answers would be noise.
    """
    lost = [*_missing_targets(flow)]
    yield from lost
    yield from _bad_keys(flow)
    if not lost:
        for fault in _path_faults(flow):
            yield Fault(fault.path, fault.message, follows=_WAYS)


def _path_faults(flow: Flow) -> Iterator[Fault]:
    reached = _reachable(flow, *(way.to for way in flow.entries()))
    yield from (
        Fault(f"flow.{node}", "nothing leads here") for node in flow.nodes if node not in reached
    )
    yield from _endless(flow)
    yield from _circles(flow)
    yield from _uncared_for(flow)
    yield from _without_person(flow)
    yield from _without_emergency(flow)


def _missing_targets(flow: Flow) -> Iterator[Fault]:
    for way in flow.entries():
        if way.to not in flow.nodes:
            yield _no_node(way.path, way.to)
    for name, node in flow.nodes.items():
        for way in node.exits():
            if way.to not in flow.nodes:
                yield _no_node(f"flow.{name}.{way.path}", way.to)
    for way in flow.detours.values():
        if way.to not in flow.nodes:
            yield _no_node(way.path, way.to)


def _no_node(path: str, name: str) -> Fault:
    return Fault(path, f'no such node "{name}"', f"flow.{name}")


def _bad_keys(flow: Flow) -> Iterator[Fault]:
    for name, node in flow.nodes.items():
        match node:
            case LanguageChoice():
                yield from _bad_choice(flow, name, node)
            case Menu():
                yield from _bad_words(flow, name, node)
            case Recall() if node.key in node.goto:
                taken = "this key already leads back to the place"
                yield Fault(f"flow.{name}.goto.{node.key}", taken)


def _bad_words(flow: Flow, name: str, node: Menu) -> Iterator[Fault]:
    for key, by_language in node.words.items():
        if key not in node.keys and not (key == PERSON and flow.person):
            yield Fault(f"flow.{name}.words.{key}", "this key leads nowhere in this menu")
        for language in by_language:
            if language not in flow.languages:
                yield _no_language(f"flow.{name}.words.{key}.{language}", language)


def _bad_choice(flow: Flow, name: str, node: LanguageChoice) -> Iterator[Fault]:
    for key, language in node.keys.items():
        if language not in flow.languages:
            yield _no_language(f"flow.{name}.keys.{key}", language)
        if key in node.goto:
            yield Fault(f"flow.{name}.goto.{key}", "this key already chooses a language")
    if node.default not in flow.languages:
        yield _no_language(f"flow.{name}.default", node.default)


def _no_language(path: str, language: str) -> Fault:
    return Fault(path, f'no such language "{language}"', f"languages.{language}")


def _reachable(flow: Flow, *starts: str) -> set[str]:
    found, todo = set(starts), [*starts]
    while todo:
        for way in flow.ways(todo.pop()):
            if way.to not in found:
                found.add(way.to)
                todo.append(way.to)
    return found


def _endless(flow: Flow) -> Iterator[Fault]:
    for name in flow.nodes:
        if not any(flow.nodes[each].ends for each in _reachable(flow, name)):
            yield Fault(f"flow.{name}", "no path from here ever ends")


def _circles(flow: Flow) -> Iterator[Fault]:
    """Who presses nothing, or reaches nobody, is never led in a circle.

    Of the circles that one way lies on, the shortest is told: all of them may be many, and each way
    that has to be mended is in one.
    """
    told: set[frozenset[str]] = set()
    for name in flow.nodes:
        for following in _led(flow, name):
            circle = _shortest(flow, following, name)
            if circle is not None and frozenset(circle) not in told:
                told.add(frozenset(circle))
                around = " → ".join([name, *circle])
                yield Fault(f"flow.{name}", f"a silent caller goes round: {around}")


def _led(flow: Flow, name: str) -> tuple[str, ...]:
    """Where a caller may be led from here without having done anything."""
    return (*flow.silent_ways(name), *flow.led_on(name))


def _shortest(flow: Flow, start: str, end: str) -> list[str] | None:
    """The shortest way along which a caller may be led, with both ends; None when there is none."""
    came = {start: [start]}
    todo = deque([start])
    while todo:
        here = todo.popleft()
        if here == end:
            return came[here]
        for following in _led(flow, here):
            if following not in came:
                came[following] = [*came[here], following]
                todo.append(following)
    return None


def _uncared_for(flow: Flow) -> Iterator[Fault]:
    """Who is asked something and does nothing, and who reaches nobody outside, comes to our own
    people or leaves a message.
    """
    for name, node in flow.nodes.items():
        if not (node.asks or isinstance(node, Transfer)) or not flow.silent_ways(name):
            continue
        for trail in _silent_trails(flow, [name]):
            if not flow.nodes[trail[-1]].cared_for:
                way = " → ".join(trail)
                yield Fault(f"flow.{name}", f"a silent caller reaches no person: {way}")
                break


def _silent_trails(flow: Flow, trail: list[str]) -> Iterator[list[str]]:
    """Every way that silence may lead from here to an end. (A circle is another fault.)"""
    ways = flow.silent_ways(trail[-1])
    if not ways or isinstance(flow.nodes[trail[-1]], ToQueue):
        yield trail
    for each in ways:
        if each not in trail:
            yield from _silent_trails(flow, [*trail, each])


def _without_person(flow: Flow) -> Iterator[Fault]:
    """Every choice, every start and every emergency has a way to a queue of our own.

    A transfer is no such way: it may fail, and then our own people are what is left. (That somebody
    takes care of whom another transfer does not reach is `_uncared_for`.)
    """
    for name, node in flow.nodes.items():
        asked = (node.asks and not node.ends) or isinstance(node, Emergency | Refusal)
        if not asked and name != flow.start:
            continue
        if not any(isinstance(flow.nodes[each], ToQueue) for each in _reachable(flow, name)):
            yield Fault(f"flow.{name}", "no path from here leads to a person in a queue")


def _without_emergency(flow: Flow) -> Iterator[Fault]:
    """An emergency is one key from whatever a caller is asked first."""
    if not flow.emergency:
        return
    entries = [flow.start, *(each for each in (flow.recall, flow.refusal) if each)]
    for name in sorted(set(_first_questions(flow, entries))):
        if flow.emergency not in _one_key_from(flow.nodes[name]):
            yield Fault(
                f"flow.{name}", f'no key leads from this first question to "{flow.emergency}"'
            )


def _first_questions(flow: Flow, entries: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    todo = [*entries]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        node = flow.nodes[name]
        if node.asks:
            yield name
        # whose language is known is not asked for it: what follows is then the first question
        if not node.asks or isinstance(node, LanguageChoice):
            todo += node.silent()


def _one_key_from(node: Node) -> set[str]:
    match node:
        case LanguageChoice() | Recall():
            return set(node.goto.values())
        case Menu():
            return set(node.keys.values())
        case Refusal():
            return {node.emergency}
        case _:
            return set()
