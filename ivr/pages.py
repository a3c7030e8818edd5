"""The agents' verbs, as JSON and as the desk's fragment; a call's story; the list of calls.

The same verbs serve the desk's forms and scripted agents (docs/api.md). Who acts is always the
agent of the account that is signed in: nobody can name another.
"""

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from flask import jsonify, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from agents import service as agents
from hotline import clock, i18n
from hotline.auth import Role, access, current_account
from hotline.errors import Forbidden, Invalid, NotFound
from hotline.floor import Floor
from hotline.web import floor, json_body, language, static_blueprint, t, wants_json
from ivr import closing, drafts, offers, story, waiting
from ivr.config import Ivr
from ivr.errors import NoSuchCall
from ivr.events import Kind
from ivr.story import AtHand, Visit
from ivr.waiting import Line
from tickets import service as tickets
from tickets.config import Asked

blueprint = static_blueprint("ivr", __file__)

ANSWERS = (Role.AGENT, Role.SUPERVISOR)
WATCHES = (Role.AGENT, Role.SUPERVISOR, Role.MANAGER)
READS = (Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)
#: Calls on one page of the list.
PAGE = 100
#: Days that one list may span.
LONGEST_SPAN = 366
OUTCOMES = ("not_queued", "transferred", "queued", "answered", "abandoned", "left")


class NotAnAgent(NotFound):
    """The account that is signed in answers no calls."""

    code, text = "not-an-agent", "agents.not_an_agent"


# ---------------------------------------------------------------- the agent's verbs


@blueprint.get("/api/calls/current")
@access(*ANSWERS)
def current() -> Response:
    """What I have at hand: an offer, a call, or a conversation to write up. See docs/api.md."""
    with floor().db.read() as session:
        return jsonify(_at_hand_json(story.at_hand(session, _me(session).id)))


@blueprint.post("/api/offers/<int:offer_id>/accept")
@access(*ANSWERS)
def accept(offer_id: int) -> Response:
    """Take the call that is offered to me: my telephone rings, and then the caller is there."""
    with floor().db.write() as session:
        offers.accept(floor(), session, offer_id, _me(session).id, now=clock.now())
    return current()


@blueprint.post("/api/offers/<int:offer_id>/decline")
@access(*ANSWERS)
def decline(offer_id: int) -> Response:
    """Do not take it: the next agent is rung, and I am on a break."""
    with floor().db.write() as session:
        offers.decline(floor(), session, offer_id, _me(session).id, now=clock.now())
    return current()


@blueprint.post("/api/calls/<int:call_id>/hang-up")
@access(*ANSWERS)
def hang_up(call_id: int) -> Response:
    """End my conversation."""
    with floor().db.write() as session:
        offers.hang_up(floor(), session, call_id, _me(session).id, now=clock.now())
    return current()


@blueprint.post("/api/calls/<int:call_id>/finish")
@access(*ANSWERS)
def finish(call_id: int) -> Response:
    """Write the outcome of my conversation; the answer has the ticket's number."""
    said = _outcome(json_body())
    with floor().db.write() as session:
        ticket = closing.finish(
            floor(),
            session,
            call_id,
            _me(session).id,
            said,
            by=current_account().username,
            now=clock.now(),
        )
    return jsonify(ticket=ticket.number, ticket_shown=ticket.number_shown)


@blueprint.post("/api/calls/<int:call_id>/draft")
@access(*ANSWERS)
def save_draft(call_id: int) -> Response:
    """Keep what I have typed so far about a call of mine; the answer says when. See docs/api.md."""
    body = json_body()
    said = drafts.DraftFacts(
        outcome=str(body.get("outcome") or ""),
        note=str(body.get("note") or ""),
        category=str(body.get("category") or ""),
        ticket_number=str(body.get("ticket") or ""),
        saved_at=clock.now(),
    )
    with floor().db.write() as session:
        drafts.save(session, call_id, _me(session).id, said)
    return jsonify(saved_at=said.saved_at.isoformat())


