"""What a caller is given beside words: an answer of the city that was used, and an SMS with one.

An SMS is ordered in the transaction of the click, sent from the outbox, and told in the call's own
story. No event holds the number or the words: those are the call's and the answer's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock, outbox
from hotline.db import not_by_index
from hotline.floor import Floor
from hotline.outbox import Hopeless
from hotline.telephones import can_receive as can_receive  # noqa: PLC0414 - asked for here too
from hotline.telephony import CarrierError, Refused
from ivr import callers, calls, story
from ivr.callbacks import rows as callback_rows
from ivr.errors import CannotText, NothingToFinish, NotYours
from ivr.events import Kind
from ivr.models import CallEvent, Offer
from ivr.story import AtHand
from tickets.answers import service as answers

#: The outbox's name of sending one.
SEND = "ivr.send_message"
#: The carriers' limit of one message, in letters.
LONGEST = 1600
#: How an answer is used.
HOW = (TOLD, NOTE, SMS) = ("told", "note", "sms")
#: Seconds (the wall's) after which one that could not be sent is given up: the caller waits for it.
GIVE_UP = 25.0


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """An SMS of a call: its key, and how far it is (`queued`, `sent`, `failed`), since when."""

    key: str
    answer_id: int
    result: str
    at: datetime


def may_text(floor: Floor, found: AtHand) -> bool:
    """Whether the caller at hand can be sent an SMS."""
    return floor.city.sms_sender is not None and can_receive(callers.known_number(found))


# ---------------------------------------------------------------- the verbs


def use(
    session: Session, call_id: int, agent_id: int, answer_id: int, how: str, *, now: datetime
) -> None:
    """Note that an answer was used in my call. Raises `NotYours`, `NothingToFinish`,
    `NoSuchAnswer`.
    """
    _mine(session, call_id, agent_id)
    _used(session, call_id, agent_id, answer_id, how, now)


def send(
    floor: Floor,
    session: Session,
    call_id: int,
    agent_id: int,
    answer_id: int,
    *,
    language: str,
    key: str,
    now: datetime,
) -> None:
    """Have an answer sent to my caller by SMS, in this language; once for each `key`.

    Raises as `use` does, and `CannotText`.
    """
    found = _mine(session, call_id, agent_id)
    answer = answers.find(session, answer_id)
    if not may_text(floor, found) or len(answer.text_for(language)) > LONGEST:
        raise CannotText
    payload = {
        "offer": found.offer.id,
        "call": call_id,
        "agent": agent_id,
        "answer": answer_id,
        "language": language,
        "message": key,
        "ordered_at": now.isoformat(),
    }
    if not outbox.post(session, SEND, payload, now=now, key=f"{SEND}:{call_id}:{key}"):
        return
    said = {"message": key, "answer": answer_id, "language": language, "agent": agent_id}
    calls.tell(session, call_id, Kind.SMS, said | {"result": "queued"}, now=now)
    _used(session, call_id, agent_id, answer_id, SMS, now)


def _mine(session: Session, call_id: int, agent_id: int) -> AtHand:
    found = story.at_hand(session, agent_id)
    if found is None or found.call.id != call_id:
        raise NotYours
    if found.phase == "offered":
        raise NothingToFinish
    return found


def _used(
    session: Session, call_id: int, agent_id: int, answer_id: int, how: str, now: datetime
) -> None:
    version = answers.find(session, answer_id).version
    answers.note_use(session, answer_id, call_id, now=now)
    said = {"answer": answer_id, "version": version, "how": how, "agent": agent_id}
    calls.tell(session, call_id, Kind.ANSWER, said, now=now)


def of_call(session: Session, call_id: int) -> list[MessageFacts]:
    """The SMS of a call, in the order in which they were ordered, each as far as it is."""
    rows = session.execute(
        sa.select(CallEvent.data, CallEvent.at)
        .where(CallEvent.call_id == call_id, not_by_index(CallEvent.kind == Kind.SMS.value))
        .order_by(CallEvent.id)
    )
    return [*{row.data["message"]: _message(row.data, row.at) for row in rows}.values()]


def _message(data: dict[str, Any], at: datetime) -> MessageFacts:
    return MessageFacts(data["message"], data["answer"], data["result"], at)


# ---------------------------------------------------------------- the outbox's part


def deliver(floor: Floor, payload: dict[str, Any]) -> None:
    """Send an SMS that was ordered, and tell how that went."""
    now, sender = clock.now(), floor.city.sms_sender
    with floor.db.read() as session:
        number = _number(session, int(payload["offer"]))
        body = answers.find(session, int(payload["answer"])).text_for(payload["language"])
    if sender is None or not can_receive(number):
        _tell(floor, payload, "failed")
        raise Hopeless("the number has been erased, or the city sends no SMS any more")
    try:
        floor.carrier.send_message(number, from_=sender, body=body)
    except CarrierError as error:
        patience = timedelta(seconds=GIVE_UP * clock.speed())
        ordered_at = datetime.fromisoformat(payload["ordered_at"])
        if not isinstance(error, Refused) and now - ordered_at < patience:
            raise
        _tell(floor, payload, "failed")
        raise Hopeless(str(error)) from error
    _tell(floor, payload, "sent")


def _number(session: Session, offer_id: int) -> str:
    """Whose conversation it is."""
    offer = session.get_one(Offer, offer_id)
    promise = callback_rows.of_stay(session, offer.waiting_id)
    return calls.facts(session, offer.call_id).from_number if promise is None else promise.number


def _tell(floor: Floor, payload: dict[str, Any], result: str) -> None:
    said = {name: payload[name] for name in ("message", "answer", "language")}
    with floor.db.write() as session:
        # the agent too, or the desk is not told of it; an older version ordered it without
        agent = payload.get("agent") or session.get_one(Offer, int(payload["offer"])).agent_id
        said |= {"agent": agent, "result": result}
        calls.tell(session, int(payload["call"]), Kind.SMS, said, now=clock.now())
