"""A call's story."""

from collections.abc import Callable, Collection, Mapping, Set
from datetime import datetime
from typing import Any

from flask import render_template
from sqlalchemy.orm import Session

from agents import service as agents
from agents.config import Agents
from hotline import i18n
from hotline.auth import Role, access, current_account
from hotline.errors import Forbidden
from hotline.web import floor, language, t
from ivr import closing, reconcile, recordings, story
from ivr.calls import known_number
from ivr.errors import NoSuchCall
from ivr.events import Kind
from ivr.pages import quality
from ivr.pages.base import (
    ANSWERS,
    READS,
    acting,
    agent_names,
    blueprint,
    caller_shown,
    node_title,
    queue_title,
    spoken_title,
)
from ivr.pages.recordings import hearable
from ivr.room import waiting
from ivr.talk.monitors import Mode
from ivr.verdicts import verdict
from tickets import service as tickets
from tickets.protection import Contact


@blueprint.get("/calls/<int:call_id>")
@access(*READS, Role.AGENT)
def call_page(call_id: int) -> str:
    """Everything that happened to a call. An agent may read the calls that were offered to them."""
    return page_of(call_id)


def page_of(call_id: int, *, shown_caller: str = "") -> str:
    """The page of a call, with its caller's whole number for who has just asked for it."""
    with floor().db.read() as session:
        _may_read(session, call_id)
        found = story.calls_by_id(session, [call_id])
        if call_id not in found:
            raise NoSuchCall(f"call {call_id}")
        events = story.events_of(session, call_id)
        visits = story.visits_of(session, call_id)
        names = agent_names(session)
        heard = hearable(session, [call_id])
        ticket = _readable_ticket(session, call_id)
        looks = may_look(session, call_id)
        hearings = recordings.hearings(session, call_id)
        marks = quality.of_call(session, call_id)
    return render_template(
        "ivr/call.html",
        call=found[call_id],
        caller=caller_shown(found[call_id].from_number),
        shown_caller=shown_caller,
        may_look=looks and known_number(found[call_id].from_number) is not None,
        events=[(event, _words(event, names)) for event in events if _is_shown(event)],
        visits=visits,
        queue_title=queue_title,
        spoken_title=spoken_title,
        names=names,
        verdict=verdict,
        ticket=ticket,
        ticket_shown=tickets.number_shown,
        recordings=heard,
        hearings=hearings,
        marks=marks,
    )


def may_look(session: Session, call_id: int) -> bool:
    """Say whether the signed-in account may ask for the caller's whole number: whoever calls people
    back, unless the call is about a matter whose caller nobody is to know.
    """
    ticket = tickets.ticket_of_call(session, call_id)
    anonymous = ticket is not None and ticket.contact is Contact.NOBODY
    return current_account().role in ANSWERS and not anonymous


def _is_shown(event: story.EventFacts) -> bool:
    """An agent reads here of supervisors what their desk shows them (`agents.monitoring.shown`)."""
    if event.kind is not Kind.MONITORED or current_account().role is not Role.AGENT:
        return True
    shown = floor().section(Agents).monitoring.shown
    return shown or event.data["mode"] in (Mode.WHISPERING, Mode.BARGING)


def _readable_ticket(session: Session, call_id: int) -> tickets.TicketFacts | None:
    """The ticket that came of a call; a private one does not exist for who may not read it."""
    ticket = tickets.ticket_of_call(session, call_id)
    return ticket if ticket is not None and tickets.may_read(acting(session), ticket) else None


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


def _words(event: story.EventFacts, names: dict[int, str]) -> str:
    """An event in plain words."""
    data = dict(event.data)
    if "agent" in data:
        data["agent"] = names.get(data["agent"], str(data["agent"]))
    if "language" in data:
        # `language` is the reader's
        data["spoken"] = spoken_title(data.pop("language"))
    shown, worded = _OF_STEPS if event.kind is Kind.STEP else _OF_OTHERS
    for name, show in shown.items():
        if name in data:
            data[name] = show(data[name])
    if event.kind is Kind.CALLBACK:
        data["when"] = _when(data["at"])
    for name in worded:
        key = f"ivr.word.{data.get(name)}"
        if key in floor().texts:
            data[name] = t(key)
    return t(f"ivr.event.{_told_as(event)}", **data)


def _when(at: str | None) -> str:
    if at is None:
        return t("ivr.callback.soon")
    return i18n.moment(datetime.fromisoformat(at), language(), floor().city.zone)


def _told_as(event: story.EventFacts) -> str:
    """The key of the words for an event: its kind, or what is more than that."""
    data, more = event.data, _MORE.get(event.kind)
    if event.kind is Kind.STEP and not data.get("digits"):
        return _undialled(data)
    return event.kind.value + (more(data) if more else "")


def _if(word: str, name: str, value: object = None) -> Callable[[Mapping[str, Any]], str]:
    """`word` where an event carries `name` (as `value`, if that is given)."""

    def more(data: Mapping[str, Any]) -> str:
        found = data.get(name)
        return word if (found if value is None else found == value) else ""

    return more


_WRITTEN_BY = {closing.LIMIT: "_by_limit", closing.UNASKED: "_unasked"}
#: What the words of a kind tell apart.
_MORE: Mapping[Kind, Callable[[Mapping[str, Any]], str]] = {
    Kind.WRAPPED_UP: lambda data: _WRITTEN_BY.get(data["by"], ""),
    Kind.TRANSFERRING: _if("_to_emergency", "emergency"),
    Kind.ANSWER: lambda data: f"_{data['how']}",
    Kind.SMS: lambda data: f"_{data['result']}",
    Kind.ARRIVED: _if("_unheard", "by", reconcile.BY),
    Kind.ENDED: _if("_unheard", "by", reconcile.BY),
    Kind.TAKEN_OVER: _if("_by", "who"),
    Kind.MONITORED: lambda data: f"_{data['mode']}",
    **dict.fromkeys((Kind.RECORDING_PAUSED, Kind.RECORDING_RESUMED), _if("_hold", "why", "hold")),
    Kind.REORDERED: lambda data: f"_{data['how']}",
}


def _undialled(step: Mapping[str, Any]) -> str:
    """A step whose keys are not in the story: personal, spoken, pressed while waiting, or none."""
    heard = step.get("heard")
    if step.get("speech"):
        return "speech"
    if heard == "speech":
        return "left_message"
    if heard in ("number", "wrong"):
        return "number"
    if heard == waiting.BY_KEY:
        return "left_by_key"
    return "sent_on" if heard in (waiting.OVERFLOW, waiting.NOBODY) else "silence"


def outcome_title(id_: str) -> str:
    """What the city calls an outcome; one that has left config.yaml shows its id. Who passed a
    caller on has none to write.
    """
    if id_ == closing.PASSED_ON:
        return t("ivr.passed_on")
    for outcome in tickets.outcomes(floor()):
        if outcome.id == id_:
            return outcome.title.for_(language())
    return id_


#: How what an event carries is shown.
_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "queue": queue_title,
    "outcome": outcome_title,
    "ticket": tickets.number_shown,
    "bulletins": lambda ids: ", ".join(map(str, ids)),
}
#: That, and what has a word of ours: where a step was and leads are nodes, the city's own words.
_OF_STEPS = ({**_SHOWN, "at": node_title, "to": node_title}, ("heard",))
_OF_OTHERS = (_SHOWN, ("result", "by", "heard", "why", "to", "kind"))
