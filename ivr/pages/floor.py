"""The supervisor's page: who talks with whom, who waits, who does what, as it is this second; and
what can be done about it from there (docs/supervise.md).

The page is put together here, and each part asked for again by its own address; that of the agents
is `agents.floor`, whose way of answering an act is ours, too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from agents import floor as people
from agents import service as agents
from agents import supervise
from agents.config import Agents
from agents.routing import skill
from agents.service import AgentFacts, BoardRow
from hotline import audit, clock
from hotline.auth import Role, access, current_account
from hotline.errors import Invalid
from hotline.web import floor, fragment, t
from ivr import calls, story
from ivr.calls import CallFacts
from ivr.config import Ivr
from ivr.errors import Lost, NotListening
from ivr.events import OfferState, Waits
from ivr.pages.base import (
    NotAnAgent,
    agent_names,
    blueprint,
    caller_shown,
    queue_title,
    spoken_title,
)
from ivr.room import offers, reorder, waiting
from ivr.room.offers import OfferFacts
from ivr.room.waiting import Stay
from ivr.talk import monitors, parties, supervising
from ivr.talk.monitors import Mode, MonitorFacts
from ivr.talk.parties import PartyFacts
from tickets.persons import service as persons

#: Callers who wait that are shown; how far back the list of what was done goes, and how long it is.
SHOWN, NIGHT, LINES = 100, timedelta(hours=12), 40
#: How a telephone did not come that was rung for a supervisor, and for how long that is said.
_NOT_REACHED = ("no-answer", "failed", "busy", "canceled", monitors.LOST)
_SAID_FOR = timedelta(minutes=2)


# ---------------------------------------------------------------- what is shown


@dataclass(frozen=True)
class TalkRow:
    """A conversation, or an agent's telephone that rings for one."""

    offer: OfferFacts
    call: CallFacts
    agent: str
    number: str
    #: The caller's name, or empty.
    name: str
    party: PartyFacts | None
    monitors: list[tuple[MonitorFacts, str]]
    #: My part in it.
    mine: MonitorFacts | None

    @property
    def talks(self) -> bool:
        return self.offer.state is OfferState.CONNECTED

    @property
    def since(self) -> datetime:
        return self.offer.connected_at or self.offer.made_at


@dataclass(frozen=True)
class WaitRow:
    """A caller who waits. `position`: in the line, from 1; None: is being offered or connected."""

    stay: Stay
    number: str
    name: str
    position: int | None
    priority: int
    seen: str
    offered_to: str | None


def _talks(session: Session) -> dict[str, Any]:
    me = agents.agent_of_account(session, current_account().id)
    mine = None if me is None else monitors.live_of_agent(session, me.id)
    held = [each for each in offers.held(session) if each.state is not OfferState.ENDED]
    found = story.calls_by_id(session, [each.call_id for each in held])
    names, there = agent_names(session), _by_offer(session)
    rows = [
        TalkRow(
            offer,
            found[offer.call_id],
            names.get(offer.agent_id, ""),
            caller_shown(found[offer.call_id].from_number),
            _name(session, found[offer.call_id]),
            parties.present(session, offer.id),
            [(each, names.get(each.agent_id, "")) for each in there.get(offer.id, ())],
            mine if mine is not None and mine.offer_id == offer.id else None,
        )
        for offer in held
        if offer.consults is None
    ]
    rows.sort(key=lambda row: (not row.talks, row.since))
    return {
        "talks": rows,
        "mine": mine,
        "telephone": me,
        "not_reached": me is not None and mine is None and _not_reached(session, me),
        "modes": list(Mode),
        "queue_title": queue_title,
        "spoken_title": spoken_title,
    }


def _by_offer(session: Session) -> Mapping[int, list[MonitorFacts]]:
    found: dict[int, list[MonitorFacts]] = {}
    for each in monitors.live(session):
        found.setdefault(each.offer_id, []).append(each)
    return found


def _not_reached(session: Session, me: AgentFacts) -> bool:
    """Whether my telephone was just rung in vain."""
    last = monitors.last_of_agent(session, me.id)
    return (
        last is not None
        and last.answered_at is None
        and last.result in _NOT_REACHED
        and last.ended_at is not None
        and last.ended_at > clock.now() - _SAID_FOR
    )


def _waits(session: Session) -> dict[str, Any]:
    policy, now_at = floor().section(Agents).policy, dict[tuple[str, str], int]()
    stays = reorder.on_the_line(session, SHOWN)
    found = story.calls_by_id(session, [stay.call_id for stay in stays])
    names, rows = agent_names(session), []
    for stay in stays:
        position = None
        if stay.state is Waits.WAITING:
            position = now_at[stay.skill] = now_at.get(stay.skill, 0) + 1
        call, offer = found[stay.call_id], offers.live_of(session, stay.call_id)
        rows.append(
            WaitRow(
                stay,
                caller_shown(call.from_number),
                _name(session, call),
                position,
                reorder.priority_of(stay, policy),
                reorder.place_of(stay),
                None if offer is None else names.get(offer.agent_id),
            )
        )
    free = [row for row in agents.board(session) if row.presence.presence.available]
    return {
        "waits": rows,
        "speaking": _speaking,
        "callbacks": sum(line.callbacks for line in waiting.lines(session)),
        "queues": list(floor().section(Ivr).queues),
        "free": free,
        "me": agents.agent_of_account(session, current_account().id),
        "highest": reorder.HIGHEST,
        "queue_title": queue_title,
        "spoken_title": spoken_title,
    }


