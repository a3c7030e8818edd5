"""The menu as a typed graph, and everything that can be wrong with it.

A node is what a caller is in: a choice of language, a menu, something said, a queue, a transfer,
the end. The rules below are what `hotline check` proves: every goto lands, every node can be
reached, every path ends, every menu has a way to a person, and who stays silent is led to one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from hotline.config import NO_NAME, DialNumber, Identifier, Language, Section
from hotline.errors import Fault

#: What a telephone can send. YAML reads a bare 1 as a number, people write it so: both are taken.
Key = Annotated[str, BeforeValidator(str), StringConstraints(pattern=r"^[0-9*#]$")]
#: A telephone number; a bare 191 in YAML is meant as its digits.
Number = Annotated[DialNumber, BeforeValidator(str)]
Tries = Annotated[int, Field(ge=1, le=5)]
Seconds = Annotated[int, Field(ge=1, le=60)]


class LanguageChoice(Section):
    """The caller chooses a language; `prompt` is spoken in each, one after the other."""

    kind: Literal["language"]
    prompt: Identifier
    keys: dict[Key, Language]
    #: Keys that lead somewhere at once, whatever the language: an emergency waits for no choice.
    goto: dict[Key, Identifier] = Field(default_factory=dict)
    #: Taken when nothing is chosen.
    default: Language
    next: Identifier
    tries: Tries = 2
    timeout: Seconds = 5


class Menu(Section):
    """The caller presses a key. Wrong keys and silence: repeated, then on to `otherwise`."""

    kind: Literal["menu"]
    prompt: Identifier
    keys: dict[Key, Identifier]
    #: Where the caller is led after `tries` wrong keys or silences.
    otherwise: Identifier
    tries: Tries = 3
    timeout: Seconds = 5


class Say(Section):
    """Something is said, then the call goes on at `next`."""

    kind: Literal["say"]
    prompt: Identifier
    next: Identifier


class ToQueue(Section):
    """The caller takes a place in a queue."""

    kind: Literal["queue"]
    queue: Identifier
    prompt: Identifier | None = None
    #: Added to the queue's own priority; the higher goes first.
    priority: Annotated[int, Field(ge=0, le=100)] = 0


class Transfer(Section):
    """The caller is put through to a number outside; `failed` is where they come back to."""

    kind: Literal["transfer"]
    number: Number
    prompt: Identifier | None = None
    failed: Identifier
    timeout: Seconds = 30


class Hangup(Section):
    """The end."""

    kind: Literal["hangup"]
    prompt: Identifier | None = None


Node = Annotated[
    LanguageChoice | Menu | Say | ToQueue | Transfer | Hangup, Field(discriminator="kind")
]
#: Nodes that the caller, or the number outside, may leave without an answer.
ASKS = (LanguageChoice, Menu, Transfer)
#: Nodes at which the flow can end.
ENDS = (ToQueue, Transfer, Hangup)


#: A node keeps its place in the graph when one of its values cannot be read (`hotline.salvage`).
STAND_INS: Mapping[str, Any] = {
    "flow.*.number": "199",
    "flow.*.keys": {},
    **{
        f"flow.*.{field}": NO_NAME
        for field in ("prompt", "next", "otherwise", "failed", "queue", "default")
    },
    "flow.*.keys.*": NO_NAME,
    "flow.*.goto.*": NO_NAME,
}


@dataclass(frozen=True)
class Flow:
    """The graph of one hotline. `languages` in the order in which they are offered."""

    start: str
    nodes: Mapping[str, Node]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Exit:
    """One way out of a node: where it stands in the file, and where it leads."""

    path: str
    to: str


def exits(node: Node) -> list[Exit]:
    """All ways out of a node, in the order of the file."""
    match node:
        case LanguageChoice():
            return [*_keyed("goto", node.goto), Exit("next", node.next)]
        case Menu():
            return [*_keyed("keys", node.keys), Exit("otherwise", node.otherwise)]
        case Say():
            return [Exit("next", node.next)]
        case Transfer():
            return [Exit("failed", node.failed)]
        case _:
            return []


def silent_exit(node: Node) -> str | None:
    """Where a caller is led who does nothing, or whose transfer reaches nobody; None at an end."""
    match node:
        case LanguageChoice() | Say():
            return node.next
        case Menu():
            return node.otherwise
        case Transfer():
            return node.failed
        case _:
            return None


def faults(flow: Flow) -> Iterator[Fault]:
    """Everything that is wrong with the graph; paths begin at `flow` or `start`.

    The questions about paths are asked only when every goto lands and the flow could be read whole:
    before that, their answers would be noise.
    """
    lost = [*_missing_targets(flow)]
    yield from lost
    yield from _bad_languages(flow)
    if not lost:
        for fault in _path_faults(flow):
            yield Fault(fault.path, fault.message, follows="flow")


def _path_faults(flow: Flow) -> Iterator[Fault]:
    reached = _reachable(flow, flow.start)
    yield from (
        Fault(f"flow.{node}", "nothing leads here") for node in flow.nodes if node not in reached
    )
    yield from _endless(flow)
    yield from _silent(flow)
    yield from _without_person(flow)


def prompts_of(node: Node) -> Iterator[tuple[str, str]]:
    """(path inside the node, prompt) of what the node itself says."""
    if node.prompt is not None:
        yield "prompt", node.prompt


def _keyed(name: str, keys: Mapping[str, str]) -> list[Exit]:
    return [Exit(f"{name}.{key}", to) for key, to in keys.items()]


def _missing_targets(flow: Flow) -> Iterator[Fault]:
    if flow.start not in flow.nodes:
        yield Fault("start", f'no such node "{flow.start}"', f"flow.{flow.start}")
    for name, node in flow.nodes.items():
        for way in exits(node):
            if way.to not in flow.nodes:
                missing = f'no such node "{way.to}"'
                yield Fault(f"flow.{name}.{way.path}", missing, f"flow.{way.to}")


def _bad_languages(flow: Flow) -> Iterator[Fault]:
    for name, node in flow.nodes.items():
        if not isinstance(node, LanguageChoice):
            continue
        for key, language in node.keys.items():
            if language not in flow.languages:
                yield _no_language(f"flow.{name}.keys.{key}", language)
            if key in node.goto:
                yield Fault(f"flow.{name}.goto.{key}", "this key already chooses a language")
        if node.default not in flow.languages:
            yield _no_language(f"flow.{name}.default", node.default)


def _no_language(path: str, language: str) -> Fault:
    return Fault(path, f'no such language "{language}"', f"languages.{language}")


def _reachable(flow: Flow, start: str) -> set[str]:
    found, todo = {start}, [start]
    while todo:
        for way in exits(flow.nodes[todo.pop()]):
            if way.to not in found:
                found.add(way.to)
                todo.append(way.to)
    return found


def _endless(flow: Flow) -> Iterator[Fault]:
    for name in flow.nodes:
        if not any(isinstance(flow.nodes[each], ENDS) for each in _reachable(flow, name)):
            yield Fault(f"flow.{name}", "no path from here ever ends")


def _silent(flow: Flow) -> Iterator[Fault]:
    """Who presses nothing, or reaches nobody, is led to our own people, never in a circle."""
    told: set[frozenset[str]] = set()
    for name, node in flow.nodes.items():
        trail, last = _silent_walk(flow, name)
        if last is not None:
            circle = trail[trail.index(last) :]
            if frozenset(circle) not in told:
                told.add(frozenset(circle))
                yield Fault(
                    f"flow.{last}", f"a silent caller goes round: {' → '.join([*circle, last])}"
                )
        elif isinstance(node, ASKS) and not isinstance(flow.nodes[trail[-1]], ToQueue):
            yield Fault(
                f"flow.{name}",
                f"a silent caller reaches no person: {' → '.join(trail)}",
            )


def _silent_walk(flow: Flow, name: str) -> tuple[list[str], str | None]:
    """The nodes that silence leads through, and the one it comes back to (None: it ends)."""
    trail = [name]
    while (following := silent_exit(flow.nodes[trail[-1]])) is not None:
        if following in trail:
            return trail, following
        trail.append(following)
    return trail, None


def _without_person(flow: Flow) -> Iterator[Fault]:
    """Every choice, every start and every failed transfer has a way to a queue of our own.

    A transfer is no such way: it may fail, and then our own people are what is left.
    """
    for name, node in flow.nodes.items():
        if not isinstance(node, ASKS) and name != flow.start:
            continue
        if not any(isinstance(flow.nodes[each], ToQueue) for each in _reachable(flow, name)):
            yield Fault(f"flow.{name}", "no path from here leads to a person in a queue")
