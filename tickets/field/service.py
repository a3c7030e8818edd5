"""What crews' telephones say becomes what was done, once, however often it is said."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.db import insert_ignore
from hotline.errors import HotlineError
from tickets import facts
from tickets.config import Tickets
from tickets.errors import NoSuchTicket
from tickets.facts import Actor, TicketFacts
from tickets.field.errors import JobOver, NoSuchJob, PhotoMissing, WhyNeeded
from tickets.field.models import FieldAct
from tickets.field.rules import Act, Said
from tickets.files import service as files
from tickets.files.service import Received
from tickets.models import EventKind, Ticket
from tickets.places.rules import Pin
from tickets.units import reading
from tickets.units import rules as units_rules
from tickets.units import service as units
from tickets.units.errors import NoSuchDispatch, NotYourUnit
from tickets.units.facts import DispatchFacts
from tickets.units.rules import State
from tickets.writing import locked, tell

#: What of a job is still its crew's to tell of.
_THEIRS: Final = units_rules.OPEN | {State.DONE}
#: What each step is to a unit.
_STEPS: Final = {
    Act.ACKNOWLEDGE: units_rules.Act.ACKNOWLEDGE,
    Act.ON_WAY: units_rules.Act.ON_WAY,
    Act.HERE: units_rules.Act.HERE,
    Act.DONE: units_rules.Act.DONE,
    Act.DECLINE: units_rules.Act.DECLINE,
    Act.HELP: units_rules.Act.NEED_HELP,
    Act.HELP_OVER: units_rules.Act.HELP_OVER,
}
#: Those that do not stand with nothing said.
_WORDS: Final = frozenset({Act.NOTE, Act.DECLINE})


@dataclass(frozen=True)
class Answer:
    """What a telephone is told of one act; `refused`: a code, or None where it was done. `words` is
    the key of a text with its `values`; `again`: it was answered before.
    """

    key: str
    refused: str | None = None
    words: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    again: bool = False


@dataclass(frozen=True)
class _Doing:
    """One act on its way, and all that it needs."""

    session: Session
    config: Tickets
    said: Said
    actor: Actor
    now: datetime


def answered(session: Session, username: str, key: str) -> Answer | None:
    """Return what was answered to an act before, or None."""
    row = session.get(FieldAct, (username, key), populate_existing=True)
    if row is None:
        return None
    return Answer(key, row.refused, row.words, row.data, row.status, again=True)


def do(
    session: Session,
    config: Tickets,
    said: Said,
    *,
    photo: Received | None = None,
    actor: Actor,
    now: datetime,
) -> Answer:
    """Do what was said, unless it was answered before.

    What came too late is kept in the story of its ticket, and refused. Raises what the verbs of
    units and files raise, `NoSuchJob`, `JobOver`, `PhotoMissing`, `WhyNeeded`: nothing is written
    then (`refuse` writes that down).
    """
    if not _note(session, said, actor, Answer(said.key), now):
        return answered(session, actor.username, said.key) or Answer(said.key)
    doing = _Doing(session, config, said, actor, now)
    if said.act in _WORDS and not said.text:
        raise WhyNeeded
    if said.act in _STEPS:
        return _step(doing)
    if said.act is Act.POSITION and not said.job:
        _standing(doing)
    elif said.act is Act.POSITION:
        _position(doing, job_of(session, said.job, actor, said.at))
    elif said.act is Act.NOTE:
        tell(session, _theirs(doing).id, EventKind.NOTE, actor.username, now, {"text": said.text})
    else:
        _photo(doing, photo)
    return Answer(said.key)


def refuse(
    session: Session, said: Said, error: HotlineError, *, actor: Actor, now: datetime
) -> Answer:
    """Write down that an act was refused: said again, it is refused again."""
    answer = refusal(said.key, error)
    if _note(session, said, actor, answer, now):
        return answer
    return answered(session, actor.username, said.key) or answer


def refusal(key: str, error: HotlineError) -> Answer:
    """Return what a telephone is told of an error."""
    values = {name: str(value) for name, value in error.values.items()}
    return Answer(key, error.code, error.text_key, values, error.status)


def _note(session: Session, said: Said, actor: Actor, answer: Answer, now: datetime) -> bool:
    values = {
        "username": actor.username,
        "key": said.key,
        "act": said.act.value,
        "job": said.job,
        "at": now,
        "refused": answer.refused,
        "words": answer.words,
        "data": dict(answer.values),
        "status": answer.status,
    }
    return insert_ignore(session, FieldAct, values) is not None


# ------------------------------------------------------------------ each kind


def _step(doing: _Doing) -> Answer:
    session, said = doing.session, doing.said
    job_of(session, said.job, doing.actor, said.at)
    job = units.say(
        session,
        doing.config,
        said.job,
        _STEPS[said.act],
        by=doing.actor,
        now=doing.now,
        at=said.at,
        note=said.text,
        key=said.key,
    )
    if said.place is not None:
        _position(doing, job)
    if _came_late(said.act, job):
        return _kept_and_refused(doing, JobOver())
    return Answer(said.key)


def _came_late(act: Act, job: DispatchFacts) -> bool:
    """The job had ended otherwise. A step that led to how it ended was true when it was said."""
    if job.state in units_rules.OPEN or job.state is State.DONE:
        return False
    return act is not Act.HELP_OVER and not (act is Act.DECLINE and job.state is State.DECLINED)


def _kept_and_refused(doing: _Doing, error: HotlineError) -> Answer:
    """Refuse what stands in the story all the same."""
    mine = (FieldAct.username == doing.actor.username, FieldAct.key == doing.said.key)
    answer = refusal(doing.said.key, error)
    values = {"refused": answer.refused, "words": answer.words, "status": answer.status}
    doing.session.execute(
        sa.update(FieldAct)
        .where(*mine)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return answer


def _position(doing: _Doing, job: DispatchFacts) -> None:
    """Keep where the crew is; of a job that is over that is nobody's business any more."""
    if job.state in _THEIRS:
        _keep_place(doing, job.unit)


