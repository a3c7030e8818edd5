"""What a supervisor does to agents: their state, their skills.

Each verb says who and why, in the agent's presence events and in the audit log, and refuses what
was asked in view of something that has changed meanwhile: two supervisors never silently overwrite
each other. The agent's desk shows the last such word (`last_word`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import presence, service
from agents.models import AgentSkill, PresenceEvent
from agents.presence import Change, PresenceFacts
from agents.states import Move, State
from hotline import audit
from hotline.announce import announce
from hotline.auth import Identity
from hotline.db import bulk_insert
from hotline.errors import Conflict, Invalid

#: Kinds of presence events that are no moves.
SKILLS: Final = "skills"
TOLD: Final = "told"
#: How long an agent's desk shows what a supervisor did, if the agent does nothing meanwhile.
SHOWN_FOR: Final = timedelta(hours=1)
#: Events that are looked at for it.
_RECENT: Final = 12


class NoReasonGiven(Invalid):
    """What touches a person needs a reason."""

    code, text = "no-reason-given", "agents.floor.no_reason"


class InACall(Conflict):
    """A call is with the agent: it can be done after it."""

    code, text = "in-a-call", "agents.floor.in_a_call"


class AgentChanged(Conflict):
    """Somebody changed this agent after the page was shown."""

    code, text = "agent-changed", "agents.floor.changed"


class NothingChosen(Invalid):
    """No agent or no skill was chosen."""

    code, text = "nothing-chosen", "agents.floor.nothing_chosen"


@dataclass(frozen=True, slots=True)
class Author:
    """Who does it, and why."""

    identity: Identity
    reason: str

    @property
    def by(self) -> str:
        """As presence events name who acts."""
        return f"account:{self.identity.id}"

    @property
    def said(self) -> dict[str, Any]:
        """What the agent is shown."""
        return {"who": self.identity.name, "why": self.reason}


@dataclass(frozen=True, slots=True)
class Word:
    """What a supervisor did to an agent last. `what`: a move, `skills`, or what `tell` was given.

    `status`, `reason`: of the presence afterwards; `gave`, `took`: names of skills.
    """

    at: datetime
    who: str
    why: str
    what: str
    status: str
    reason: str | None
    gave: tuple[str, ...] = ()
    took: tuple[str, ...] = ()


def author(identity: Identity, reason: str) -> Author:
    """Raises `NoReasonGiven` for an empty reason."""
    reason = reason.strip()
    if not reason:
        raise NoReasonGiven
    return Author(identity, reason[: audit.REASON_LENGTH])


def seen_as(facts: PresenceFacts) -> str:
    """A status as a form carries it: what its writer saw."""
    return f"{facts.status}:{facts.reason or ''}"


def set_status(
    session: Session,
    agent_id: int,
    move: Move,
    author: Author,
    *,
    now: datetime,
    pause: str | None = None,
    seen: str | None = None,
    after_call: bool = False,
) -> PresenceFacts:
    """Choose for an agent: `move` is READY, BREAK (with `pause`, a reason of the configuration) or
    SIGN_OUT. `seen`: the status (`seen_as`) that the supervisor saw.

    Raises `InACall` while a call is with the agent, unless `after_call`: then the call and its
    wrap-up go on, and the status holds after them. Raises `AgentChanged` when the status is no
    longer as seen, and NotFound.
    """
    what = Change(move, now, author.by, pause, said=tuple(author.said.items()))
    before = presence.read(session, agent_id)

    def as_seen(found: PresenceFacts) -> bool:
        return (seen is None or seen_as(found) == seen) and (after_call or _free(found))

    after = presence.change(session, agent_id, what, as_seen)
    name = service.agent(session, agent_id).name
    if after is None:
        found = presence.read(session, agent_id)
        if seen is not None and seen_as(found) != seen:
            raise AgentChanged(f"agent {agent_id}", name=name, who=_who_last(session, agent_id))
        raise InACall(f"agent {agent_id}", name=name)
    if after.n != before.n:
        data = {"move": move.value, "pause": pause, "was": seen_as(before), "name": name}
        _audit(session, "agents.state_changed", agent_id, author, now, **data)
    return after


def _free(seen: PresenceFacts) -> bool:
    """Whether no call is with them: one that rings is rung elsewhere."""
    return seen.state in (State.IDLE, State.OFFERED)


def change_skills(
    session: Session,
    seen: Mapping[int, Collection[str]],
    author: Author,
    *,
    give: Collection[str],
    take: Collection[str],
    now: datetime,
) -> list[int]:
    """Give skills to some agents and take others from them; the ids of those who have changed.

    `seen`: the agents, each with the skills that the supervisor saw. It counts for the next offer;
    who waits for a skill that somebody has been given is looked at after the commit. All or
    nothing: raises `AgentChanged` when any has other skills by now, `NothingChosen`.
    """
    if not seen or not (set(give) ^ set(take)):
        raise NothingChosen
    changed = []
    presence.hold(session, seen)
    for agent_id in sorted(seen):
        name = service.agent(session, agent_id).name
        had = set(service.skills_of(session, agent_id))
        if had != set(seen[agent_id]):
            raise AgentChanged(f"agent {agent_id}", name=name, who=_who_last(session, agent_id))
        gave, took = sorted(set(give) - had), sorted((set(take) & had) - set(give))
        if gave or took:
            _change(session, agent_id, gave, took, author, now, name)
            changed.append(agent_id)
    return changed


def _change(
    session: Session,
    agent_id: int,
    gave: list[str],
    took: list[str],
    author: Author,
    now: datetime,
    name: str,
) -> None:
    said = {**author.said, "gave": gave, "took": took}
    # holds the presence: who is ready stands in the rows of the skills, too
    held = presence.note(session, agent_id, SKILLS, by=author.by, now=now, said=said)
    session.execute(
        sa.delete(AgentSkill)
        .where(AgentSkill.agent_id == agent_id, AgentSkill.skill.in_(took))
        .execution_options(synchronize_session=False)
    )
    free = held.presence.available
    since = held.idle_since if free else None
    rows = [{"agent_id": agent_id, "skill": each, "ready_since": since} for each in gave]
    bulk_insert(session, AgentSkill, rows)
    _audit(session, "agents.skills_changed", agent_id, author, now, gave=gave, took=took, name=name)
    if free and gave:
        announce(session, presence.READY, agent_id=agent_id)


def tell(session: Session, agent_id: int, what: str, author: Author, *, now: datetime) -> None:
    """Have the agent's desk say what was done (`agents.word.<what>`), by whom and why."""
    said = {**author.said, "what": what}
    presence.note(session, agent_id, TOLD, by=author.by, now=now, said=said)


