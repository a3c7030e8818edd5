"""The roster's verbs: shifts, what is changed on single days, addresses of calendars.

Every verb takes the unit of work first, flushes and never commits. `zone` is the city's, `at` the
present moment. What one person changes of another's shifts is a line of the audit log, and a series
that is changed is changed from a day on: what was before stays as it was.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from agents import service as agents
from agents.models import Agent, RosterChange, RosterFeed, RosterShift
from agents.roster import rules
from agents.roster.rules import ONE_DAY, Change, Kind, Series, Shift
from hotline import audit, clock
from hotline.auth import Identity
from hotline.db import bulk_insert
from hotline.errors import Conflict, Invalid, NotFound
from hotline.models import Account

TEXT_LENGTH = 200


class NoSuchShift(NotFound):
    """There is no such shift, or none that was planned for that day."""

    code, text = "no-such-shift", "agents.roster.no_such_shift"


class ChangedMeanwhile(Conflict):
    """Somebody else changed this shift since it was shown."""

    code, text = "shift-changed", "agents.roster.changed_meanwhile"


class InThePast(Invalid):
    """A series is changed from a day on whose shift has begun."""

    code, text = "in-the-past", "agents.roster.in_the_past"


@dataclass(frozen=True, slots=True)
class Plan:
    """A shift as it is to be: local first day and time, minutes, rule (`rules.rule_of`)."""

    agent_id: int
    first_day: date
    start: time
    minutes: int
    rule: str = ""
    run: int = 1
    last_day: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to hold on one day: `off`, or worked by `agent_id` at this time. `exchange`: the
    colleague's one shift of that day is worked instead by who was to work this one.
    """

    reason: str
    off: bool
    agent_id: int
    day: date
    start: time
    minutes: int
    exchange: date | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it, when, in which zone: what every change needs."""

    by: Identity | None
    at: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The local day."""
        return clock.local_day(self.at, self.zone)


# ---------------------------------------------------------------- what there is


def series_between(session: Session, first: date, last: date) -> list[Series]:
    """Every series with a shift on one of these days, or that may have one."""
    moved = sa.select(RosterChange.shift_id).where(RosterChange.day.between(first, last))
    lasts = sa.or_(RosterShift.last_day.is_(None), RosterShift.last_day >= first)
    within = sa.and_(RosterShift.first_day <= last, lasts)
    return _series(session, sa.or_(within, RosterShift.id.in_(moved)))


def shifts_between(
    session: Session, first: date, last: date, zone: ZoneInfo, *, also_off: bool = False
) -> list[Shift]:
    """Everybody's shifts that begin on these local days (both included), by their beginning."""
    found = series_between(session, first, last)
    return rules.shifts(found, first, last, zone, also_off=also_off)


def series_of(session: Session, agent_id: int, *, since: date = date.min) -> list[Series]:
    """An agent's series, and those of which they work a day for a colleague."""
    theirs = sa.select(RosterChange.shift_id).where(RosterChange.agent_id == agent_id)
    lasts = sa.or_(RosterShift.last_day.is_(None), RosterShift.last_day >= since)
    mine = sa.or_(RosterShift.agent_id == agent_id, RosterShift.id.in_(theirs))
    return _series(session, sa.and_(lasts, mine))


def find(session: Session, shift_id: int) -> Series:
    """One series; raises NoSuchShift."""
    found = _series(session, RosterShift.id == shift_id)
    if not found:
        raise NoSuchShift(f"shift {shift_id}")
    return found[0]


def _series(session: Session, where: sa.ColumnElement[bool]) -> list[Series]:
    rows = list(session.scalars(sa.select(RosterShift).where(where).order_by(RosterShift.id)))
    changes: dict[int, dict[date, Change]] = {row.id: {} for row in rows}
    of_these = sa.select(RosterShift.id).where(where)
    for each in session.scalars(
        sa.select(RosterChange)
        .where(RosterChange.shift_id.in_(of_these))
        .execution_options(populate_existing=True)
    ):
        changes.setdefault(each.shift_id, {})[each.planned_day] = Change(
            Kind(each.kind), each.reason, each.agent_id, each.day, each.start, each.minutes
        )
    return [
        Series(
            row.id,
            row.agent_id,
            row.uid,
            row.first_day,
            row.start,
            row.minutes,
            row.anchor,
            row.rule,
            row.run,
            row.last_day,
            row.note,
            row.version,
            changes[row.id],
        )
        for row in rows
    ]


# ---------------------------------------------------------------- a series