def _standing(doing: _Doing) -> None:
    """Keep where a crew is that is on no way; of who has left that unit by now it is not kept."""
    unit = reading.unit_of(doing.session, doing.actor.username)
    if unit is not None:
        with suppress(NotYourUnit):
            _keep_place(doing, unit.code)


def _keep_place(doing: _Doing, unit: str) -> None:
    place = doing.said.place
    if place is None:
        return
    units.report_position(
        doing.session,
        unit,
        Pin(place.latitude, place.longitude),
        accuracy_m=place.accuracy_m,
        by=doing.actor,
        at=doing.said.at,
        now=doing.now,
    )


def _theirs(doing: _Doing) -> TicketFacts:
    """The ticket of a job that is the crew's to tell of. Raises `NoSuchJob`, `JobOver`."""
    job = job_of(doing.session, doing.said.job, doing.actor, doing.said.at)
    if job.state not in _THEIRS:
        raise JobOver
    return locked(doing.session, ticket_of(doing.session, job))


def _photo(doing: _Doing, photo: Received | None) -> None:
    ticket = _theirs(doing)
    if photo is None:
        raise PhotoMissing
    by, now = doing.actor.username, doing.now
    files.add_from_crew(doing.session, doing.config.files, ticket, photo, by=by, now=now)


def with_place(photo: Received, said: Said) -> Received:
    """Return a photo with where and when it was taken: as its camera says, else as the telephone
    does.
    """
    position = photo.position or (said.place.position if said.place else None)
    return replace(photo, position=position, taken_at=photo.taken_at or said.at)


# ------------------------------------------------------------------ whose it is


def job_of(session: Session, job_id: int, actor: Actor, at: datetime) -> DispatchFacts:
    """Return a job of a unit that somebody is on, or was on at that moment; raises `NoSuchJob` for
    every other one: nobody learns what others have to do.
    """
    try:
        job = reading.job(session, job_id)
    except NoSuchDispatch as error:
        raise NoSuchJob from error
    if not units.may_step(session, actor, job_id, units_rules.Act.ACKNOWLEDGE, at):
        raise NoSuchJob
    return job


def ticket_of(session: Session, job: DispatchFacts) -> TicketFacts:
    """Return the ticket of a job, also a private one: who was sent there sees what for."""
    row = session.get(Ticket, job.ticket_id, populate_existing=True)
    if row is None:
        raise NoSuchTicket(number=job.number_shown)
    return facts.of_ticket(row)


def forget(session: Session, config: Tickets, now: datetime) -> int:
    """Forget the keys that no telephone sends again; return how many there were."""
    before = now - timedelta(days=config.field.keep_keys_days)
    gone = session.scalars(
        sa.delete(FieldAct)
        .where(FieldAct.at < before)
        .returning(FieldAct.key)
        .execution_options(synchronize_session=False)
    ).all()
    return len(gone)
