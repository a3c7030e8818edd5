"""Routing, proved by properties: the fast way must do what the slow definition says."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.routing import Across, Policy, Ready, Waiting, choose, first

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
QUEUES = ["information", "complaint", "emergency"]
LANGUAGES = ["th", "en"]
SKILLS = [f"{queue}/{language}" for queue in QUEUES for language in LANGUAGES]
# few seconds, so that equal moments are common and the tie-breaks are exercised
moments = st.integers(0, 5).map(lambda seconds: NOON + timedelta(seconds=seconds))
policies = st.sampled_from([Policy(across) for across in Across])


@st.composite
def callers(draw, max_size=12):
    ids = draw(st.lists(st.integers(1, 99), unique=True, max_size=max_size))
    return [
        Waiting(
            id=one,
            queue=draw(st.sampled_from(QUEUES)),
            language=draw(st.sampled_from(LANGUAGES)),
            priority=draw(st.integers(0, 2)),
            entered_at=draw(moments),
        )
        for one in ids
    ]


@st.composite
def agents(draw, max_size=8):
    ids = draw(st.lists(st.integers(1, 99), unique=True, max_size=max_size))
    return [Ready(one, draw(moments), draw(st.frozensets(st.sampled_from(SKILLS)))) for one in ids]


def place(caller):
    return (-caller.priority, caller.entered_at, caller.id)


def is_more_urgent(one, other, policy):
    """The rule of who goes first, written without looking at the module under test."""
    if one.skill == other.skill or policy.across is Across.PRIORITY:
        return place(one) < place(other)
    return (one.entered_at, -one.priority, one.id) < (other.entered_at, -other.priority, other.id)


def heads_of(waiting):
    lines = defaultdict(list)
    for caller in waiting:
        lines[caller.skill].append(caller)
    return [min(line, key=place) for line in lines.values()]


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


def slowly(waiting, ready, policy):
    """The definition: the most urgent head for whom anybody is free gets the longest idle."""
    waiting, ready, pairs = list(waiting), list(ready), []
    while True:
        able = [
            caller
            for caller in heads_of(waiting)
            if any(caller.skill in agent.skills for agent in ready)
        ]
        if not able:
            return pairs
        caller = next(
            one
            for one in able
            if not any(is_more_urgent(other, one, policy) for other in able if other is not one)
        )
        agent = min(
            (one for one in ready if caller.skill in one.skills),
            key=lambda one: (one.idle_since, one.agent_id),
        )
        pairs.append((caller.id, agent.agent_id))
        waiting.remove(caller)
        ready.remove(agent)


def ids(pairs):
    return [(pair.waiting.id, pair.agent.agent_id) for pair in pairs]


@settings(max_examples=400)
@given(callers(), agents(), policies)
def test_it_is_what_the_definition_says(waiting, ready, policy):
    assert ids(choose(waiting, ready, policy)) == slowly(waiting, ready, policy)


@given(callers(), agents(), policies, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_arrive_does_not_matter(waiting, ready, policy, chance):
    shuffled_waiting, shuffled_ready = list(waiting), list(ready)
    chance.shuffle(shuffled_waiting)
    chance.shuffle(shuffled_ready)
    assert choose(shuffled_waiting, shuffled_ready, policy) == choose(waiting, ready, policy)


@settings(max_examples=400)
@given(callers(), agents(), policies)
def test_nobody_is_twice_in_a_pair_and_every_agent_can_do_it(waiting, ready, policy):
    pairs = choose(waiting, ready, policy)
    assert len({pair.waiting.id for pair in pairs}) == len(pairs)
    assert len({pair.agent.agent_id for pair in pairs}) == len(pairs)
    assert all(pair.waiting.skill in pair.agent.skills for pair in pairs)


@given(callers(), agents(), policies)
def test_nobody_waits_while_a_suitable_agent_is_ready(waiting, ready, policy):
    pairs = choose(waiting, ready, policy)
    served = {pair.waiting.id for pair in pairs}
    busy = {pair.agent.agent_id for pair in pairs}
    for caller in waiting:
        if caller.id not in served:
            assert not [
                agent
                for agent in ready
                if agent.agent_id not in busy and caller.skill in agent.skills
            ]


@given(callers(), agents(), policies)
def test_no_caller_is_overtaken_in_the_same_queue_language_and_priority(waiting, ready, policy):
    served = {pair.waiting.id for pair in choose(waiting, ready, policy)}
    for caller in waiting:
        for other in waiting:
            if caller.skill == other.skill and place(caller) < place(other):
                assert other.id not in served or caller.id in served


@settings(max_examples=400)
@given(callers(), agents(), policies)
@example(
    # three of one skill against one head of another: the later pairs differ, the first never
    waiting=[
        Waiting(1, "information", "th", 0, NOON),
        Waiting(2, "information", "th", 0, NOON + timedelta(seconds=1)),
        Waiting(3, "complaint", "th", 0, NOON + timedelta(seconds=2)),
    ],
    ready=[
        Ready(1, NOON, frozenset({"information/th"})),
        Ready(2, NOON, frozenset({"information/th", "complaint/th"})),
    ],
    policy=Policy(),
)
def test_the_heads_give_the_same_first_pair_as_everybody(waiting, ready, policy):
    everybody = first(waiting, ready, policy)
    assert ids([everybody] if everybody else []) == slowly(waiting, ready, policy)[:1]
    heads = first(heads_of(waiting), ready_heads_of(ready), policy)
    assert ids([heads] if heads else []) == ids([everybody] if everybody else [])


@settings(max_examples=200)
@given(callers(), agents(), policies)
def test_looking_at_the_heads_again_and_again_gives_what_choose_gives(waiting, ready, policy):
    """So the waiting room, which shows heads only, decides as if it had shown everybody."""
    expected = ids(choose(waiting, ready, policy))
    got = []
    while pair := first(heads_of(waiting), ready_heads_of(ready), policy):
        got.append((pair.waiting.id, pair.agent.agent_id))
        waiting = [one for one in waiting if one.id != pair.waiting.id]
        ready = [one for one in ready if one.agent_id != pair.agent.agent_id]
    assert got == expected


@pytest.mark.parametrize(("across", "expected"), [(Across.PRIORITY, 2), (Across.LONGEST_WAIT, 1)])
def test_the_policy_says_whether_an_emergency_goes_before_the_longest_wait(across, expected):
    waiting = [
        Waiting(1, "information", "th", 0, NOON),
        Waiting(2, "emergency", "th", 9, NOON + timedelta(minutes=5)),
    ]
    ready = [Ready(7, NOON, frozenset({"information/th", "emergency/th"}))]
    (pair,) = choose(waiting, ready, Policy(across))
    assert pair.waiting.id == expected


def test_a_backlog_that_nobody_can_answer_blocks_nobody():
    chance = random.Random(7)
    waiting = [
        Waiting(number, "complaint", "ru", 0, NOON + timedelta(seconds=chance.random()))
        for number in range(10_000)
    ]
    waiting.append(Waiting(10_000, "complaint", "th", 0, NOON + timedelta(hours=1)))
    ready = [Ready(number, NOON, frozenset({"complaint/th"})) for number in range(1_000)]
    assert ids(choose(waiting, ready)) == [(10_000, 0)]
