"""The agents' verbs: the only door of this room. The rules are in `agents.states`.

Every verb takes the unit of work first and `now` (aware) by keyword, flushes and never commits,
and writes one presence event for each change. The engine's verbs return whether they did it: False
means that the agent was no longer where the caller saw them, and nothing has changed: walk away.

Announced after the commit: `agent.ready` (agent_id), `agent.left` (agent_id, offer_id).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import presence
from agents.models import Agent, AgentSkill, PresenceRow
from agents.presence import ENGINE, Change, PresenceFacts
from agents.routing import Ready, skill
from agents.states import Move, Presence, State, Status, Trouble
from hotline.announce import announce
from hotline.db import bulk_insert
from hotline.errors import Conflict, Invalid, NotFound

__all__ = [
    "AgentFacts",
    "BoardRow",
    "PresenceFacts",
    "able",
    "agent",
    "agent_of_account",
    "board",
    "create_agent",
    "declined",
    "finish",
    "forget",
    "listens",
    "lost",
    "missed",
    "more_wrap_up",
    "names",
    "of_accounts",
    "on_call",
    "presence_of",
    "ready",
    "ready_heads",
    "ready_queues",
    "release",
    "rename",
    "repair",
    "reserve",
    "send_home",
    "set_work",
    "sign_out",
    "signed_in",
    "skills_of",
    "stops_listening",
    "stuck",
    "take_break",
    "takes_over",
    "telephone_fails",
    "telephone_works",
    "wrap_up",
]


#: The event of who takes more time to write up; no move.
EXTENDED = "wrap_up_extended"

#: How the carrier's addresses of browser telephones begin.
CLIENT = "client:"
_E164 = re.compile(r"\+[1-9]\d{6,14}")


class AgentBusy(Conflict):
    """A call is at the telephone that was to be exchanged."""

    code, text = "agent-on-a-call", "agents.work.busy"


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """Who an agent is. `address` is what the carrier dials."""

    id: int
    account_id: int
    name: str
    address: str

    @property
    def in_browser(self) -> bool:
        """Whether they answer in the page of the desk, which may not be there for a moment."""
        return self.address.startswith(CLIENT)

    @property
    def client(self) -> str:
        """By which name the carrier knows that page."""
        return self.address.removeprefix(CLIENT)


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One agent on the wallboard."""

    agent: AgentFacts
    presence: PresenceFacts
    skills: tuple[str, ...]


# ---------------------------------------------------------------- who they are


def create_agent(
    session: Session,
    *,
    account_id: int,
    name: str,
    queues: Collection[str],
    languages: Collection[str],
    now: datetime,
    address: str | None = None,
) -> AgentFacts:
    """Make an account an agent, signed out, with each of `queues` in each of `languages`.

    `address` is a telephone number, E.164; it defaults to the desk's own softphone. Raises Invalid
    for anything else: the carrier would refuse it when the first call is offered.
    """
    if address is not None and not _E164.fullmatch(address):
        raise Invalid(f"address: {address!r}", text="agents.bad_address")
    row = Agent(account_id=account_id, name=name, address=address or "")
    session.add(row)
    session.flush()
    if address is None:
        row.address = f"client:agent-{row.id}"
    out, idle = Status.SIGNED_OUT, State.IDLE
    session.add(
        PresenceRow(agent_id=row.id, n=0, status=out, state=idle, since=now, state_since=now)
    )
    skills = sorted({skill(queue, language) for queue in queues for language in languages})
    bulk_insert(session, AgentSkill, [{"agent_id": row.id, "skill": one} for one in skills])
    session.flush()
    return _agent_facts(row)


def send_home(session: Session, account_id: int, *, by: str, now: datetime) -> None:
    """Somebody's account was closed to them: an agent goes home.

    A conversation goes on, and its wrap-up; then they are offered nothing.
    """
    if (them := agent_of_account(session, account_id)) is not None:
        sign_out(session, them.id, now=now, by=by)


def rename(session: Session, account_id: int, name: str) -> None:
    """The account has another name; nothing for who is no agent."""
    session.execute(sa.update(Agent).where(Agent.account_id == account_id).values(name=name))


