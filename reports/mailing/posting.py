"""From what is due to the mail server: planned once, set by the night's worker, sent from the
outbox at most once, tried again while the mail server is away.

```
waiting → posted → sending → sent
   ↑         │        ├→ failed, unsure, dropped
   └─────────┴────────┘  (the mail server is away; again after a pause, for days)
waiting, posted → overtaken (a newer one has come)
waiting → failed (it could not be set for days)
```
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import clock, outbox, smtp
from hotline.db import insert_ignore
from hotline.floor import Floor
from hotline.jobs import NIGHT
from hotline.models import Effect
from hotline.outbox import Hopeless
from hotline.smtp import Outcome
from reports.config import Reports
from reports.mailing import letters, links, making, rules, service, telling
from reports.mailing import models as rows
from reports.mailing.digest import Digest
from reports.mailing.letters import Addressed
from reports.mailing.models import Mail
from reports.mailing.rules import Due, Edition, Form, Kind, State
from reports.mailing.telling import WhyNot
from reports.service import How

log = logging.getLogger(__name__)

#: Effect: hand a mail to the mail server. Job: set what was handed out, and post it.
MAIL: Final = "reports.mail"
SET_JOB: Final = "reports.set_mails"
#: Of the wall: so long has who sets a report, before it is handed out again; and so often is looked
#: whether the night has counted.
HANDED_OUT: Final = timedelta(minutes=5)
#: What was set is kept so long for those who ask for it late.
SET_KEPT: Final = timedelta(days=8)
#: So many are looked at together.
BATCH: Final = 200


# ---------------------------------------------------------------- planning


def sweep(floor: Floor, now: datetime) -> None:
    """Write down what has become due, hand out what can be set, and take back what the outbox has
    given up.
    """
    if not floor.settings.smtp_url:
        return
    plan(floor, now)
    take_back(floor, now)
    ids = hand_out(floor, now)
    if ids and not floor.jobs.enqueue(SET_JOB, ids, queue=NIGHT):
        set_mails(floor, ids)  # without Redis the clock does it itself


def plan(floor: Floor, now: datetime) -> int:
    """Write a row for each subscriber of what has become due; how many are new."""
    zone, at = floor.city.zone, floor.section(Reports).mailing.at
    due = {kind: rules.due(kind, now=now, zone=zone, at=at) for kind in Kind}
    with floor.db.read() as session:
        planned = _wanted(session, due)
    if not planned:
        return 0  # the usual case takes no write lock
    new = 0
    with floor.db.write() as session:
        for subscription_id, found in planned:
            new += _plan(session, subscription_id, found, now)
    return new


def _wanted(session: Session, due: Mapping[Kind, Due]) -> list[tuple[int, Due]]:
    asked = sa.select(Mail.subscription_id, sa.func.max(Mail.first_day))
    found = session.execute(asked.group_by(Mail.subscription_id))
    newest: dict[int, date] = dict(found.all())
    return [
        (each.id, due[each.kind])
        for each in service.all_of(session)
        if each.goes and rules.wanted(due[each.kind], since=each.since, newest=newest.get(each.id))
    ]


def _plan(session: Session, subscription_id: int, found: Due, now: datetime) -> bool:
    row = {
        "subscription_id": subscription_id,
        "period": found.edition.name,
        "first_day": found.edition.first,
        "due_at": found.at,
        "state": State.WAITING.value,
        "again_at": now,
        "posted": 0,
        "email": "",
        "error": "",
    }
    made = insert_ignore(session, Mail, row)
    if made is None:
        return False
    older = (Mail.subscription_id == subscription_id, Mail.first_day < found.edition.first)
    _set(session, older, (State.WAITING, State.POSTED), State.OVERTAKEN, ended_at=now)
    return True


def _set(
    session: Session,
    which: Iterable[sa.ColumnElement[bool]],
    was: Iterable[State],
    state: State,
    **values: Any,
) -> list[int]:
    """Compare and set; the ids of those that were so."""
    changed = session.scalars(
        sa.update(Mail)
        .where(*which, Mail.state.in_([each.value for each in was]))
        .values(state=state.value, **values)
        .returning(Mail.id)
        .execution_options(synchronize_session=False)
    )
    return list(changed)


def hand_out(floor: Floor, now: datetime) -> list[int]:
    """The mails that wait and that nobody has in hand; theirs for a while."""
    waits = (Mail.state == State.WAITING.value, Mail.again_at <= now)
    with floor.db.read() as session:
        if session.scalar(sa.select(Mail.id).where(*waits).limit(1)) is None:
            return []
    with floor.db.write() as session:
        some = sa.select(Mail.id).where(*waits).order_by(Mail.id).limit(BATCH)
        until = now + HANDED_OUT * clock.speed()
        which = (Mail.id.in_(some), *waits)
        return sorted(_set(session, which, (State.WAITING,), State.WAITING, again_at=until))


def take_back(floor: Floor, now: datetime) -> None:
    """What the outbox has given up begins anew after a pause, or has failed."""
    id_, number = (sa.cast(each, sa.String) for each in (Mail.id, Mail.posted))
    on_its_way = sa.exists().where(
        Effect.key == sa.literal(f"{MAIL}:") + id_ + ":" + number,
        Effect.state.in_(("pending", "sending")),
    )
    lost = sa.select(Mail.id, Mail.due_at).where(Mail.state == State.POSTED.value, ~on_its_way)
    with floor.db.read() as session:
        gone = session.execute(lost.limit(BATCH)).all()
    if not gone:
        return
    speed = clock.speed()
    with floor.db.write() as session:
        for mail_id, due_at in gone:
            which = (Mail.id == mail_id,)
            if rules.gives_up(due_at, now=now, speed=speed):
                failed = _set(session, which, (State.POSTED,), State.FAILED, ended_at=now)
                _tell(session, floor, failed, WhyNot.GIVEN_UP)
            else:
                again = now + rules.PAUSE * speed
                _set(session, which, (State.POSTED,), State.WAITING, again_at=again)


# ---------------------------------------------------------------- setting


@dataclass(frozen=True)
class _Order:
    """One report in one language, and the mails that wait for it."""

    edition: Edition
    language: str
    forms: frozenset[Form]
    ids: Sequence[int]


def set_mails(floor: Floor, ids: Sequence[int]) -> None:
    """Set the reports that these mails wait for, as far as the night has counted them, and post the
    mails.
    """
    now, how = clock.now(), How.of(floor)
    with floor.db.read() as session:
        orders = [
            order
            for order in _orders(session, ids)
            if making.is_counted(session, order.edition, how)
        ]
    for order in orders:
        try:
            edition_id = making.set_edition(
                floor, order.edition, order.language, order.forms, now=now
            )
        except Exception as error:  # the other reports go out all the same; this one is tried again
            log.exception("the report of %s was not set", order.edition.name)
            _note(floor, order.ids, str(error), now)
            continue
        _post(floor, order.ids, edition_id, clock.now())


def _orders(session: Session, ids: Sequence[int]) -> list[_Order]:
    found = session.execute(
        sa.select(Mail.id, Mail.period, rows.Subscription.language, rows.Subscription.forms)
        .join(rows.Subscription, rows.Subscription.id == Mail.subscription_id)
        .where(Mail.id.in_(list(ids)), Mail.state == State.WAITING.value)
        .order_by(Mail.id)
    ).all()
    groups: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for id_, period, language, forms in found:
        groups.setdefault((period, language), []).append((id_, forms))
    return [
        _Order(
            Edition.named(period),
            language,
            frozenset(form for _, forms in of for form in service.forms_of(forms.split(","))),
            [id_ for id_, _ in of],
        )
        for (period, language), of in groups.items()
    ]


def _note(floor: Floor, ids: Sequence[int], error: str, now: datetime) -> None:
    """Why it could not be set; what is that old by now is not tried any more."""
    which, said = (Mail.id.in_(ids),), error[:200]
    old = Mail.due_at <= now - rules.GIVE_UP * clock.speed()
    with floor.db.write() as session:
        ended = {"error": said, "ended_at": now}
        failed = _set(session, (*which, old), (State.WAITING,), State.FAILED, **ended)
        _tell(session, floor, failed, WhyNot.NOT_MADE)
        _set(session, which, (State.WAITING,), State.WAITING, error=said)


def _post(floor: Floor, ids: Sequence[int], edition_id: int, now: datetime) -> None:
    with floor.db.write() as session:
        posted = {"edition_id": edition_id, "posted": Mail.posted + 1}
        won = _set(session, (Mail.id.in_(ids),), (State.WAITING,), State.POSTED, **posted)
        numbers = session.execute(sa.select(Mail.id, Mail.posted).where(Mail.id.in_(won)))
        for id_, number in numbers.all():
            outbox.post(session, MAIL, {"mail": id_}, now=now, key=f"{MAIL}:{id_}:{number}")


# ---------------------------------------------------------------- sending


@dataclass(frozen=True)
class _Parcel:
    """All that a message is made of."""

    mail_id: int
    subscription_id: int
    edition: Edition
    digest: Digest
    to: Addressed
    files: Mapping[Form, bytes]
    due_at: datetime


def deliver(floor: Floor, payload: dict[str, Any]) -> None:
    """Hand one mail to the mail server; raises to have it tried again, `Hopeless` when it is in
    vain.
    """
    with floor.db.write() as session:
        parcel = _begin(session, floor, int(payload["mail"]), clock.now())
    if parcel is None:
        return
    name = f"report-{parcel.mail_id}.{parcel.due_at:%Y%m%d%H%M%S}"
    message = letters.message(
        floor, parcel.edition, parcel.digest, parcel.to, parcel.files, name=name, at=parcel.due_at
    )
    outcome, error = smtp.send(floor.settings, message, parcel.to.email)
    with floor.db.write() as session:
        said = "" if error is None else smtp.said(error)
        _end(session, floor, parcel, outcome, said, clock.now())
    if error is not None:
        if outcome is Outcome.LATER:
            raise error
        raise Hopeless(str(error)) from error


def _begin(session: Session, floor: Floor, mail_id: int, now: datetime) -> _Parcel | None:
    """Take a mail to be sent; None when it is not to be sent (any more). One whose sender died is
    `unsure` from now on.
    """
    mine = (Mail.id == mail_id,)
    if not _set(session, mine, (State.POSTED,), State.SENDING):
        _set(session, mine, (State.SENDING,), State.UNSURE, ended_at=now)
        return None
    mail = session.get_one(Mail, mail_id, populate_existing=True)
    newer = sa.exists().where(
        Mail.subscription_id == mail.subscription_id, Mail.first_day > mail.first_day
    )
    if session.scalar(sa.select(newer)):
        _set(session, mine, (State.SENDING,), State.OVERTAKEN, ended_at=now)
        return None
    whose = service.find(session, mail.subscription_id)
    if whose is None or not whose.goes or mail.edition_id is None:
        _set(session, mine, (State.SENDING,), State.DROPPED, ended_at=now)
        return None
    edition = session.get_one(rows.Edition, mail.edition_id)
    path = f"/unsubscribe/{service.token(floor.settings.secret_key, whose.id)}"
    _set(session, mine, (State.SENDING,), State.SENDING, email=whose.email)
    return _Parcel(
        mail_id,
        whose.id,
        Edition.named(mail.period),
        Digest.from_data(edition.data),
        Addressed(whose.email, edition.language, whose.account_id is None, floor.url(path)),
        making.contents(session, mail.edition_id, whose.wish.forms),
        mail.due_at,
    )


#: What a mail is after each outcome; one that went in vain stays in the outbox's hands.
_AFTER: Mapping[Outcome, State] = {
    Outcome.TAKEN: State.SENT,
    Outcome.LATER: State.POSTED,
    Outcome.REFUSED: State.FAILED,
    Outcome.NO_ADDRESS: State.FAILED,
    Outcome.UNSURE: State.UNSURE,
}


def _end(
    session: Session, floor: Floor, parcel: _Parcel, outcome: Outcome, error: str, now: datetime
) -> None:
    state = _AFTER[outcome]
    values = {"ended_at": None if state is State.POSTED else now, "error": error[:200]}
    # who was slower than the outbox's patience knows better than the one who took over from it
    was = (State.SENDING, State.UNSURE)
    ended = _set(session, (Mail.id == parcel.mail_id,), was, state, **values)
    if outcome is Outcome.NO_ADDRESS:
        service.pause(session, parcel.subscription_id, error, now=now)
    if state is State.FAILED:
        why = WhyNot.NO_ADDRESS if outcome is Outcome.NO_ADDRESS else WhyNot.REFUSED
        _tell(session, floor, ended, why)


def _tell(session: Session, floor: Floor, mail_ids: Iterable[int], why: WhyNot) -> None:
    for mail_id in mail_ids:
        telling.tell(session, floor, mail_id, why)


# ---------------------------------------------------------------- forgetting


def forget(floor: Floor, now: datetime) -> None:
    """Delete what was set, sent and ended long ago."""
    with floor.db.write() as session:
        making.forget(session, now - SET_KEPT)
        service.forget(session, now)
        links.forget(session, now)