def _speaking(free: Sequence[BoardRow], language: str) -> list[tuple[bool, list[AgentFacts]]]:
    """Who is free, in two parts: those who answer somebody in `language`, whatever the queue, and
    the others; each by name.
    """
    of = {
        knows: [row.agent for row in free if _speaks(row, language) is knows]
        for knows in (True, False)
    }
    return [(knows, found) for knows, found in of.items() if found]


def _speaks(row: BoardRow, language: str) -> bool:
    return any(each.endswith(skill("", language)) for each in row.skills)


def _name(session: Session, call: CallFacts) -> str:
    known = persons.of_number(session, calls.known_number(call.from_number) or "")
    return known[0].name if known else ""


def _done(session: Session) -> dict[str, Any]:
    since, names = clock.now() - NIGHT, agent_names(session)
    # a supervisor has a telephone, and so the name of an agent
    who = {row.agent.account_id: row.agent.name for row in agents.board(session)}
    lines = [
        (line, who.get(line.account_id or 0, line.by), *_deed(line, names))
        for line in audit.lines(session, limit=5 * LINES)
        if line.kind in _DEEDS and line.at > since
    ]
    return {"done": lines[:LINES]}


def _deed(line: audit.Line, names: Mapping[int, str]) -> tuple[str, int | None]:
    """What was done, to which agent; and the call, where it was done to one."""
    what, _, number = line.subject.partition(":")
    words = _DEEDS[line.kind](line.data)
    if what == "agent":
        return f"{words} · {names.get(int(number), number)}", None
    agent = names.get(line.data.get("agent", 0))
    return (f"{words} · {agent}" if agent else words), int(number)


def _skills(data: Mapping[str, Any]) -> str:
    gave, took = (skills_in_words(data[name], data) or "–" for name in ("gave", "took"))
    return t("agents.audit.skills_changed.what", gave=gave, took=took)


def skills_in_words(skills: Iterable[str], _data: Mapping[str, Any]) -> str:
    """`complaint/th` and others by their titles, a queue at a time."""
    titles, spoken = skill_titles(), dict[str, list[str]]()
    for each in sorted(skills):
        queue, language = titles.get(each, (each, ""))
        spoken.setdefault(queue, []).append(language)
    return ", ".join(
        f"{queue} ({', '.join(each)})" if any(each) else queue for queue, each in spoken.items()
    )


def _reordered(data: Mapping[str, Any]) -> str:
    """What was done to who waits, and where they were led."""
    words = t(f"ivr.audit.reordered.{data['how']}")
    if data["how"] == "queue":
        return f"{words}: {queue_title(data['queue'])}"
    return f"{words}: {data['priority']}" if data["how"] == "priority" else words


def _queue(queue: str, _data: Mapping[str, Any]) -> str:
    return queue_title(queue)


#: How this room says what stands in its lines of the audit log (`hotline.people.telling`).
AUDITED = {
    "queue": _queue,
    "ivr.reordered.was": _queue,
    **dict.fromkeys(("gave", "took", "skills"), skills_in_words),
}


#: The lines of the audit log that are shown here, in words.
_DEEDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "agents.state_changed": lambda data: t(f"agents.audit.state_changed.{data['move']}"),
    "agents.skills_changed": _skills,
    "ivr.reordered": _reordered,
    "ivr.monitored": lambda data: t(f"ivr.audit.monitored.{data['mode']}"),
    "ivr.taken_over": lambda _: t("ivr.audit.taken_over"),
}


def skill_titles() -> Mapping[str, tuple[str, str]]:
    """What every skill is called, for the agents' part of the page: queue, language."""
    return {
        f"{queue}/{spoken}": (queue_title(queue), spoken_title(spoken))
        for queue, spoken in floor().section(Ivr).skills()
    }


@blueprint.get("/floor")
@access(Role.SUPERVISOR)
def floor_page() -> str:
    """The whole page."""
    with floor().db.read() as session:
        parts = [_talks(session), _waits(session), people.people(session), _done(session)]
    values: dict[str, Any] = {}
    for part in parts:
        values |= part
    return render_template("ivr/floor.html", said=people.words_said(), **values)


@blueprint.get("/floor/calls")
@access(Role.SUPERVISOR)
def floor_calls() -> Response:
    """Who talks with whom, as a fragment."""
    with floor().db.read() as session:
        values = _talks(session)
    return fragment("ivr/_floor_calls.html", **values)


@blueprint.get("/floor/waiting")
@access(Role.SUPERVISOR)
def floor_waiting() -> Response:
    """Who waits, as a fragment."""
    with floor().db.read() as session:
        values = _waits(session)
    return fragment("ivr/_floor_waiting.html", **values)