@blueprint.get("/api/offers")
@access(Role.SUPERVISOR)
def held() -> Response:
    """What every agent has at hand, in one answer: for a supervisor's program."""
    with floor().db.read() as session:
        found = story.all_at_hand(session)
    return jsonify(
        offers=[
            {
                "id": offer.id,
                "call_id": offer.call_id,
                "agent_id": offer.agent_id,
                "queue": offer.queue,
                "language": offer.language,
                "state": story.phase(offer),
                "made_at": offer.made_at.isoformat(),
                "expires_at": offer.expires_at.isoformat(),
                "connected_at": _iso(offer.connected_at),
                "ended_at": _iso(offer.ended_at),
            }
            for offer in found
        ]
    )


def _outcome(body: dict[str, Any]) -> closing.Outcome:
    outcome = str(body.get("outcome") or "")
    if not outcome:
        raise Invalid("outcome: is missing", text="ivr.outcome_missing")
    return closing.Outcome(
        outcome,
        note=str(body.get("note") or ""),
        category=str(body["category"]) if body.get("category") else None,
        ticket_number=str(body["ticket"]) if body.get("ticket") else None,
    )


def _at_hand_json(found: AtHand | None) -> dict[str, Any]:
    if found is None:
        return {"offer": None, "call": None}
    offer, now = found.offer, clock.now()
    waited = (offer.connected_at or now) - found.entered_at
    facts = {
        "queue": offer.queue,
        "language": offer.language,
        "caller": _caller(found),
        "waited_seconds": round(waited.total_seconds(), 3),
        "path": [{"key": key, "at": at} for key, at in found.pressed],
        "state": found.phase,
        "made_at": offer.made_at.isoformat(),
    }
    if found.phase == "offered":
        ringing = {"id": offer.id, "call_id": offer.call_id, **facts}
        return {"offer": ringing | {"expires_at": offer.expires_at.isoformat()}, "call": None}
    call = {
        "id": offer.call_id,
        "offer_id": offer.id,
        **facts,
        "since": _since(found).isoformat(),
        "wrap_up_until": _iso(offer.wrap_up_until),
    }
    return {"offer": None, "call": call}


def _caller(found: AtHand) -> str:
    """The number: personal data that only who has taken the call needs."""
    number = found.call.from_number
    return i18n.masked(number) if found.phase == "offered" else number


def _since(found: AtHand) -> datetime:
    offer = found.offer
    return offer.ended_at or offer.connected_at or offer.made_at


def _me(session: Session) -> agents.AgentFacts:
    me = agents.agent_of_account(session, current_account().id)
    if me is None:
        raise NotAnAgent(current_account().username)
    return me


# ---------------------------------------------------------------- the desk's fragments


@blueprint.get("/calls/current")
@access(*ANSWERS)
def current_fragment() -> Response:
    """The same facts for the desk, with forms for the same verbs."""
    if wants_json():
        return current()
    here = floor()
    with here.db.read() as session:
        me = _me(session)
        found = story.at_hand(session, me.id)
        finished = story.last_finished(session, me.id) if found is None else None
        draft = drafts.of_call(session, found.call.id, me.id) if found else None
    return _fragment(
        "ivr/current.html",
        found=found,
        caller=_caller(found) if found else "",
        since=_since(found) if found else None,
        finished=finished,
        draft=draft,
        saved_at=f"{clock.local(draft.saved_at, here.city.zone):%H:%M:%S}" if draft else "",
        queue_title=_queue_title,
        spoken_title=_spoken_title,
        outcomes=tickets.outcomes(here),
        categories=tickets.categories(here),
        asked=Asked,
    )


@blueprint.get("/waiting/board")
@access(*WATCHES)
def board() -> Response:
    """Who waits: each queue with how many, in which language, and since when the first."""
    with floor().db.read() as session:
        found = list(waiting.lines(session))
    return _fragment("ivr/board.html", queues=_queues(found), spoken_title=_spoken_title)


@dataclass(frozen=True)
class _QueueNow:
    id: str
    title: str
    callers: int
    longest_since: datetime | None
    lines: list[Line]