def set_work(
    session: Session,
    account_id: int,
    *,
    name: str,
    skills: Collection[str],
    address: str | None,
    now: datetime,
) -> AgentFacts:
    """What an account answers, and where; it becomes an agent if it was none.

    `address` is a telephone number, E.164, or None for the desk's own softphone. Raises Invalid for
    anything else, and AgentBusy for another address while a call is there.
    """
    if address is not None and not _E164.fullmatch(address):
        raise Invalid(f"address: {address!r}", text="agents.bad_address")
    them = agent_of_account(session, account_id) or create_agent(
        session, account_id=account_id, name=name, queues=(), languages=(), address=address, now=now
    )
    # nobody becomes ready, or is held for a call, while their skills are exchanged
    mine = sa.select(PresenceRow).where(PresenceRow.agent_id == them.id).with_for_update()
    seen = session.execute(mine.execution_options(populate_existing=True)).scalar_one()
    wanted = address or f"{CLIENT}agent-{them.id}"
    if wanted != them.address:
        if seen.state != State.IDLE:
            raise AgentBusy()
        session.execute(sa.update(Agent).where(Agent.id == them.id).values(address=wanted))
        telephone_works(session, them.id, now=now)  # of the new one nobody has said anything
        session.refresh(seen)
    _exchange_skills(session, seen, skills)
    return AgentFacts(them.id, account_id, them.name, wanted)


def _exchange_skills(session: Session, seen: PresenceRow, skills: Collection[str]) -> None:
    """Other skills; whoever is ready is found by the new ones at once."""
    trouble = None if seen.trouble is None else Trouble(seen.trouble)
    there = Presence(Status(seen.status), State(seen.state), seen.reason, trouble)
    idle = seen.idle_since if there.available else None
    session.execute(sa.delete(AgentSkill).where(AgentSkill.agent_id == seen.agent_id))
    rows = [
        {"agent_id": seen.agent_id, "skill": one, "ready_since": idle}
        for one in sorted(set(skills))
    ]
    bulk_insert(session, AgentSkill, rows)
    if idle is not None:
        announce(session, presence.READY, agent_id=seen.agent_id)


def agent(session: Session, agent_id: int) -> AgentFacts:
    """The agent; raises NotFound."""
    row = session.get(Agent, agent_id)
    if row is None:
        raise NotFound(f"agent {agent_id}", text="agents.no_such_agent")
    return _agent_facts(row)


def agent_of_account(session: Session, account_id: int) -> AgentFacts | None:
    """The agent that this account is, or None: a supervisor need not answer calls."""
    row = session.scalar(_OF_ACCOUNT, {"account": account_id})
    return None if row is None else _agent_facts(row)


def names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The names of these agents."""
    rows = session.execute(sa.select(Agent.id, Agent.name).where(Agent.id.in_(list(ids))))
    return {row.id: row.name for row in rows}


def of_accounts(session: Session, accounts: Iterable[int]) -> list[int]:
    """Those of these accounts who are agents, by their ids as agents."""
    mine = sa.select(Agent.id).where(Agent.account_id.in_(list(accounts)))
    return list(session.scalars(mine.order_by(Agent.id)))


def skills_of(session: Session, agent_id: int) -> list[str]:
    """The agent's skills in alphabetical order."""
    return list(session.scalars(_SKILLS, {"who": agent_id}))


# ---------------------------------------------------------------- what they choose


def ready(
    session: Session, agent_id: int, *, now: datetime, by: str | None = None
) -> PresenceFacts:
    """Sign in or come back: from now on offers may come. Saying it twice changes nothing."""
    return _choose(session, agent_id, Move.READY, now=now, by=by)


def take_break(
    session: Session, agent_id: int, *, reason: str, now: datetime, by: str | None = None
) -> PresenceFacts:
    """Take no more offers. A call goes on; an offer that rings is announced as `agent.left`.

    That `reason` is one of the configuration's is checked at the edge.
    """
    return _choose(session, agent_id, Move.BREAK, now=now, by=by, reason=reason)


def sign_out(
    session: Session, agent_id: int, *, now: datetime, by: str | None = None
) -> PresenceFacts:
    """Go home. A call and its wrap-up go on; an offer that rings is announced as `agent.left`."""
    return _choose(session, agent_id, Move.SIGN_OUT, now=now, by=by)


def _choose(
    session: Session,
    agent_id: int,
    move: Move,
    *,
    now: datetime,
    by: str | None,
    reason: str | None = None,
) -> PresenceFacts:
    what = Change(move, now, by or f"agent:{agent_id}", reason)
    after = presence.change(session, agent_id, what)
    assert after is not None  # a human's choice is legal everywhere (tests/unit/agents)
    return after


# ---------------------------------------------------------------- what their page says


def telephone_fails(session: Session, agent_id: int, trouble: Trouble, *, now: datetime) -> None:
    """The telephone in the agent's page cannot be answered: no more offers until it can; one that
    rings is announced as `agent.left`. Said twice, or by a page of who is signed out, it is
    nothing.
    """
    what = Change(Move.FAIL, now, f"page:{agent_id}", trouble=trouble)
    presence.change(session, agent_id, what)