def add(session: Session, plan: Plan, act: Act, *, uid: str = "", told: bool = True) -> int:
    """A new shift; its id. Raises Invalid for one that never takes place. `told`: False where the
    caller writes the line of the audit log for many at once.
    """
    agents.agent(session, plan.agent_id)
    plan = _checked(plan)
    row = RosterShift(
        uid=uid or f"{secrets.token_hex(12)}@roster",
        anchor=plan.first_day,
        version=1,
        made_at=act.at,
        **_columns(plan),
    )
    session.add(row)
    session.flush()
    if told:
        _tell(session, "agents.shift_added", plan.agent_id, act, plan)
    return row.id


def change(session: Session, shift_id: int, plan: Plan, act: Act, *, version: int) -> int:
    """From `plan.first_day` on the series is another; the id of what holds then.

    What was before that day stays, as a series of its own that has ended; single days that were
    changed stay so where the new series has them too. Raises InThePast, ChangedMeanwhile, Invalid.
    """
    old = find(session, shift_id)
    since, plan = plan.first_day, _checked(replace(plan, agent_id=old.agent_id))
    _check_future(old, since, act)
    has_past = _has_past(old, since)
    same = (plan.rule, plan.run) == (old.rule, old.run) and bool(plan.rule)
    goes_on = same and (has_past or since == old.first_day)
    values = _columns(plan) | {"anchor": old.anchor if goes_on else plan.first_day}
    if not has_past:
        _take(session, old.id, version, **values)
        new_id = old.id
    else:
        past = {"last_day": since - ONE_DAY, "uid": f"{old.uid}~{old.id}"}
        _take(session, old.id, version, **past)
        row = RosterShift(uid=old.uid, version=1, made_at=act.at, **values)
        session.add(row)
        session.flush()
        new_id = row.id
    _keep_changes(session, old, find(session, new_id), since)
    _tell(session, "agents.shift_changed", plan.agent_id, act, plan, since=since.isoformat())
    return new_id


def remove(session: Session, shift_id: int, since: date, act: Act, *, version: int) -> None:
    """The series ends before the day `since`; one that has nothing before it is gone."""
    old = find(session, shift_id)
    _check_future(old, since, act)
    of_it = RosterChange.shift_id == old.id
    if _has_past(old, since):
        _take(session, old.id, version, last_day=since - ONE_DAY)
        session.execute(sa.delete(RosterChange).where(of_it, RosterChange.planned_day >= since))
    else:
        _take(session, old.id, version)
        session.execute(sa.delete(RosterChange).where(of_it))
        session.execute(sa.delete(RosterShift).where(RosterShift.id == old.id))
    session.expire_all()
    _tell(session, "agents.shift_removed", old.agent_id, act, old, since=since.isoformat())


def _checked(plan: Plan) -> Plan:
    """The plan, tidied; raises Invalid for what no shift is."""
    if not rules.SHORTEST <= plan.minutes <= rules.LONGEST:
        raise Invalid(f"{plan.minutes} minutes", text="agents.roster.bad_length")
    last = plan.first_day if not plan.rule else plan.last_day
    tidy = replace(plan, last_day=last, note=" ".join(plan.note.split())[:TEXT_LENGTH])
    series = Series(0, tidy.agent_id, "", tidy.first_day, tidy.start, tidy.minutes, tidy.first_day,
                    tidy.rule, tidy.run, last)  # fmt: skip
    if not rules.happens(series):
        raise Invalid(text="agents.roster.never")
    return tidy


def _columns(plan: Plan) -> dict[str, Any]:
    names = ("agent_id", "first_day", "start", "minutes", "rule", "run", "last_day", "note")
    return {name: getattr(plan, name) for name in names}


def _check_future(old: Series, since: date, act: Act) -> None:
    """Raise InThePast when a shift that has begun would become another."""
    begun = rules.planned_days(old, since, act.today)
    if any(rules.on_day(old, on, act.zone).start <= act.at for on in begun):
        raise InThePast()


def _has_past(old: Series, since: date) -> bool:
    before = rules.planned_days(old, old.first_day, since - ONE_DAY)
    return next(before, None) is not None