@blueprint.get("/floor/done")
@access(Role.SUPERVISOR)
def floor_done() -> Response:
    """What supervisors have done in this night, as a fragment."""
    with floor().db.read() as session:
        values = _done(session)
    return fragment("ivr/_floor_done.html", **values)


# ---------------------------------------------------------------- who waits


@blueprint.post("/floor/waiting/<int:call_id>")
@access(Role.SUPERVISOR)
@people.acts
def reorder_waiting(call_id: int) -> str:
    """`how`: `front`, `priority` (with `priority`), `queue` (with `queue`), `agent` (with `agent`,
    an id); `reason`; `seen`: the place that was shown.
    """
    form = request.form
    author = supervise.author(current_account(), form.get("reason", ""))
    move = _MOVES.get(form.get("how", ""))
    if move is None:
        raise Invalid(f"how: {form.get('how')!r}", text="ivr.floor.no_such_move")
    wish = reorder.Wish(call_id, author, form.get("seen"))
    try:
        with floor().db.write() as session:
            return move(session, wish, clock.now())
    except Lost as lost:
        with floor().db.read() as session:
            raise reorder.why_not(session, call_id) from lost


def _to_front(session: Session, wish: reorder.Wish, now: datetime) -> str:
    reorder.to_front(floor(), session, wish, now=now)
    return t("ivr.floor.is_first")


def _set_priority(session: Session, wish: reorder.Wish, now: datetime) -> str:
    priority = request.form.get("priority", default=-1, type=int)
    reorder.set_priority(floor(), session, wish, priority, now=now)
    return t("ivr.floor.has_priority", priority=priority)


def _to_queue(session: Session, wish: reorder.Wish, now: datetime) -> str:
    queue = request.form.get("queue", "")
    reorder.to_queue(floor(), session, wish, queue, now=now)
    return t("ivr.floor.waits_in", queue=queue_title(queue))


def _to_agent(session: Session, wish: reorder.Wish, now: datetime) -> str:
    agent_id = request.form.get("agent", default=0, type=int)
    stay = reorder.to_agent(floor(), session, wish, agent_id, now=now)
    words = t("ivr.floor.rings_at", name=agents.agent(session, agent_id).name)
    spoken = skill("", stay.language)
    if any(each.endswith(spoken) for each in agents.skills_of(session, agent_id)):
        return words
    return f"{words} · {t('ivr.floor.speaks_not', spoken=spoken_title(stay.language))}"


Act = Callable[[Session, reorder.Wish, datetime], str]
_MOVES: Mapping[str, Act] = {
    reorder.FRONT: _to_front,
    reorder.PRIORITY: _set_priority,
    reorder.QUEUE: _to_queue,
    reorder.AGENT: _to_agent,
}


# ---------------------------------------------------------------- who talks


@blueprint.post("/floor/calls/<int:call_id>/listen")
@access(Role.SUPERVISOR)
@people.acts
def listen(call_id: int) -> str:
    """`mode`: `listening`, `whispering`, `barging`. My telephone rings into the conversation; where
    it is in it already, I am heard by others from now on.
    """
    mode, by, now = _mode(), current_account(), clock.now()
    with floor().db.write() as session:
        me = _my_telephone(session)
        there = monitors.live_of_agent(session, me.id)
        if there is not None and offers.facts(session, there.offer_id).call_id == call_id:
            supervising.set_mode(session, there.id, me, mode, by=by, now=now)
            return t(f"ivr.floor.now.{mode.value}")
        supervising.listen(session, call_id, me, mode, by=by, now=now)
    return t("ivr.floor.your_telephone_rings")


@blueprint.post("/floor/calls/<int:call_id>/leave")
@access(Role.SUPERVISOR)
@people.acts
def leave(call_id: int) -> str:
    """I leave the conversation."""
    with floor().db.write() as session:
        me = _my_telephone(session)
        there = monitors.live_of_agent(session, me.id)
        if there is None or offers.facts(session, there.offer_id).call_id != call_id:
            raise NotListening
        supervising.leave(session, there.id, me, by=current_account(), now=clock.now())
    return t("ivr.floor.you_left")


@blueprint.post("/floor/calls/<int:call_id>/take-over")
@access(Role.SUPERVISOR)
@people.acts
def take_over(call_id: int) -> str:
    """The conversation that I am in is mine; `reason`."""
    author = supervise.author(current_account(), request.form.get("reason", ""))
    with floor().db.write() as session:
        me = _my_telephone(session)
        supervising.take_over(floor(), session, call_id, me, author, now=clock.now())
    return t("ivr.floor.is_yours")


def _mode() -> Mode:
    wanted = request.form.get("mode", "")
    if wanted not in list(Mode):
        raise Invalid(f"mode: {wanted!r}", text="ivr.floor.no_such_move")
    return Mode(wanted)


def _my_telephone(session: Session) -> AgentFacts:
    me = agents.agent_of_account(session, current_account().id)
    if me is None:
        raise NotAnAgent(current_account().username, text="ivr.floor.no_telephone")
    return me