def _queues(found: list[Line]) -> list[_QueueNow]:
    now = []
    for queue in floor().section(Ivr).queues:
        of_queue = sorted(
            (line for line in found if line.queue == queue), key=lambda line: line.longest_since
        )
        since = of_queue[0].longest_since if of_queue else None
        callers = sum(line.waiting for line in of_queue)
        now.append(_QueueNow(queue, _queue_title(queue), callers, since, of_queue))
    return now


def _queue_title(queue: str) -> str:
    known = floor().section(Ivr).queues.get(queue)
    return known.title.for_(language()) if known else queue


def _spoken_title(code: str) -> str:
    known = floor().section(Ivr).languages.get(code)
    return known.title if known else code


def _fragment(template: str, **values: Any) -> Response:
    """A piece of a page that is asked for again and again: 304 while it has not changed."""
    response = make_response(render_template(template, **values))
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


# ---------------------------------------------------------------- a call's story


@blueprint.get("/calls/<int:call_id>")
@access(*READS, Role.AGENT)
def call_page(call_id: int) -> str:
    """Everything that happened to a call. An agent may read the calls that were offered to them."""
    with floor().db.read() as session:
        _may_read(session, call_id)
        found = story.calls_by_id(session, [call_id])
        if call_id not in found:
            raise NoSuchCall(f"call {call_id}")
        events = story.events_of(session, call_id)
        visits = story.visits_of(session, call_id)
        names = _agent_names(session)
    return render_template(
        "ivr/call.html",
        call=found[call_id],
        caller=_shown_number(found[call_id].from_number),
        events=[(event, _words(event, names)) for event in events],
        visits=visits,
        queue_title=_queue_title,
        spoken_title=_spoken_title,
        names=names,
        verdict=verdict,
        ticket_shown=tickets.number_shown,
    )


def _may_read(session: Session, call_id: int) -> None:
    if call_id not in readable_calls(session, [call_id]):
        raise Forbidden(f"call {call_id}")


def readable_calls(session: Session, calls: Collection[int]) -> Set[int]:
    """Those of some calls whose page the signed-in account may open: for links on other pages."""
    role = current_account().role
    if role in READS:
        return frozenset(calls)
    me = agents.agent_of_account(session, current_account().id) if role is Role.AGENT else None
    if me is None:
        return frozenset()
    return {call for call in calls if story.had_part(session, call, me.id)}


def _shown_number(number: str) -> str:
    needs = current_account().role in (Role.AGENT, Role.SUPERVISOR)
    return number if needs else i18n.masked(number)


def _agent_names(session: Session) -> dict[int, str]:
    return {row.agent.id: row.agent.name for row in agents.board(session)}


def _words(event: story.EventFacts, names: dict[int, str]) -> str:
    """An event in plain words."""
    data = dict(event.data)
    if "agent" in data:
        data["agent"] = names.get(data["agent"], str(data["agent"]))
    if "queue" in data:
        data["queue"] = _queue_title(data["queue"])
    if "language" in data:
        # `language` is the reader's
        data["spoken"] = _spoken_title(data.pop("language"))
    if "outcome" in data:
        data["outcome"] = _outcome_title(data["outcome"])
    if "ticket" in data:
        data["ticket"] = tickets.number_shown(data["ticket"])
    for name in ("result", "by", "heard", "why"):
        key = f"ivr.word.{data.get(name)}"
        if key in floor().texts:
            data[name] = t(key)
    return t(f"ivr.event.{_told_as(event)}", **data)


def _told_as(event: story.EventFacts) -> str:
    if event.kind is Kind.STEP and not event.data.get("digits"):
        return "silence"
    if event.kind is Kind.WRAPPED_UP and event.data.get("by") == closing.LIMIT:
        return "wrapped_up_by_limit"
    return event.kind.value


def _outcome_title(id_: str) -> str:
    for outcome in tickets.outcomes(floor()):
        if outcome.id == id_:
            return outcome.title.for_(language())
    return id_  # the configuration no longer has it


# ---------------------------------------------------------------- the list of calls


