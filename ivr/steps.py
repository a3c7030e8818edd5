"""One step of the flow: where the caller is and what came in; what is said and where they are next.

Pure: the position travels in the signed URL and the world is asked through `World`, so a webhook
that comes twice gets the same answer from any process on any host. What each kind of node does
stands in `ivr.nodes`; here is what is the same for all: 0 leads to a person, * back, # says it
again, and nodes that ask for nothing are walked through, gathering what is said.
"""

from dataclasses import dataclass, replace

from ivr.flow import Flow
from ivr.nodes import ToQueue
from ivr.nodes.base import (
    BACK,
    GENERAL,
    PERSON,
    Act,
    Back,
    BackToPlace,
    Base,
    Dial,
    Enqueue,
    Given,
    Go,
    HangUp,
    Here,
    Listen,
    Nowhere,
    Outcome,
    Position,
    Read,
    Record,
    Speak,
    Stop,
    TurnedAway,
    Verb,
    Words,
    World,
)
from ivr.nodes.queue import CONSENT
from ivr.speech import prompts

__all__ = [
    "BackToPlace",
    "Dial",
    "Enqueue",
    "Given",
    "HangUp",
    "Listen",
    "Position",
    "Read",
    "Record",
    "Speak",
    "Step",
    "Verb",
    "advance",
    "begin",
    "enter",
]

NOWHERE: World = Nowhere()
#: So many nodes may be walked through without asking anything; no sound flow has so many.
_LONGEST_WALK = 60
#: So many questions `*` can go back.
_LONGEST_TRAIL = 6


class GoesRound(Exception):
    """A circle of nodes that ask for nothing: `ivr.flow` refuses such a flow."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one input does.

    `heard` is what the caller did (`key`, `speech`, `number`, `wrong`, `silence`, `start`,
    `transfer`, `person`, `back`, `repeat`); `position` is where they stand afterwards; `acts` is
    what happens besides; `resumes`: the caller is back in a place that was kept; `chosen` is the
    language that this step settled: pressed, or known of the caller or the number that was dialled.
    """

    heard: str
    verbs: tuple[Verb, ...]
    position: Position
    acts: tuple[Act, ...] = ()
    resumes: bool = False
    chosen: str | None = None

    @property
    def queue(self) -> str | None:
        """The queue in which the caller takes a place by this step."""
        return next((verb.queue for verb in self.verbs if isinstance(verb, Enqueue)), None)


def begin(flow: Flow, world: World = NOWHERE) -> Step:
    """The first step of a call: number 0.

    Who is blocked is refused; who was cut off is back in the old place; who waits for a callback is
    asked; everybody else begins at the start, in the first language until one is known.
    """
    position = Position("", flow.languages[0])
    if flow.refusal is not None and world.blocked():
        return _enter_known(flow, flow.refusal, position, world)
    kept = world.place_kept()
    if kept is not None and kept.language in flow.languages:
        node = flow.nodes.get(kept.node)
        if isinstance(node, ToQueue):
            there = Position(kept.node, kept.language, n=1)
            said = Speak(prompts.RESUMED, kept.language)
            return Step("start", (said, Enqueue(node.queue)), there, resumes=True)
    if flow.recall is not None and world.callback_pending():
        return _enter_known(flow, flow.recall, position, world)
    return enter(flow, flow.start, position, world)


def _enter_known(flow: Flow, name: str, position: Position, world: World) -> Step:
    """In the language of the caller's last call, if there is one: they are not asked for it."""
    known = world.spoken_before()
    if known not in flow.languages:
        return enter(flow, name, position, world)
    return replace(enter(flow, name, replace(position, language=known), world), chosen=known)


def enter(
    flow: Flow, name: str, position: Position, world: World = NOWHERE, heard: str = "start"
) -> Step:
    """Come to node `name` from wherever `position` is, without having been asked anything."""
    return _walk(flow, Go(name), position, heard, world)


def advance(flow: Flow, position: Position, given: Given, world: World = NOWHERE) -> Step:
    """The step that `given` makes at `position`; its number is `position.n`.

    A node or a language that the flow no longer has (the configuration was changed in mid-call)
    begins the flow again: nobody is dropped for it.
    """
    if position.language not in flow.languages:
        position = replace(position, language=flow.languages[0])
    node = flow.nodes.get(position.node)
    if node is None:
        return enter(flow, flow.start, replace(position, trail=()), world)
    known = tuple(each for each in position.trail if each in flow.nodes)
    position = replace(position, trail=known)
    here = _here(flow, position.node, position, world)
    general = node.asks and given.digits in GENERAL
    if general and given.digits not in node.own_keys(position.part):
        return _general(flow, here, given.digits)
    outcome = node.answer(here, given)
    if isinstance(outcome, Back):
        if position.trail:
            return _general(flow, here, BACK)
        outcome = Go(outcome.otherwise)
    return _walk(flow, outcome, position, _heard(here, given, outcome), world)


def _general(flow: Flow, here: Here, key: str) -> Step:
    """The keys that mean the same everywhere."""
    position, world = here.position, here.world
    if key == PERSON and flow.person:
        return _walk(flow, Go(flow.person), position, "person", world)
    if key == BACK and position.trail:
        there = replace(position, trail=position.trail[:-1])
        return _walk(flow, Go(position.trail[-1]), there, "back", world, back=True)
    asked = flow.nodes[here.name].ask(here)
    return _walk(flow, replace(asked, attempt=position.attempt), position, "repeat", world)


