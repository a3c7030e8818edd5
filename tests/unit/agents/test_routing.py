"""Routing, proved by properties: the fast way must do what the slow definition says."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.routing import ABSOLUTE, Across, Policy, Ready, Waiting, choose, first, rank

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
QUEUES = ["information", "complaint", "emergency"]
LANGUAGES = ["th", "en"]
SKILLS = [f"{queue}/{language}" for queue in QUEUES for language in LANGUAGES]
#: When the waiting room is looked at: seconds after noon.
NOW = 6
#: Some lines widen, after so many seconds, by these skills; complaint/th is the widest of all.
WIDER = {
    "complaint/th": [(2, {"complaint/en"}), (4, {"information/th", "information/en"})],
    "complaint/en": [(2, set()), (4, {"information/en"})],
    "emergency/th": [(1, {"emergency/en", "information/th"})],
}
# few seconds, so that equal moments are common and the tie-breaks are exercised
seconds = st.integers(0, 5)
moments = seconds.map(lambda number: NOON + timedelta(seconds=number))
policies = st.builds(Policy, st.sampled_from(Across), st.sampled_from([None, 1.0, 2.5]))


def caller(number, queue, language, priority, entered_at, policy=None):
    """Somebody in the waiting room, with the circles that they have reached by `NOW`."""
    waited = NOW - (entered_at - NOON).total_seconds()
    reached = [skills for after, skills in WIDER.get(f"{queue}/{language}", ()) if after <= waited]
    ranked = rank(priority, entered_at, policy or Policy())
    return Waiting(number, queue, language, *ranked, entered_at, tuple(map(frozenset, reached)))


@st.composite
def rooms(draw, max_size=12):
    """Callers as (id, queue, language, priority, since); what rank they have, the policy says."""
    ids = draw(st.lists(st.integers(1, 99), unique=True, max_size=max_size))
    return [
        (
            one,
            draw(st.sampled_from(QUEUES)),
            draw(st.sampled_from(LANGUAGES)),
            draw(st.sampled_from([0, 0, 1, 2, ABSOLUTE])),
            draw(moments),
        )
        for one in ids
    ]


@st.composite
def agents(draw, max_size=8):
    ids = draw(st.lists(st.integers(1, 99), unique=True, max_size=max_size))
    return [Ready(one, draw(moments), draw(st.frozensets(st.sampled_from(SKILLS)))) for one in ids]


def seated(room, policy):
    return [caller(*one, policy) for one in room]


def place(one):
    return (one.precedence, one.ranked_at, one.id)


def age(one):
    return (one.entered_at, one.id)


def urgency(one, policy):
    """The rule of who goes first, written without looking at the module under test."""
    if policy.across is Across.PRIORITY:
        return place(one)
    emergency = one.precedence if one.precedence <= -ABSOLUTE else 0
    return (emergency, one.entered_at, place(one))


def of_lines(waiting):
    lines = defaultdict(list)
    for one in waiting:
        lines[one.skill].append(one)
    return list(lines.values())


def heads_of(waiting):
    """What `ivr.room.waiting.heads` gives: of each line its first and its longest waiting."""
    heads = {}
    for line in of_lines(waiting):
        for one in (min(line, key=place), min(line, key=age)):
            heads[one.id] = one
    return list(heads.values())


def ready_heads_of(ready):
    """What `agents.service.ready_heads` gives: for each skill its longest idle agent."""
    headed = defaultdict(set)
    facts = {}
    for name in SKILLS:
        able = [agent for agent in ready if name in agent.skills]
        if able:
            head = min(able, key=lambda agent: (agent.idle_since, agent.agent_id))
            headed[head.agent_id].add(name)
            facts[head.agent_id] = head
    return [
        Ready(agent_id, facts[agent_id].idle_since, frozenset(names))
        for agent_id, names in headed.items()
    ]


def best_agent(one, ready):
    """The longest idle agent of the narrowest circle that has any, and its number; or None."""
    for circle, names in enumerate([{one.skill}, *one.circles]):
        able = [agent for agent in ready if names & agent.skills]
        if able:
            return min(able, key=lambda agent: (agent.idle_since, agent.agent_id)), circle
    return None


def slowly(waiting, ready, policy):
    """The definition. Each line puts forward its first, or else its longest waiting, if anybody is
    free for that one; the most urgent of those gets the best agent.
    """
    waiting, ready, pairs = list(waiting), list(ready), []
    while True:
        forward = [
            next(
                (
                    one
                    for one in (min(line, key=place), min(line, key=age))
                    if best_agent(one, ready)
                ),
                None,
            )
            for line in of_lines(waiting)
        ]
        able = [one for one in forward if one is not None]
        if not able:
            return pairs
        chosen = min(able, key=lambda one: urgency(one, policy))
        agent, circle = best_agent(chosen, ready)
        pairs.append((chosen.id, agent.agent_id, circle))
        waiting.remove(chosen)
        ready.remove(agent)


def ids(pairs):
    return [(pair.waiting.id, pair.agent.agent_id, pair.circle) for pair in pairs]


def allowed(pair):
    """Whether the agent has the skill by which they were found, in the circle that is named."""
    names = [{pair.waiting.skill}, *pair.waiting.circles][pair.circle]
    return pair.skill in names & pair.agent.skills


@settings(max_examples=500)
@given(rooms(), agents(), policies)
def test_it_is_what_the_definition_says(room, ready, policy):
    waiting = seated(room, policy)
    assert ids(choose(waiting, ready, policy)) == slowly(waiting, ready, policy)


@given(rooms(), agents(), policies, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_arrive_does_not_matter(room, ready, policy, chance):
    waiting = seated(room, policy)
    shuffled_waiting, shuffled_ready = list(waiting), list(ready)
    chance.shuffle(shuffled_waiting)
    chance.shuffle(shuffled_ready)
    assert choose(shuffled_waiting, shuffled_ready, policy) == choose(waiting, ready, policy)


@settings(max_examples=400)
@given(rooms(), agents(), policies)
def test_nobody_is_twice_in_a_pair_and_every_agent_can_do_it(room, ready, policy):
    pairs = choose(seated(room, policy), ready, policy)
    assert len({pair.waiting.id for pair in pairs}) == len(pairs)
    assert len({pair.agent.agent_id for pair in pairs}) == len(pairs)
    assert all(allowed(pair) for pair in pairs)


@settings(max_examples=400)
@given(rooms(), agents(), policies)
def test_nobody_waits_while_a_suitable_agent_is_ready(room, ready, policy):
    """Of any circle that the caller has reached."""
    waiting = seated(room, policy)
    pairs = choose(waiting, ready, policy)
    served = {pair.waiting.id for pair in pairs}
    busy = {pair.agent.agent_id for pair in pairs}
    free = [agent for agent in ready if agent.agent_id not in busy]
    assert not [one for one in waiting if one.id not in served and best_agent(one, free)]


@settings(max_examples=400)
@given(rooms(), agents(), policies)
def test_no_caller_is_overtaken_in_the_same_queue_language_and_priority(room, ready, policy):
    order = [pair.waiting.id for pair in choose(seated(room, policy), ready, policy)]
    turn = {one: number for number, one in enumerate(order)}
    for one in room:
        for other in room:
            if one[1:4] == other[1:4] and (one[4], one[0]) < (other[4], other[0]):
                assert turn.get(one[0], 99) <= turn.get(other[0], 99)


@settings(max_examples=400)
@given(rooms(), agents(), policies)
def test_within_a_circle_nobody_goes_before_a_higher_rank_of_the_line(room, ready, policy):
    """Who goes before the first of the line is the longest waiting, and by an agent who could not
    have had the first.
    """
    waiting = seated(room, policy)
    for pair in choose(waiting, ready, policy):
        line = [one for one in waiting if one.skill == pair.waiting.skill]
        head = min(line, key=place)
        if head is not pair.waiting:
            assert pair.waiting is min(line, key=age)
            assert best_agent(head, [pair.agent]) is None
        waiting.remove(pair.waiting)


@settings(max_examples=400)
@given(rooms(), agents(), policies)
@example(
    # three of one skill against one head of another: the later pairs differ, the first never
    room=[
        (1, "information", "th", 0, NOON),
        (2, "information", "th", 0, NOON + timedelta(seconds=1)),
        (3, "complaint", "th", 0, NOON + timedelta(seconds=2)),
    ],
    ready=[
        Ready(1, NOON, frozenset({"information/th"})),
        Ready(2, NOON, frozenset({"information/th", "complaint/th"})),
    ],
    policy=Policy(),
)
def test_the_heads_give_the_same_first_pair_as_everybody(room, ready, policy):
    waiting = seated(room, policy)
    everybody = first(waiting, ready, policy)
    assert ids([everybody] if everybody else []) == slowly(waiting, ready, policy)[:1]
    heads = first(heads_of(waiting), ready_heads_of(ready), policy)
    assert ids([heads] if heads else []) == ids([everybody] if everybody else [])


@settings(max_examples=200)
@given(rooms(), agents(), policies)
def test_looking_at_the_heads_again_and_again_gives_what_choose_gives(room, ready, policy):
    """So the waiting room, which shows heads only, decides as if it had shown everybody."""
    waiting = seated(room, policy)
    expected = ids(choose(waiting, ready, policy))
    got = []
    while pair := first(heads_of(waiting), ready_heads_of(ready), policy):
        got.append((pair.waiting.id, pair.agent.agent_id, pair.circle))
        waiting = [one for one in waiting if one.id != pair.waiting.id]
        ready = [one for one in ready if one.agent_id != pair.agent.agent_id]
    assert got == expected


# ---------------------------------------------------------------- rank and ageing


@given(st.integers(0, 99), seconds, st.integers(0, 99), seconds, st.floats(0.1, 3600))
def test_ageing_weighs_a_point_of_priority_like_so_many_seconds(mine, since, theirs, later, ageing):
    policy = Policy(ageing=ageing)
    here, there = (NOON + timedelta(seconds=number) for number in (since, later))
    difference = (mine - theirs) * ageing - (since - later)
    if abs(difference) > 1e-3:
        assert (rank(mine, here, policy) < rank(theirs, there, policy)) == (difference > 0)


@given(st.integers(0, 99), st.integers(ABSOLUTE, 2 * ABSOLUTE), policies)
def test_no_waiting_makes_up_for_an_emergency(less, priority, policy):
    days = timedelta(days=7)
    emergency, other = rank(priority, NOON, policy), rank(less, NOON - days, policy)
    assert emergency < other


@given(st.integers(0, 2 * ABSOLUTE), moments, moments, policies)
def test_of_equal_priority_the_earlier_ranks_first(priority, one, other, policy):
    assert (rank(priority, one, policy) < rank(priority, other, policy)) == (one < other)


def test_without_ageing_no_waiting_makes_up_for_priority():
    assert rank(1, NOON, Policy()) < rank(0, NOON - timedelta(days=1), Policy())


@pytest.mark.parametrize(
    ("across", "priority", "expected"),
    [
        (Across.PRIORITY, 9, 2),
        (Across.LONGEST_WAIT, 9, 1),
        (Across.LONGEST_WAIT, ABSOLUTE, 2),
    ],
)
def test_the_policy_says_whether_an_urgent_caller_goes_before_the_longest_wait(
    across, priority, expected
):
    waiting = [
        caller(1, "information", "th", 0, NOON),
        caller(2, "emergency", "th", priority, NOON + timedelta(minutes=5)),
    ]
    ready = [Ready(7, NOON, frozenset({"information/th", "emergency/th"}))]
    (pair,) = choose(waiting, ready, Policy(across))
    assert pair.waiting.id == expected


# ---------------------------------------------------------------- wider circles


def test_an_agent_of_the_narrower_circle_goes_first_however_short_they_are_idle():
    waiting = [caller(1, "complaint", "th", 0, NOON)]
    wide, own = (
        Ready(7, NOON, frozenset({"information/th"})),
        Ready(8, NOON + timedelta(hours=1), frozenset({"complaint/th"})),
    )
    assert ids(choose(waiting, [wide, own])) == [(1, 8, 0)]
    (pair,) = choose(waiting, [wide])
    assert (pair.skill, pair.circle) == ("information/th", 2)


def test_a_circle_that_is_not_reached_yet_is_not_asked():
    waiting = [caller(1, "complaint", "th", 0, NOON + timedelta(seconds=3))]
    assert choose(waiting, [Ready(7, NOON, frozenset({"information/th"}))]) == []
    assert ids(choose(waiting, [Ready(7, NOON, frozenset({"complaint/en"}))])) == [(1, 7, 1)]


def test_who_reaches_further_behind_the_first_of_the_line_is_not_left_waiting():
    """The first has a higher priority and has just come; the one behind has waited for long."""
    waiting = [
        caller(1, "complaint", "th", 5, NOON + timedelta(seconds=NOW)),
        caller(2, "complaint", "th", 0, NOON),
        caller(3, "complaint", "th", 0, NOON + timedelta(seconds=1)),
    ]
    assert ids(choose(waiting, [Ready(7, NOON, frozenset({"information/th"}))])) == [(2, 7, 2)]
    both = Ready(7, NOON, frozenset({"information/th", "complaint/th"}))
    assert ids(choose(waiting, [both], Policy(Across.LONGEST_WAIT))) == [(1, 7, 0)]


def test_a_widened_caller_and_one_of_the_agents_own_line_compare_by_rank():
    agent = [Ready(7, NOON, frozenset({"complaint/en"}))]
    widened = caller(1, "complaint", "th", 0, NOON)
    own = caller(2, "complaint", "en", 0, NOON + timedelta(seconds=1))
    assert ids(choose([widened, own], agent)) == [(1, 7, 1)]
    assert ids(choose([widened, replace(own, ranked_at=NOON, id=0)], agent)) == [(0, 7, 0)]


def test_a_backlog_that_nobody_can_answer_blocks_nobody():
    chance = random.Random(7)
    waiting = [
        caller(number, "complaint", "en", 0, NOON + timedelta(seconds=chance.random()))
        for number in range(10_000)
    ]
    waiting.append(caller(10_000, "complaint", "th", 0, NOON + timedelta(hours=1)))
    ready = [Ready(number, NOON, frozenset({"complaint/th"})) for number in range(1_000)]
    assert ids(choose(waiting, ready)) == [(10_000, 0, 0)]