def telephone_works(session: Session, agent_id: int, *, now: datetime) -> None:
    """It can be answered (again). Said twice, it stands."""
    presence.change(session, agent_id, Change(Move.WORK, now, f"page:{agent_id}"))


# ---------------------------------------------------------------- what the engine does


def ready_heads(session: Session, skills: Collection[str]) -> list[Ready]:
    """For each of `skills` the longest idle agent who is ready, by index: flat in agents.

    An agent's `skills` here are those that they are the head of, which is what
    `agents.routing.first` needs to be right.
    """
    wanted = sorted(set(skills))
    if not wanted:
        return []
    headed: dict[tuple[int, datetime], set[str]] = {}
    parameters = {f"skill_{number}": name for number, name in enumerate(wanted)}
    for name, agent_id, idle_since in session.execute(_heads(len(wanted)), parameters):
        headed.setdefault((agent_id, idle_since), set()).add(name)
    return [Ready(agent_id, idle, frozenset(names)) for (agent_id, idle), names in headed.items()]


def reserve(session: Session, agent_id: int, *, offer_id: int, call_id: int, now: datetime) -> bool:
    """Hold a ready, idle agent for an offer; False when somebody else was first."""
    held = (("offer_id", offer_id), ("call_id", call_id))
    what = Change(Move.OFFER, now, ENGINE, sets=held)
    return presence.change(session, agent_id, what) is not None


def on_call(session: Session, agent_id: int, *, offer_id: int, now: datetime) -> bool:
    """The agent has accepted the offer."""
    return _end_of_offer(session, agent_id, offer_id, Move.ACCEPT, now, by=f"agent:{agent_id}")


def call_out(
    session: Session, agent_id: int, *, offer_id: int, call_id: int, now: datetime
) -> bool:
    """Hold an idle agent for a call that they make themselves; False when they are not free for it
    (any more).
    """
    held = (("offer_id", offer_id), ("call_id", call_id))
    what = Change(Move.CALL_OUT, now, f"agent:{agent_id}", sets=held)
    return presence.change(session, agent_id, what) is not None


def release(session: Session, agent_id: int, *, offer_id: int, now: datetime) -> bool:
    """The offer is withdrawn, through no fault of the agent, who keeps the place among the idle."""
    return _end_of_offer(session, agent_id, offer_id, Move.WITHDRAW, now)


def missed(session: Session, agent_id: int, *, offer_id: int, now: datetime) -> bool:
    """The offer rang out, or the agent's telephone was not reached; no more until they choose."""
    return _end_of_offer(session, agent_id, offer_id, Move.MISS, now)


def declined(session: Session, agent_id: int, *, offer_id: int, now: datetime) -> bool:
    """The agent does not want this offer: a break, with the reason `declined`."""
    return _end_of_offer(session, agent_id, offer_id, Move.DECLINE, now, by=f"agent:{agent_id}")


def wrap_up(
    session: Session,
    agent_id: int,
    *,
    call_id: int,
    until: datetime,
    now: datetime,
    due: datetime | None = None,
) -> bool:
    """The talk of `call_id` is over; at `until` the sweep writes the outcome instead. `due`: when
    it should be there, if that is earlier.
    """
    return _to_be_written(session, Move.END, agent_id, call_id, until, due, now)


def lost(
    session: Session,
    agent_id: int,
    *,
    call_id: int,
    until: datetime,
    now: datetime,
    due: datetime | None = None,
) -> bool:
    """The agent's telephone went while they talked in `call_id`, and did not come back: to be
    written up like any talk, and no more offers until they choose.
    """
    return _to_be_written(session, Move.LOSE, agent_id, call_id, until, due, now)


def _to_be_written(
    session: Session,
    move: Move,
    agent_id: int,
    call_id: int,
    until: datetime,
    due: datetime | None,
    now: datetime,
) -> bool:
    held = (("offer_id", None), ("wrap_up_until", until), ("wrap_up_due", due or until))
    what = Change(move, now, ENGINE, sets=held)
    return _changed(session, agent_id, what, lambda seen: seen.call_id == call_id)


def more_wrap_up(
    session: Session, agent_id: int, *, call_id: int, until: datetime, now: datetime
) -> None:
    """The agent has asked for more time to write up `call_id`; nothing for who no longer does.

    Whoever calls it holds the offer's row, so that nobody finishes it meanwhile.
    """
    seen = presence.read(session, agent_id)
    if seen.state is not State.WRAP_UP or seen.call_id != call_id:
        return
    sets = {"wrap_up_until": until, "wrap_up_due": until}
    said = {"call_id": call_id, "until": until.isoformat()}
    presence.note(
        session, agent_id, EXTENDED, by=f"agent:{agent_id}", now=now, said=said, sets=sets
    )


