"""Steps: what each input does at each place, and what no input can do.

What a kind of node does is in tests/unit/ivr/nodes; here is what is the same for all of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.config import load_yaml
from ivr.config import Ivr
from ivr.flow import Flow, LanguageChoice, Menu
from ivr.nodes import Recall, Refusal, ToQueue
from ivr.nodes.base import (
    BACK,
    DIAL_DONE,
    BackToPlace,
    LineState,
    Notice,
    PlaceKept,
    Position,
    Read,
    Record,
    Refuse,
    TurnedAway,
)
from ivr.nodes.voicemail import RECORDED
from ivr.steps import (
    Dial,
    Enqueue,
    Given,
    GoesRound,
    HangUp,
    Listen,
    Speak,
    Step,
    advance,
    begin,
    enter,
)
from tests.unit.ivr.test_flow import flow
from tests.unit.ivr.worlds import (
    CALLER,
    NOON,
    OTHER,
    SEEN,
    SLIP,
    TICKET,
    UNKNOWN,
    AWorld,
    told,
)

FLOW = flow()
SHIPPED: Ivr = Ivr.model_validate(load_yaml(Path(__file__).parents[3] / "config.yaml")["ivr"])
MAIN = Position("main", "en", 0, 2)
RECALL = {"kind": "recall", "prompt": "promised", "next": "welcome", "goto": {9: "police"}}
REFUSAL = {"kind": "refusal", "prompt": "refused", "emergency": "police"}


# ---------------------------------------------------------------- how a call begins


def test_a_call_begins_with_the_choice_of_language_in_every_language() -> None:
    step = begin(FLOW)
    assert step.position == Position("welcome", "th", 0, 1)
    assert told(step) == ["hello/th", "hello/en"]
    assert step.heard == "start"


def test_who_is_blocked_is_refused_in_the_language_of_last_time() -> None:
    refusing = flow({"no": REFUSAL}, refusal="no")
    step = begin(refusing, AWorld(is_blocked=True, before="en"))
    assert (step.position.node, told(step), step.acts) == ("no", ["refused/en"], (Refuse(),))


def test_who_was_cut_off_is_back_in_the_old_place() -> None:
    step = begin(FLOW, AWorld(kept=PlaceKept("agent", "en")))
    assert step.verbs == (Speak("resumed", "en"), Enqueue("information"))
    assert step.resumes
    assert step.position == Position("agent", "en", n=1)


@pytest.mark.parametrize("kept", [PlaceKept("agent", "zh"), PlaceKept("main", "en")])
def test_a_place_that_the_flow_no_longer_has_is_no_place(kept: PlaceKept) -> None:
    assert begin(FLOW, AWorld(kept=kept)) == begin(FLOW)


def test_who_waits_for_a_callback_is_asked() -> None:
    asking = flow({"again": RECALL}, recall="again")
    step = begin(asking, AWorld(pending=True, before="en"))
    assert (step.position.node, told(step)) == ("again", ["promised/en"])


def test_a_block_comes_before_a_place_and_a_place_before_a_callback() -> None:
    whole = flow({"again": RECALL, "no": REFUSAL}, recall="again", refusal="no")
    everything = AWorld(is_blocked=True, pending=True, kept=PlaceKept("agent", "en"))
    assert begin(whole, everything).position.node == "no"
    assert begin(whole, replace(everything, is_blocked=False)).resumes
    assert begin(whole, AWorld(pending=True)).position.node == "again"


# ---------------------------------------------------------------- keys that mean the same anywhere


def test_0_leads_to_a_person_from_anywhere() -> None:
    for node in ("welcome", "main"):
        step = advance(FLOW, Position(node, "en", 1, 2), Given("0"))
        assert (step.heard, step.queue) == ("person", "information")


def test_a_0_of_the_nodes_own_is_the_nodes_own() -> None:
    own = flow({"main": {"keys": {0: "end", 9: "police"}}})
    step = advance(own, MAIN, Given("0"))
    assert (step.heard, step.verbs[-1]) == ("key", HangUp())


def test_hash_says_it_again_and_is_no_miss() -> None:
    step = advance(FLOW, replace(MAIN, attempt=1), Given("#"))
    assert (step.heard, told(step)) == ("repeat", ["menu/en"])
    assert step.position == Position("main", "en", 1, 3)


def test_star_goes_back_to_the_question_before() -> None:
    chosen = advance(FLOW, begin(FLOW).position, Given("2"))
    assert chosen.position == Position("main", "en", 0, 2, trail=("welcome",))
    back = advance(FLOW, chosen.position, Given("*"))
    assert (back.heard, back.position) == ("back", Position("welcome", "en", 0, 3))


def test_star_at_the_first_question_says_it_again() -> None:
    step = advance(FLOW, begin(FLOW).position, Given("*"))
    assert (step.heard, told(step)) == ("repeat", ["hello/th", "hello/en"])


def test_keys_mean_nothing_where_nothing_is_asked() -> None:
    step = advance(FLOW, Position("police", "en", 0, 3), Given("0"))
    assert told(step) == ["transfer_failed/en"]


# ---------------------------------------------------------------- the walk


def test_something_said_leads_on_in_the_same_answer_so_that_any_key_stops_it() -> None:
    step = advance(FLOW, MAIN, Given("1"))
    (listen,) = step.verbs
    assert isinstance(listen, Listen)
    assert (told(step), step.position) == (["news/en", "menu/en"], Position("main", "en", 0, 3))


@pytest.mark.parametrize(
    ("state", "queue", "node"),
    [
        (LineState.OPEN, "information", "agent"),
        (LineState.FULL, None, "main"),
        (LineState.NOBODY, None, "end"),
    ],
)
def test_who_cannot_join_a_line_is_led_where_the_line_says(
    state: LineState, queue: str | None, node: str
) -> None:
    ways = {
        ("information", LineState.FULL): flow().ways("news")[0],
        ("information", LineState.NOBODY): flow().ways("main")[1],
    }
    step = enter(
        flow(detours=ways), "agent", MAIN, AWorld(lines={"information": state}), heard="start"
    )
    assert (step.queue, step.position.node) == (queue, node)
    away = () if queue else (TurnedAway("information", "en", state.value),)
    assert step.acts == away, "somebody calls back who left without a word"


def test_a_circle_that_asks_for_nothing_is_an_error_and_no_endless_loop() -> None:
    round_ = flow({"news": {"next": "more"}, "more": {"kind": "goto", "next": "news"}})
    with pytest.raises(GoesRound):
        advance(round_, MAIN, Given("1"))


def test_a_node_or_language_that_is_gone_begins_the_flow_again() -> None:
    assert advance(FLOW, Position("gone", "en", 2, 7), Given("1")).position == Position(
        "welcome", "en", 0, 8
    )
    assert advance(FLOW, Position("main", "zh", 0, 2), Given("1")).position.language == "th"


def test_the_way_back_forgets_nodes_that_are_gone() -> None:
    there = Position("main", "en", 0, 2, trail=("welcome", "gone"))
    assert advance(FLOW, there, Given("*")).position.node == "welcome"


@pytest.mark.parametrize(
    ("what", "heard"),
    [
        (Given(), "silence"),
        (Given("1"), "key"),
        (Given("7"), "wrong"),
        (Given("12"), "wrong"),
        (Given(speech="mumble"), "wrong"),
        (Given(dial="busy"), "transfer"),
    ],
)
def test_what_was_heard_is_told(what: Given, heard: str) -> None:
    assert advance(FLOW, MAIN, what).heard == heard


def test_what_is_personal_is_told_as_a_number() -> None:
    there = Position("ticket", "en", 0, 3)
    step = advance(SHIPPED.graph, there, Given(TICKET), AWorld(tickets={TICKET: SEEN}))
    assert step.heard == "number"


# ---------------------------------------------------------------- what no input can do

FLOWS = {"small": flow(), "shipped": SHIPPED.graph}
worlds = st.builds(
    AWorld,
    now=st.integers(0, 48).map(lambda halves: NOON + timedelta(minutes=30 * halves)),
    number=st.sampled_from([CALLER, OTHER, ""]),
    before=st.sampled_from([None, "th", "ru", "fr"]),
    dialled=st.sampled_from([None, "en", "fr"]),
    closed=st.booleans(),
    next_opening=st.sampled_from([None, NOON + timedelta(days=3)]),
    on_air=st.sampled_from([(), (Notice(1, (("th", "น้ำท่วม"),)), Notice(2, (("en", "Flood"),)))]),
    tickets=st.sampled_from([{}, {TICKET: SEEN}, {TICKET: replace(SEEN, due=None, news="")}]),
    lines=st.dictionaries(st.sampled_from([*SHIPPED.queues]), st.sampled_from([*LineState])),
    holds=st.booleans(),
    is_blocked=st.booleans(),
    kept=st.sampled_from([None, PlaceKept("agent", "en"), PlaceKept("gone", "th")]),
    pending=st.booleans(),
)
keys = st.text("0123456789*#", max_size=2)
numbers = st.sampled_from([TICKET, UNKNOWN, SLIP, "5678", "0000", "0898765432", "0930", "2560"])
results = st.sampled_from(["completed", "answered", "busy", "no-answer", "failed", "strange"])
inputs = st.one_of(
    st.builds(Given, keys | numbers),
    st.builds(Given, dial=results),
    st.builds(Given, speech=st.sampled_from([RECORDED, "emergency", "ร้องเรียน", "…"])),
)


def walks(graph: Flow, moves: list[tuple[Given, AWorld]]) -> Iterator[tuple[Step, Given, Step]]:
    """(before, what came in, after) of a call to which this happens."""
    step = begin(graph, moves[0][1])
    for what, world in moves:
        following = advance(graph, step.position, what, world)
        yield step, what, following
        step = following


calls = st.lists(st.tuples(inputs, worlds), min_size=1, max_size=12)


@pytest.mark.parametrize("graph", FLOWS.values(), ids=FLOWS)
@given(moves=calls)
def test_any_input_anywhere_leads_on(graph: Flow, moves: list[tuple[Given, AWorld]]) -> None:
    """No input makes an error or a silence: something follows, the same however often it comes."""
    for (what, world), (before, _, step) in zip(moves, walks(graph, moves), strict=True):
        assert step == advance(graph, before.position, what, world)
        assert step.position.n == before.position.n + 1
        assert step.position.node in graph.nodes
        assert step.position.language in graph.languages
        assert isinstance(step.verbs[-1], Listen | Record | Enqueue | BackToPlace | Dial | HangUp)
        # what is last holds the call; what comes before it is only said
        assert all(isinstance(verb, Speak | Read) or verb is step.verbs[-1] for verb in step.verbs)
        assert (step.queue is not None) == isinstance(step.verbs[-1], Enqueue)


places = st.builds(
    Position,
    st.sampled_from([*SHIPPED.flow, "gone"]),
    st.sampled_from(["th", "en", "fr"]),
    st.integers(0, 9),
    st.integers(0, 99),
    trail=st.lists(st.sampled_from([*SHIPPED.flow, "gone"]), max_size=3).map(tuple),
    consent=st.sampled_from(["", "given", "refused"]),
)


@given(places, inputs, worlds)
def test_a_place_of_an_older_configuration_leads_on_too(
    position: Position, what: Given, world: AWorld
) -> None:
    step = advance(SHIPPED.graph, position, what, world)
    assert step.verbs
    assert step.position.node in SHIPPED.flow


def silent(step: Step, result: str) -> Given:
    """What a caller gives who does nothing; a transfer ends as it does."""
    return Given(dial=result) if isinstance(step.verbs[-1], Dial) else Given()


#: A silent caller is asked so often at most until somebody takes care of the call.
SOON = 12


@pytest.mark.parametrize("graph", FLOWS.values(), ids=FLOWS)
@given(data=st.data())
def test_a_silent_caller_soon_reaches_somebody_in_every_world(
    graph: Flow, data: st.DataObject
) -> None:
    step, put_through = begin(graph, data.draw(worlds)), False
    for _ in range(SOON):
        here, last = graph.nodes[step.position.node], step.verbs[-1]
        if isinstance(last, Enqueue | BackToPlace):
            return
        if isinstance(last, HangUp):
            # put through outside, a message asked for, or refused
            assert here.cared_for or isinstance(here, Refusal) or put_through, step
            return
        what = silent(step, data.draw(results))
        put_through = what.dial in DIAL_DONE
        step = advance(graph, step.position, what, data.draw(worlds))
    raise AssertionError("still in the menu")


@given(places, worlds, st.sampled_from(["", "8", "88", "mumble"]))
def test_nobody_is_asked_more_often_in_vain_than_the_node_says(
    position: Position, world: AWorld, what: str
) -> None:
    in_vain = Given(speech=what) if what == "mumble" else Given(what)
    graph = SHIPPED.graph
    step = enter(graph, position.node if position.node != "gone" else "main", position, world)
    asked = 0
    while isinstance(step.verbs[-1], Listen | Record):
        here = step.position
        asked += 1
        assert asked <= getattr(graph.nodes[here.node], "tries", 2), here
        step = advance(graph, here, in_vain, world)
        if (step.position.node, step.position.part) != (here.node, here.part):
            return


@pytest.mark.parametrize("graph", FLOWS.values(), ids=FLOWS)
@given(
    moves=st.lists(
        st.tuples(st.one_of(inputs, st.just(Given(BACK))), worlds), min_size=2, max_size=12
    )
)
def test_star_never_leads_to_where_the_caller_has_not_been(
    graph: Flow, moves: list[tuple[Given, AWorld]]
) -> None:
    been: set[str] = set()
    for before, what, step in walks(graph, moves):
        # a language that was known is passed without a question, and a key pressed in the greeting
        # answers the menu behind it: * brings both questions back
        asked = {name: graph.nodes[name] for name in before.position.trail}
        passed = {name: node for name, node in asked.items() if isinstance(node, LanguageChoice)}
        been |= {before.position.node, *passed, *(node.next for node in passed.values())}
        # to an earlier question of the same node, or to the place in its line
        within = before.position.node == step.position.node
        # who has come straight into a line has nothing behind them: it is full by now, or over
        if what.digits == BACK and step.heard == "back" and before.position.trail and not within:
            assert step.position.node in been
            assert len(step.position.trail) < len(before.position.trail)
        assert len(step.position.trail) <= 6
        assert step.position.node not in step.position.trail


def test_every_key_of_every_node_is_walked() -> None:
    """Each key of the flow lands on the node that it names, or beyond what that one says."""
    for graph in FLOWS.values():
        for name, to, key in keyed(graph):
            step = advance(graph, Position(name, "th", 0, 1), Given(key))
            there = enter(graph, to, Position(name, "th", 0, 1))
            assert step.position.node == there.position.node, (name, key)


def keyed(graph: Flow) -> Iterator[tuple[str, str, str]]:
    for name, node in graph.nodes.items():
        ways: dict[str, str] = {}
        if isinstance(node, Menu):
            ways = dict(node.keys)
        if isinstance(node, LanguageChoice | Recall):
            ways = dict(node.goto)
        yield from ((name, to, key) for key, to in ways.items())


@pytest.mark.parametrize("language", SHIPPED.languages)
def test_who_is_called_by_us_is_told_in_one_short_sentence(language: str) -> None:
    """Until it is over the two do not hear each other: the answer to "hello?" comes late."""
    assert SHIPPED.callbacks.notice is not None
    said = SHIPPED.prompts[SHIPPED.callbacks.notice][language]
    assert isinstance(said, str)
    assert len(said) < 60


def test_every_queue_of_the_shipped_flow_can_be_entered() -> None:
    entered = {node.queue for node in SHIPPED.flow.values() if isinstance(node, ToQueue)}
    assert entered == set(SHIPPED.queues)