def _take(session: Session, shift_id: int, version: int, **values: Any) -> None:
    """Win the row or walk away: nobody's change is overwritten unseen."""
    won = session.execute(
        sa.update(RosterShift)
        .where(RosterShift.id == shift_id, RosterShift.version == version)
        .values(version=version + 1, **values)
        .returning(RosterShift.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if won is None:
        raise ChangedMeanwhile(f"shift {shift_id}")
    session.expire_all()


def _keep_changes(session: Session, old: Series, new: Series, since: date) -> None:
    """The single days from `since` on that were changed, to the series that has them now."""
    for on in (on for on in old.changes if on >= since):
        row = sa.and_(RosterChange.shift_id == old.id, RosterChange.planned_day == on)
        if on in rules.planned_days(new, on, on):
            session.execute(sa.update(RosterChange).where(row).values(shift_id=new.id))
        else:
            session.execute(sa.delete(RosterChange).where(row))
    session.expire_all()


# ---------------------------------------------------------------- one day of a series


def alter(session: Session, shift_id: int, on: date, wish: Wish, act: Act, *, version: int) -> None:
    """What holds on the day `on` of a series. As it was planned: the change is taken back."""
    series = find(session, shift_id)
    if on not in rules.planned_days(series, on, on):
        raise NoSuchShift(f"shift {shift_id} on {on}")
    before = rules.on_day(series, on, act.zone)
    agents.agent(session, wish.agent_id)
    _take(session, series.id, version)
    put(session, series, on, wish)
    if wish.exchange is not None and wish.agent_id != before.agent_id and not wish.off:
        _exchange(session, wish, before, act)
    for agent_id in sorted({before.agent_id, wish.agent_id, series.agent_id}):
        _tell_day(session, agent_id, act, on, wish)


def _exchange(session: Session, wish: Wish, mine: Shift, act: Act) -> None:
    """The colleague's shift goes to who gave theirs away."""
    day = wish.exchange
    assert day is not None
    theirs = [
        each
        for each in shifts_between(session, day, day, act.zone)
        if each.agent_id == wish.agent_id and (each.series.id, each.on) != (mine.series.id, mine.on)
    ]
    if len(theirs) != 1:
        raise Invalid(f"{len(theirs)} shifts on {day}", text="agents.roster.no_exchange")
    found = theirs[0]
    local = clock.local(found.start, act.zone)
    minutes = round((found.end - found.start).total_seconds() / 60)
    back = Wish(wish.reason, False, mine.agent_id, found.day, local.time(), minutes)
    _take(session, found.series.id, found.series.version)
    put(session, found.series, found.on, back)


def put(session: Session, series: Series, on: date, wish: Wish) -> None:
    """Write what holds on one day, without a question whether it is the newest and without a line
    in the audit log: for who has asked, and tells of many at once.
    """
    reason = " ".join(wish.reason.split())[:TEXT_LENGTH]
    row = {"shift_id": series.id, "planned_day": on, "reason": reason}
    mine = (RosterChange.shift_id == series.id, RosterChange.planned_day == on)
    session.execute(sa.delete(RosterChange).where(*mine))
    plan = (series.agent_id, on, series.start, series.minutes)
    asked = (wish.agent_id, wish.day, wish.start, wish.minutes)
    if wish.off or asked != plan:
        if not reason:
            raise Invalid(text="agents.roster.reason_needed")
        if not rules.SHORTEST <= wish.minutes <= rules.LONGEST:
            raise Invalid(f"{wish.minutes} minutes", text="agents.roster.bad_length")
        kind, held = _kind(series, wish), plan if wish.off else asked
        names = ("agent_id", "day", "start", "minutes")
        bulk_insert(
            session, RosterChange, [{**row, "kind": kind, **dict(zip(names, held, strict=True))}]
        )
    session.expire_all()


def _kind(series: Series, wish: Wish) -> Kind:
    if wish.off:
        return Kind.OFF
    return Kind.MOVED if wish.agent_id == series.agent_id else Kind.SWAPPED


def forget_changes(session: Session, shift_id: int) -> None:
    """Every day of a series is as it was planned."""
    session.execute(sa.delete(RosterChange).where(RosterChange.shift_id == shift_id))
    session.expire_all()


def count_from(session: Session, shift_id: int, anchor: date) -> None:
    """The rule of a series counts from another day (every second week, say)."""
    mine = sa.update(RosterShift).where(RosterShift.id == shift_id, RosterShift.rule != "")
    session.execute(mine.values(anchor=anchor))
    session.expire_all()


# ---------------------------------------------------------------- a week


def copy_week(session: Session, monday: date, to: date, act: Act) -> int:
    """What is worked in the week of `monday` once more in that of `to`, as single shifts; how many
    are new. What is there already is not made again, so that doing it twice is doing it once.
    """
    if to <= monday:
        raise Invalid(text="agents.roster.copy_forwards")
    there = {_key(each) for each in shifts_between(session, to, to + 6 * ONE_DAY, act.zone)}
    made: dict[int, int] = {}
    for shift in shifts_between(session, monday, monday + 6 * ONE_DAY, act.zone):
        day, start = shift.day + (to - monday), clock.local(shift.start, act.zone).time()
        begin = rules.moment(day, start, act.zone)
        minutes = round((shift.end - shift.start).total_seconds() / 60)
        if (shift.agent_id, begin, begin + timedelta(minutes=minutes)) in there:
            continue
        plan = Plan(shift.agent_id, day, start, minutes, note=shift.series.note)
        add(session, plan, act, told=False)
        made[shift.agent_id] = made.get(shift.agent_id, 0) + 1
    for agent_id, count in made.items():
        data = {"week": monday.isoformat(), "to": to.isoformat(), "shifts": count}
        _write(session, "agents.week_copied", agent_id, act, data)
    return sum(made.values())


def _key(shift: Shift) -> tuple[int, datetime, datetime]:
    return shift.agent_id, shift.start, shift.end


# ---------------------------------------------------------------- the audit log


def _tell(
    session: Session, kind: str, agent_id: int, act: Act, plan: Plan | Series, **more: Any
) -> None:
    data = {
        "first_day": plan.first_day.isoformat(),
        "start": f"{plan.start:%H:%M}",
        "minutes": plan.minutes,
        "rule": plan.rule,
        "run": plan.run,
    }
    _write(session, kind, agent_id, act, data | more)


def _tell_day(session: Session, agent_id: int, act: Act, on: date, wish: Wish) -> None:
    data = {
        "planned": on.isoformat(),
        "off": wish.off,
        "day": wish.day.isoformat(),
        "start": f"{wish.start:%H:%M}",
        "minutes": wish.minutes,
        "worked_by": f"agent:{wish.agent_id}",
    }
    _write(session, "agents.shift_altered", agent_id, act, data, wish.reason)


def _write(
    session: Session, kind: str, agent_id: int, act: Act, data: Mapping[str, Any], reason: str = ""
) -> None:
    subject = f"agent:{agent_id}"
    audit.record(session, kind, subject, by=act.by, at=act.at, reason=reason, **data)


def tell_imported(session: Session, counts: Mapping[int, int], act: Act, *, form: str) -> None:
    """A line for each agent of whom a file brought shifts."""
    for agent_id, count in counts.items():
        _write(session, "agents.roster_imported", agent_id, act, {"shifts": count, "form": form})


# ---------------------------------------------------------------- the address of a calendar


def make_feed(session: Session, agent_id: int, *, at: datetime) -> str:
    """A new secret for an agent's calendar, shown this once; the one before it opens nothing."""
    revoke_feed(session, agent_id)
    token = secrets.token_urlsafe(24)
    bulk_insert(
        session, RosterFeed, [{"agent_id": agent_id, "token_hash": _hash(token), "made_at": at}]
    )
    return token


def revoke_feed(session: Session, agent_id: int) -> None:
    """The address opens nothing any more."""
    session.execute(sa.delete(RosterFeed).where(RosterFeed.agent_id == agent_id))


def feed_since(session: Session, agent_id: int) -> datetime | None:
    """Since when an agent's calendar has its address; None without one."""
    return session.scalar(sa.select(RosterFeed.made_at).where(RosterFeed.agent_id == agent_id))


def agent_of_feed(session: Session, token: str) -> agents.AgentFacts:
    """Whose calendar it is; raises NotFound, also for who may not sign in any more."""
    found = session.scalar(
        sa.select(RosterFeed.agent_id)
        .join(Agent, Agent.id == RosterFeed.agent_id)
        .join(Account, Account.id == Agent.account_id)
        .where(RosterFeed.token_hash == _hash(token), Account.active)
    )
    if found is None:
        raise NotFound()
    return agents.agent(session, found)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# ---------------------------------------------------------------- names


@dataclass(frozen=True, slots=True)
class Person:
    """An agent as a file names them (`username`) and as a page does. `active`: may sign in."""

    id: int
    username: str
    name: str
    active: bool


def people(session: Session) -> list[Person]:
    """Every agent, by name."""
    query = sa.select(Agent.id, Account.username, Agent.name, Account.active).join(
        Account, Account.id == Agent.account_id
    )
    return [Person(*row) for row in session.execute(query.order_by(Agent.name, Agent.id))]