def finish(
    session: Session, agent_id: int, *, call_id: int, now: datetime, by: str = ENGINE
) -> bool:
    """The outcome of `call_id` is written: who is ready may get the next offer."""
    what = Change(Move.FINISH, now, by)
    return _changed(session, agent_id, what, lambda seen: seen.call_id == call_id)


def listens(session: Session, agent_id: int, *, call_id: int, now: datetime, by: str) -> bool:
    """A supervisor is rung to listen to a call of somebody else's, and is offered none meanwhile;
    False when something holds them already.
    """
    what = Change(Move.MONITOR, now, by, sets=(("call_id", call_id),))
    return presence.change(session, agent_id, what) is not None


def stops_listening(session: Session, agent_id: int, *, now: datetime) -> bool:
    """They have left it, and are what they were before."""
    return presence.change(session, agent_id, Change(Move.LEAVE, now, ENGINE)) is not None


def takes_over(
    session: Session, agent_id: int, *, offer_id: int, call_id: int, now: datetime, by: str
) -> bool:
    """A supervisor has the call that they listened to."""
    held = (("offer_id", offer_id), ("call_id", call_id))
    what = Change(Move.TAKE_OVER, now, by, sets=held)
    return presence.change(session, agent_id, what) is not None


def repair(session: Session, seen: PresenceFacts, *, now: datetime) -> bool:
    """Set an agent idle behind whom a sweep found no offer and no call; False if changed since."""
    return _as_seen(session, seen, Change(Move.REPAIR, now, ENGINE))


def _end_of_offer(
    session: Session,
    agent_id: int,
    offer_id: int,
    move: Move,
    now: datetime,
    by: str = ENGINE,
) -> bool:
    what = Change(move, now, by)
    return _changed(session, agent_id, what, lambda seen: seen.offer_id == offer_id)


def _changed(session: Session, agent_id: int, what: Change, guard: presence.Guard) -> bool:
    return presence.change(session, agent_id, what, guard) is not None


# ---------------------------------------------------------------- who is there


def signed_in(
    session: Session, skills: Collection[str], *, or_since: datetime | None = None
) -> int:
    """How many agents with any of these skills have not gone home, whatever they are doing; with
    `or_since`, those too who went home after that moment.
    """
    there = [each for each in Status if each is not Status.SIGNED_OUT]
    found = _how_many(session, skills, there)
    if found or or_since is None:
        return found
    just_gone = _HOW_MANY.where(PresenceRow.since >= or_since)
    gone = {"skills": sorted(skills), "statuses": [Status.SIGNED_OUT]}
    return session.execute(just_gone, gone).scalar_one()


def able(session: Session, skills: Collection[str]) -> int:
    """How many agents with any of these skills take calls, now or after the one they are on: signed
    in, not on a break, not away from a desk that rang in vain, and with a telephone to answer.
    """
    found = {"skills": sorted(skills), "statuses": [Status.READY]}
    return session.execute(_HOW_MANY.where(PresenceRow.trouble.is_(None)), found).scalar_one()


def _how_many(session: Session, skills: Collection[str], statuses: Collection[Status]) -> int:
    found = {"skills": sorted(skills), "statuses": list(statuses)}
    return session.execute(_HOW_MANY, found).scalar_one()


# ---------------------------------------------------------------- what can be seen


def presence_of(session: Session, agent_id: int) -> PresenceFacts:
    """What the agent is doing; raises NotFound."""
    return presence.read(session, agent_id)


def board(session: Session) -> list[BoardRow]:
    """All agents by name, with what they are doing."""
    skills: dict[int, list[str]] = {}
    for agent_id, name in session.execute(_ALL_SKILLS):
        skills.setdefault(agent_id, []).append(name)
    # columns, and no objects of the mapper: every wallboard and many a page asks for all agents
    return [
        BoardRow(AgentFacts(*row[:4]), presence.facts_of(row[4:]), tuple(skills.get(row[0], ())))
        for row in session.execute(_BOARD)
    ]


def ready_queues(session: Session) -> list[frozenset[str]]:
    """Of each agent who may get an offer now, the queues that they answer."""
    found: dict[int, set[str]] = {}
    for agent_id, name in session.execute(_READY_SKILLS):
        queues = found.setdefault(agent_id, set())
        if name is not None:
            queues.add(name.partition("/")[0])
    return [frozenset(queues) for queues in found.values()]