def _heard(here: Here, given: Given, outcome: Outcome) -> str:
    if given.dial:
        return "transfer"
    if not (given.digits or given.speech):
        return "silence"
    missed = (
        outcome.attempt > here.position.attempt if isinstance(outcome, Stop) else outcome.missed
    )
    if missed:
        return "wrong"
    if given.digits == BACK and isinstance(outcome, Stop) and _is_earlier(outcome):
        return "back"
    if given.speech and not given.digits:
        return "speech"
    # what is personal (a telephone number, a ticket's) is not written into the story
    return "number" if len(given.digits) > 1 else "key"


def _is_earlier(stop: Stop) -> bool:
    """Whether `*` was answered by an earlier question of the node, or the place in the line."""
    return isinstance(stop.verbs[-1], Listen | BackToPlace)


def _here(flow: Flow, name: str, position: Position, world: World, *, back: bool = False) -> Here:
    return Here(name, position, world, flow.languages, flow.person, back)


def _walk(
    flow: Flow,
    outcome: Outcome,
    position: Position,
    heard: str,
    world: World,
    *,
    back: bool = False,
) -> Step:
    """Go on through all that asks for nothing, gathering what is said and done."""
    said: tuple[Words, ...] = ()
    acts: tuple[Act, ...] = ()
    name, trail, consent = position.node, position.trail, position.consent
    there, given, chosen = position, None, None
    for _ in range(_LONGEST_WALK):
        acts += outcome.acts
        if isinstance(outcome, Stop):
            consent = outcome.consent or consent
            detour = _detour(flow, name, outcome, there.language, world)
            if detour is None:
                break
            outcome = detour
            acts += detour.acts
        said += outcome.said
        given = outcome.given or given
        if outcome.language and not outcome.missed:
            chosen = outcome.language
        if name == position.node and _asked(flow, position, back=back):
            trail = (*trail, name)[-_LONGEST_TRAIL:]
        name = outcome.to
        there = Position(name, outcome.language or there.language, trail=trail, consent=consent)
        here = replace(_here(flow, name, there, world, back=back), unchosen=outcome.unchosen)
        outcome = flow.nodes[name].enter(here)
        if given is not None and isinstance(outcome, Stop) and flow.nodes[name].asks:
            heard = _heard_there(flow.nodes[name], here, given)
            outcome, given = _answered(flow.nodes[name], here, given), None
            # answered without having been heard: * comes back to it all the same
            trail = (*trail, name)[-_LONGEST_TRAIL:]
    else:
        raise GoesRound(position.node)
    if not isinstance(flow.nodes[name], ToQueue):
        # "somebody will help you" is for those who come to somebody
        said = tuple(each for each in said if not _promises_help(each))
    stands = Position(
        name,
        outcome.language or there.language,
        outcome.attempt,
        position.n + 1,
        outcome.part,
        outcome.held,
        tuple(each for each in trail if each != name),
        consent,
    )
    said_now = _with(said, outcome.verbs)
    return Step(heard, said_now, stands, acts, chosen=outcome.language or chosen)


def _answered(node: Base, here: Here, given: Given) -> Outcome:
    """What was keyed already answers the question of this node."""
    outcome = node.answer(here, given)
    return Go(outcome.otherwise) if isinstance(outcome, Back) else outcome


def _heard_there(node: Base, here: Here, given: Given) -> str:
    """What that key was to the question that it answers."""
    outcome = node.answer(here, given)
    return "back" if isinstance(outcome, Back) else _heard(here, given, outcome)


def _promises_help(words: Words) -> bool:
    return isinstance(words, Speak) and words.prompt == prompts.LET_US_HELP


def _asked(flow: Flow, position: Position, *, back: bool) -> bool:
    """Whether the caller was asked something at the node that is left, so that * comes back."""
    node = flow.nodes.get(position.node)
    return not back and node is not None and node.asks


def _detour(flow: Flow, name: str, stop: Stop, language: str, world: World) -> Go | None:
    """Where a caller is led who cannot join the line: it is full, or nobody is there for it.

    Known before the caller is asked whether the conversation may be recorded: there will be none.
    """
    node = flow.nodes.get(name)
    joins = any(isinstance(verb, Enqueue) for verb in stop.verbs) or stop.part == CONSENT
    if not (isinstance(node, ToQueue) and joins):
        return None
    if not any(queue == node.queue for queue, _ in flow.detours):
        return None
    state = world.line(node.queue, language)
    way = flow.detours.get((node.queue, state))
    if way is None:
        return None
    return Go(way.to, acts=(TurnedAway(node.queue, language, state.value),))


def _with(said: tuple[Words, ...], verbs: tuple[Verb, ...]) -> tuple[Verb, ...]:
    """What was gathered goes into the question itself, so that any key stops it."""
    if said and isinstance(verbs[0], Listen):
        listen = verbs[0]
        speaks = (*said, *listen.speaks)
        return (Listen(speaks, listen.timeout, listen.number, listen.hints), *verbs[1:])
    return (*said, *verbs)