@dataclass(frozen=True)
class Wanted:
    """What a list of calls is asked for; days are local and both included."""

    first: date
    last: date
    hour: int | None
    queue: str | None
    language: str | None
    outcome: str | None
    #: Seconds within which it was answered or abandoned.
    within: float | None
    after_call: int

    def fits(self, visit: Visit, here: Floor) -> bool:
        """Whether a visit belongs on the list: the same question that the statistics ask."""
        if self.queue is not None and (visit.queue or "") != self.queue:
            return False
        if self.language is not None and (visit.language or "") != self.language:
            return False
        if self.hour is not None and clock.local(visit.moment, here.city.zone).hour != self.hour:
            return False
        if self.outcome is not None and not _IS[self.outcome](visit):
            return False
        return self.within is None or _waited(visit) <= self.within


_IS = {
    "not_queued": lambda visit: visit.queue is None,
    # as reports.metrics counts it
    "transferred": lambda visit: (
        visit.transferred_at is not None
        and visit.connected_at is None
        and visit.abandoned_at is None
    ),
    "queued": lambda visit: visit.queue is not None,
    "answered": lambda visit: visit.connected_at is not None,
    "abandoned": lambda visit: visit.connected_at is None and visit.abandoned_at is not None,
    "left": lambda visit: (
        visit.connected_at is None and visit.abandoned_at is None and visit.left_at is not None
    ),
}


def verdict(visit: Visit) -> str:
    """What became of a visit, as one word (a key of the texts `ivr.verdict.…`)."""
    if visit.queue is None:
        if _IS["transferred"](visit):
            return "transferred"
        return "in_menu" if visit.ended_at is None else "not_queued"
    for name in ("answered", "abandoned", "left"):
        if _IS[name](visit):
            return name
    return "waiting"


def _waited(visit: Visit) -> float:
    ended = visit.connected_at or visit.abandoned_at or visit.left_at
    if ended is None or visit.queued_at is None:
        return float("inf")
    return (ended - visit.queued_at).total_seconds()


@blueprint.get("/calls")
@access(*READS)
def call_list() -> str:
    """The calls of a span of days; reports link here, so that a number can be looked into."""
    wanted = _wanted()
    with floor().db.read() as session:
        found = list(islice(_found(session, wanted), PAGE + 1))
        who = story.calls_by_id(session, [visit.call_id for visit in found])
        names = _agent_names(session)
    more = found[PAGE - 1].call_id if len(found) > PAGE else None
    return render_template(
        "ivr/list.html",
        # found by id, which is nearly the order of arrival
        visits=sorted(found[:PAGE], key=lambda visit: (visit.arrived_at, visit.call_id)),
        who=who,
        more=more,
        wanted=wanted,
        names=names,
        shown_number=_shown_number,
        verdict=verdict,
        ticket_shown=tickets.number_shown,
        queue_title=_queue_title,
        spoken_title=_spoken_title,
        queues=floor().section(Ivr).queues,
        languages=floor().section(Ivr).languages,
        outcomes=OUTCOMES,
    )


def _found(session: Session, wanted: Wanted) -> Iterator[Visit]:
    zone = floor().city.zone
    start = clock.day_bounds(wanted.first, zone)[0]
    end = clock.day_bounds(wanted.last, zone)[1]
    here = floor()
    for visit in story.visits(session, start, end, after_call=wanted.after_call):
        if wanted.fits(visit, here):
            yield visit


def _wanted() -> Wanted:
    given = request.args
    today = clock.local_day(clock.now(), floor().city.zone)
    first = _day(given.get("day") or given.get("from"), today)
    last = _day(given.get("day") or given.get("until"), first)
    if last < first or last - first > timedelta(days=LONGEST_SPAN):
        raise Invalid("from, until: not a span of at most a year", text="ivr.bad_span")
    outcome = given.get("outcome") or None
    if outcome is not None and outcome not in _IS:
        raise Invalid(f"outcome: {outcome!r}")
    return Wanted(
        first,
        last,
        hour=given.get("hour", type=int),
        queue=given.get("queue"),
        language=given.get("language"),
        outcome=outcome,
        within=given.get("within", type=float),
        after_call=given.get("after", 0, type=int),
    )


def _day(text: str | None, otherwise: date) -> date:
    if not text:
        return otherwise
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"not a day: {text!r}") from error


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