def versions(session: Session) -> dict[int, int]:
    """Of every agent the number of their last change."""
    return {row.agent_id: row.n for row in session.execute(_VERSIONS)}


def stuck(
    session: Session, *, now: datetime, quiet: timedelta = timedelta(seconds=60)
) -> list[PresenceFacts]:
    """Whom a sweep should look at: a wrap-up over its limit, an offer or call that long unchanged.

    A long call is no fault; whether an offer or a call stands behind the state is for who asks.
    """
    held = PresenceRow.state.in_([State.OFFERED, State.ON_CALL, State.MONITORING])
    over = sa.and_(PresenceRow.state == State.WRAP_UP, PresenceRow.wrap_up_until <= now)
    still = sa.and_(held, PresenceRow.state_since <= now - quiet)
    query = sa.select(*presence.COLUMNS).where(sa.or_(over, still)).order_by(PresenceRow.agent_id)
    return [presence.facts_of(row) for row in session.execute(query)]


def forget(session: Session, *, limits: Mapping[Status, timedelta], now: datetime) -> list[int]:
    """Sign out who has been idle and unchanged for longer than the limit of their status.

    Returns the agents' ids: a desk that nobody is at must not be offered calls for ever. Raises
    Conflict when one of them is held for long by somebody else.
    """
    seen = [
        found
        for status, limit in limits.items()
        for found in _unchanged(session, status, now - limit)
    ]
    presence.hold(session, [each.agent_id for each in seen])
    forget = Change(Move.FORGET, now, ENGINE)
    return [each.agent_id for each in seen if _as_seen(session, each, forget)]


def _as_seen(session: Session, seen: PresenceFacts, what: Change) -> bool:
    """Change an agent as a sweep found them; False if they have moved since."""
    return _changed(session, seen.agent_id, what, lambda found: found.n == seen.n)


def _unchanged(session: Session, status: Status, before: datetime) -> Sequence[PresenceFacts]:
    unchanged = (
        PresenceRow.status == status,
        PresenceRow.state == State.IDLE,
        PresenceRow.since <= before,
        PresenceRow.state_since <= before,
    )
    query = sa.select(*presence.COLUMNS).where(*unchanged).order_by(PresenceRow.agent_id)
    return [presence.facts_of(row) for row in session.execute(query)]


def _agent_facts(row: Agent) -> AgentFacts:
    return AgentFacts(row.id, row.account_id, row.name, row.address)


# ---------------------------------------------------------------- the queries, built once

_SKILLS = (
    sa.select(AgentSkill.skill)
    .where(AgentSkill.agent_id == sa.bindparam("who"))
    .order_by(AgentSkill.skill)
)
_OF_ACCOUNT = sa.select(Agent).where(Agent.account_id == sa.bindparam("account"))
_ALL_SKILLS = sa.select(AgentSkill.agent_id, AgentSkill.skill).order_by(AgentSkill.skill)
_HOW_MANY = (
    sa.select(sa.func.count(AgentSkill.agent_id.distinct()))
    .join(PresenceRow, PresenceRow.agent_id == AgentSkill.agent_id)
    .where(
        AgentSkill.skill.in_(sa.bindparam("skills", expanding=True)),
        PresenceRow.status.in_(sa.bindparam("statuses", expanding=True)),
    )
)
_VERSIONS = sa.select(PresenceRow.agent_id, PresenceRow.n)
_BOARD = (
    sa.select(Agent.id, Agent.account_id, Agent.name, Agent.address, *presence.COLUMNS)
    .join(PresenceRow, PresenceRow.agent_id == Agent.id)
    .order_by(Agent.name, Agent.id)
)
_READY_SKILLS = (
    sa.select(PresenceRow.agent_id, AgentSkill.skill)
    .outerjoin(AgentSkill, AgentSkill.agent_id == PresenceRow.agent_id)
    .where(
        PresenceRow.status == Status.READY,
        PresenceRow.state == State.IDLE,
        PresenceRow.trouble.is_(None),
    )
)


@cache
def _heads(count: int) -> sa.CompoundSelect[Any]:
    """One LIMIT 1 for each skill in one statement; kept, so that it is compiled once."""
    return sa.union_all(*(_head(f"skill_{number}") for number in range(count)))


def _head(parameter: str) -> sa.Select[Any]:
    head = (
        sa.select(AgentSkill.skill, AgentSkill.agent_id, AgentSkill.ready_since)
        .where(AgentSkill.skill == sa.bindparam(parameter), AgentSkill.ready_since.is_not(None))
        .order_by(AgentSkill.ready_since, AgentSkill.agent_id)
        .limit(1)
        .subquery()
    )
    return sa.select(head)