def last_word(session: Session, agent_id: int, *, now: datetime) -> Word | None:
    """What a supervisor did to this agent; None when the agent has done something themselves since,
    or it is long ago.
    """
    mine = f"agent:{agent_id}"
    for at, by, kind, data in session.execute(_LAST, {"who": agent_id}):
        if by == mine or at < now - SHOWN_FOR:
            return None
        if "who" in data:
            to = data["to"]
            return Word(
                at,
                data["who"],
                data["why"],
                data.get("what", kind),
                to["status"],
                to["reason"],
                tuple(data.get("gave", ())),
                tuple(data.get("took", ())),
            )
    return None


def _who_last(session: Session, agent_id: int) -> str:
    """Who changed an agent last, by name: a supervisor, or the agent."""
    for _, by, _, data in session.execute(_LAST, {"who": agent_id}):
        if by == f"agent:{agent_id}":
            break
        if "who" in data:
            return str(data["who"])
    return service.agent(session, agent_id).name


def _audit(
    session: Session, kind: str, agent_id: int, author: Author, now: datetime, **data: Any
) -> None:
    by, reason = author.identity, author.reason
    audit.record(session, kind, f"agent:{agent_id}", by=by, at=now, reason=reason, **data)


_LAST = (
    sa.select(PresenceEvent.at, PresenceEvent.by, PresenceEvent.kind, PresenceEvent.data)
    .where(PresenceEvent.agent_id == sa.bindparam("who"))
    .order_by(PresenceEvent.n.desc())
    .limit(_RECENT)
)
