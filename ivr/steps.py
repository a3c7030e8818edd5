"""One step of the flow: where the caller is and what came in; what is said and where they are next.

Pure, and the same for the same input however often it is asked: the position travels in the signed
URL, so a webhook that comes twice gets the same answer from any process on any host.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ivr.flow import Flow, Hangup, LanguageChoice, Menu, Node, Say, ToQueue, Transfer

#: Prompts that the engine itself speaks; the configuration must have each in every language.
WRONG_KEY, SILENCE, LET_US_HELP = "wrong_key", "silence", "let_us_help"
TRANSFER_FAILED, GOODBYE = "transfer_failed", "goodbye"
#: How a `<Dial>` ends when both have spoken.
DIAL_DONE = frozenset({"completed", "answered"})


@dataclass(frozen=True, slots=True)
class Position:
    """Where a caller stands: the node that waits for input, the language, how often it has been
    tried in vain, and the number of the step that the next input makes.
    """

    node: str
    language: str
    attempt: int = 0
    n: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """What came in: keys (empty: silence), or how a transfer ended."""

    digits: str = ""
    dial: str = ""


# ---- what the caller hears and what the carrier is told to do


@dataclass(frozen=True, slots=True)
class Speak:
    """A prompt in a language."""

    prompt: str
    language: str


@dataclass(frozen=True, slots=True)
class Listen:
    """Speak and wait for one key, which makes the next step; so does silence after `timeout` s."""

    speaks: tuple[Speak, ...]
    timeout: int


@dataclass(frozen=True, slots=True)
class Enqueue:
    """The caller waits in `queue`."""

    queue: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Put through to `number`, ringing for `timeout` s; how it ends makes the next step."""

    number: str
    timeout: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """The end of the call."""


Verb = Speak | Listen | Enqueue | Dial | HangUp


@dataclass(frozen=True, slots=True)
class Step:
    """What one input does.

    `heard` is what the caller did (`key`, `wrong`, `silence`, `start`, `transfer`); `position` is
    where they stand afterwards; `entered` is the queue node they reached, if any.
    """

    heard: str
    verbs: tuple[Verb, ...]
    position: Position
    entered: ToQueue | None = None


def begin(flow: Flow, language: str | None = None) -> Step:
    """The first step of a call: number 0. Without a language, the first one speaks."""
    return _walk(flow, flow.start, Position(flow.start, language or flow.languages[0]), "start")


def advance(flow: Flow, position: Position, given: Given) -> Step:
    """The step that `given` makes at `position`; its number is `position.n`.

    A node or a language that the flow no longer has (the configuration was changed in mid-call)
    begins the flow again: nobody is dropped for it.
    """
    if position.language not in flow.languages:
        position = replace(position, language=flow.languages[0])
    node = flow.nodes.get(position.node)
    if node is None:
        return _walk(flow, flow.start, position, "start")
    return _ANSWERS[type(node)](flow, position, given)


def _at_language(flow: Flow, position: Position, given: Given) -> Step:
    node = flow.nodes[position.node]
    assert isinstance(node, LanguageChoice)
    if given.digits in node.keys:
        chosen = replace(position, language=node.keys[given.digits])
        return _walk(flow, node.next, chosen, "key")
    if given.digits in node.goto:
        return _walk(flow, node.goto[given.digits], position, "key")
    if position.attempt + 1 < node.tries:
        return _again(node, flow, position, given)
    chosen = replace(position, language=node.default)
    return _walk(flow, node.next, chosen, _miss(given))


def _at_menu(flow: Flow, position: Position, given: Given) -> Step:
    node = flow.nodes[position.node]
    assert isinstance(node, Menu)
    if given.digits in node.keys:
        return _walk(flow, node.keys[given.digits], position, "key")
    if position.attempt + 1 < node.tries:
        return _again(node, flow, position, given)
    said = (Speak(LET_US_HELP, position.language),)
    return _walk(flow, node.otherwise, position, _miss(given), said)


def _at_transfer(flow: Flow, position: Position, given: Given) -> Step:
    node = flow.nodes[position.node]
    assert isinstance(node, Transfer)
    if given.dial in DIAL_DONE:
        there = Position(position.node, position.language, 0, position.n + 1)
        return Step("transfer", (Speak(GOODBYE, position.language), HangUp()), there)
    said = (Speak(TRANSFER_FAILED, position.language),)
    return _walk(flow, node.failed, position, "transfer", said)


def _elsewhere(flow: Flow, position: Position, given: Given) -> Step:
    """Input at a node that waits for none: the configuration changed; the node speaks."""
    return _walk(flow, position.node, position, _miss(given))


_ANSWERS: Mapping[type, Callable[[Flow, Position, Given], Step]] = MappingProxyType(
    {
        LanguageChoice: _at_language,
        Menu: _at_menu,
        Transfer: _at_transfer,
        Say: _elsewhere,
        ToQueue: _elsewhere,
        Hangup: _elsewhere,
    }
)


def _miss(given: Given) -> str:
    return "wrong" if given.digits else "silence"


def _again(node: LanguageChoice | Menu, flow: Flow, position: Position, given: Given) -> Step:
    """The same node once more, told what went wrong."""
    heard = _miss(given)
    there = replace(position, attempt=position.attempt + 1, n=position.n + 1)
    first: tuple[Speak, ...] = ()
    if heard == "wrong":
        first = (Speak(WRONG_KEY, position.language),)
    elif isinstance(node, Menu):  # who only listens to the languages is not hurried in one of them
        first = (Speak(SILENCE, position.language),)
    return Step(heard, (Listen((*first, *_question(node, flow, position)), node.timeout),), there)


def _walk(
    flow: Flow, name: str, position: Position, heard: str, said: tuple[Speak, ...] = ()
) -> Step:
    """Go to node `name` and on through all that asks for nothing, gathering what is said.

    No circle of such nodes gets past the checks of `flow.faults`.
    """
    node: Node = flow.nodes[name]
    language = position.language
    while isinstance(node, Say):
        said = (*said, Speak(node.prompt, language))
        name, node = node.next, flow.nodes[node.next]
    there = Position(name, language, 0, position.n + 1)
    if isinstance(node, LanguageChoice | Menu):
        asked = Listen((*said, *_question(node, flow, there)), node.timeout)
        return Step(heard, (asked,), there)
    if node.prompt is not None:
        said = (*said, Speak(node.prompt, language))
    match node:
        case ToQueue():
            return Step(heard, (*said, Enqueue(node.queue)), there, entered=node)
        case Transfer():
            return Step(heard, (*said, Dial(node.number, node.timeout)), there)
        case Hangup():
            return Step(heard, (*said, HangUp()), there)


def _question(node: LanguageChoice | Menu, flow: Flow, position: Position) -> tuple[Speak, ...]:
    if isinstance(node, LanguageChoice):
        return tuple(Speak(node.prompt, language) for language in flow.languages)
    return (Speak(node.prompt, position.language),)
