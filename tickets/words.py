"""What is said of a ticket in the reader's language: its deadline, its story, its export."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hotline import i18n
from hotline.web import floor, language, t
from tickets import numbers
from tickets.citizen_words import until_words
from tickets.config import Tickets
from tickets.deadlines import ALWAYS, Clock, Step, StepKind
from tickets.facts import CALL, CITIZEN, SYSTEM, EventFacts, TicketFacts
from tickets.models import EventKind
from tickets.places import rules
from tickets.planning import Why
from tickets.units import said as units
from tickets.workflow import OPEN, State

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
#: When so much of the time that was given is left, a deadline is near.
_SOON = 0.25


@dataclass(frozen=True)
class Due:
    """How a deadline stands: `tone` is late, soon or far; `words` what to say."""

    tone: str
    words: str
    at: datetime


@dataclass(frozen=True)
class Said:
    """One event as a reader sees it: what happened, what was added to it, whose words they are."""

    at: datetime
    who: str
    kind: EventKind
    what: str
    more: str
    text: str
    #: The clocks that it moved, each in a sentence.
    moved: list[str]
    #: The bulk move that it is part of.
    bulk: int | None = None
    #: It is a message: in which language.
    language: str = ""


@dataclass(frozen=True)
class Reason:
    """How a clock's moment was reached: which clock, when it runs out, each step in a sentence,
    and the moments that were told before, oldest first.
    """

    clock: Clock
    due: datetime
    steps: list[str]
    before: list[datetime]


def span(length: timedelta) -> str:
    """Say a length of time, rounded down: minutes, from two hours on hours, from two days days.
    What is shorter than a minute is said so: "0 min" reads as if nothing were counted.
    """
    if length < _MINUTE:
        return t("tickets.span.less")
    if length >= 2 * _DAY:
        return t("tickets.span.days", n=i18n.number(length // _DAY, language()))
    if length >= 2 * _HOUR:
        return t("tickets.span.hours", n=length // _HOUR)
    return t("tickets.span.minutes", n=length // _MINUTE)


def due_used(ticket: TicketFacts, now: datetime) -> int | None:
    """Say how much of an open ticket's time is used, in percent; None when it has no deadline."""
    if not ticket.is_open or ticket.due_at is None:
        return None
    given = (ticket.due_at - ticket.received_at).total_seconds()
    used = (now - ticket.received_at).total_seconds()
    return 100 if given <= 0 else max(0, min(100, round(100 * used / given)))


def due(ticket: TicketFacts, now: datetime) -> Due | None:
    """Say how the deadline of an open ticket stands; None for one that is closed."""
    if not ticket.is_open or ticket.due_at is None:
        return None
    left = ticket.due_at - now
    if ticket.is_overdue(now):
        return Due("late", t("tickets.due.late", span=span(-left)), ticket.due_at)
    given = ticket.due_at - ticket.received_at
    tone = "soon" if left < given * _SOON else "far"
    return Due(tone, t("tickets.due.left", span=span(left)), ticket.due_at)


def kind(ticket: TicketFacts) -> str:
    """Say what kind of matter it is; while nobody has heard that, how it came."""
    if ticket.is_unheard:
        return t(f"tickets.source.{ticket.source}")
    return t(f"tickets.kind.{ticket.kind}")


def about(config: Tickets, ticket: TicketFacts) -> str:
    """Say what a ticket is about: its kind, and its category where it has one."""
    parts = (kind(ticket), category(config, ticket.category))
    return " · ".join(part for part in parts if part)


def nothing_written(ticket: TicketFacts) -> str:
    """What stands where a ticket has no words."""
    return t("tickets.no_text_yet" if ticket.is_unheard else "tickets.no_text")


def category(config: Tickets, id_: str | None) -> str:
    """Return the title of a category; one that has left config.yaml shows its id."""
    known = config.categories.get(id_ or "")
    return known.title.for_(language()) if known else (id_ or "")


def division(config: Tickets, id_: str) -> str:
    """Return the title of a division; one that has left config.yaml shows its id."""
    known = config.divisions.get(id_)
    return known.title.for_(language()) if known else id_


def number_shown(number: str) -> str:
    """Return a ticket's number as it is printed."""
    return numbers.display(number)


def until(at: datetime | None) -> str:
    """Say until when something is waited for."""
    return until_words(at, language(), floor().city.zone)


def moment(written: str | None) -> str:
    """Say a moment that an event's data holds."""
    at = None if written is None else datetime.fromisoformat(written)
    return i18n.moment(at, language(), floor().city.zone)


def person(username: str | None, names: Mapping[str, str]) -> str:
    """Return somebody's name; who has no account any more shows the username."""
    if username == SYSTEM:
        return t("tickets.system")
    if username == CITIZEN:
        return t("tickets.citizen")
    return names.get(username or "", username or i18n.EMPTY)


def said(config: Tickets, event: EventFacts, names: Mapping[str, str]) -> Said:
    """Say one event in plain words."""
    if event.kind is EventKind.ASSIGNED:
        what, more = _assigned(event, names), ""
    elif event.kind is EventKind.TOLD:
        what, more = _told(event, names)
    else:
        what, more = _SENTENCES[event.kind](config, event)
    return Said(
        at=event.at,
        who=person(event.who, names),
        kind=event.kind,
        what=what,
        more=more,
        text=str(event.data.get("text") or ""),
        moved=[
            t(
                f"tickets.event.moved.{clock}",
                before=moment(before),
                due=moment(_due_in(event, clock)),
            )
            for clock, before in event.data.get("before", {}).items()
        ],
        bulk=event.data.get("bulk"),
        language=event.data["language"] if event.kind is EventKind.MESSAGE else "",
    )


def _due_in(event: EventFacts, clock: str) -> str | None:
    due: str | None = event.data["plan"][clock]["due_at"]
    return due


def _made(config: Tickets, event: EventFacts) -> tuple[str, str]:
    source = event.data.get("source", CALL)
    if source != CALL:
        return t(f"tickets.event.made_of.{source}"), _matter(config, event.data)
    by_itself = event.who == SYSTEM and event.data.get("incomplete")
    what = "tickets.event.made_by_system" if by_itself else "tickets.event.made"
    return t(what), _matter(config, event.data)


def _completed(config: Tickets, event: EventFacts) -> tuple[str, str]:
    return t("tickets.event.completed"), _matter(config, event.data)


def _call(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.call"), ""


def _called_out(_: Tickets, event: EventFacts) -> tuple[str, str]:
    result = str(event.data["result"])
    if result == "answered":
        return t("tickets.event.called_out"), ""
    return t("tickets.event.called_in_vain", why=t(f"tickets.not_reached.{result}")), ""


def _note(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.note"), ""


def _overdue(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t("tickets.event.overdue", due=moment(event.data["due_at"])), ""


def _rated(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t("tickets.event.rated", mark=i18n.number(event.data["mark"], language())), ""


def _named(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.named"), ""


def _citizen(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t(f"tickets.event.citizen.{event.data.get('by', 'page')}"), ""


def _judged(_: Tickets, event: EventFacts) -> tuple[str, str]:
    another = "of" in event.data or event.data.get("caller")
    what = "tickets.event.judged_by_another" if another else "tickets.event.judged"
    return t(what, mark=i18n.number(event.data["mark"], language())), ""


def _confirmed(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.confirmed"), ""


def _read(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.read"), ""


def _links_ended(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.links_ended"), ""


def _missed(_: Tickets, event: EventFacts) -> tuple[str, str]:
    clock = event.data["clock"]
    return t(f"tickets.event.missed.{clock}", due=moment(event.data["due_at"])), ""


def _waiting(_: Tickets, event: EventFacts) -> tuple[str, str]:
    for_ = t(f"tickets.waiting.{event.data['for']}")
    until_ = until(datetime.fromisoformat(event.data["until"]))
    return t("tickets.event.waiting", who=for_, until=until_), ""


def _resumed(_: Tickets, event: EventFacts) -> tuple[str, str]:
    by_itself = event.who == SYSTEM
    return t("tickets.event.resumed_by_itself" if by_itself else "tickets.event.resumed"), ""


def _assigned(event: EventFacts, names: Mapping[str, str]) -> str:
    to = event.data["to"]
    if to is None:
        return t("tickets.event.unassigned")
    return t("tickets.event.assigned", who=person(to, names))


def _routed(config: Tickets, event: EventFacts) -> tuple[str, str]:
    was, now = event.data["was"], event.data["now"]
    changes = _from_to(config, was, now)
    what = "tickets.event.routed" if "division" in now else "tickets.event.reclassified"
    if "area" in event.data:  # by where it is, and not by anybody's word
        what = "tickets.event.routed_by_place"
    return t(what), " · ".join(changes)


def _placed(config: Tickets, event: EventFacts) -> tuple[str, str]:
    was, now = event.data["was"], event.data["now"]
    what = "tickets.event.placed_anew" if was else "tickets.event.placed"
    if not now:
        what = "tickets.event.no_place"
    shown = [_place(config, each) for each in (was, now) if each]
    return t(what), " → ".join(shown)


def _place(config: Tickets, told: Mapping[str, Any]) -> str:
    """Say a place that an event keeps (`tickets.places.rules.Place.told`)."""
    names = {id_: each.name(language()) for id_, each in config.areas.areas.items()}
    kept = {name: told[name] for name in (*rules.PARTS, "written", "area") if name in told}
    pin = f"({told['latitude']}, {told['longitude']})" if "latitude" in told else ""
    line = rules.said(rules.Place(**kept), names)
    return " ".join(part for part in (line, told.get("asset", ""), pin) if part)


def _escalated(_: Tickets, event: EventFacts) -> tuple[str, str]:
    causes = ", ".join(t(f"tickets.clock.{clock}") for clock in event.data["clocks"])
    level = i18n.number(event.data["level"], language())
    what = t("tickets.event.escalated", level=level, to=t(f"tickets.told.{event.data['to']}"))
    return what, t("tickets.event.ran_out", clocks=causes, since=moment(event.data["since"]))


def _file_added(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t(f"tickets.event.file_added.{event.data['of']}"), ""


def _file_marked(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t(
        "tickets.event.file_public" if event.data["public"] else "tickets.event.file_private"
    ), ""


def _file_removed(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t(f"tickets.event.file_removed.{event.data['of']}"), ""


def _moved(_: Tickets, event: EventFacts) -> tuple[str, str]:
    from_, to = State(event.data["from"]), State(event.data["to"])
    if to in OPEN:
        if from_ in OPEN:
            return t("tickets.event.taken_up"), ""
        return t("tickets.event.reopened", due=moment(event.data.get("due_at"))), ""
    if "instead" in event.data:
        return t("tickets.event.instead", number=numbers.display(event.data["instead"])), ""
    what = "tickets.event.closed" if to is State.DONE else "tickets.event.cancelled"
    notes = [key for key in ("without_photo", "inactive") if event.data.get(key)]
    more = " · ".join(t(f"tickets.event.{key}") for key in notes)
    return t(what, result=t(f"tickets.result.{event.data['result']}")), more


def _message(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t("tickets.event.message"), i18n.language_name(event.data["language"], language())


def _link(event: EventFacts, what: str) -> str:
    bond, outwards = event.data["kind"], event.data["outwards"]
    is_ = t(f"tickets.bond.{bond}" if outwards else f"tickets.bond.of.{bond}")
    number = numbers.display(event.data["other"])
    return t(f"tickets.event.{what}", bond=is_, number=number)


def _caller(_: Tickets, event: EventFacts) -> tuple[str, str]:
    if event.data.get("again"):
        return t("tickets.event.caller_again"), ""
    return t("tickets.event.caller", n=i18n.number(event.data["callers"], language())), ""


def _caller_gone(_: Tickets, event: EventFacts) -> tuple[str, str]:
    count, instead = i18n.number(event.data["callers"], language()), event.data.get("instead")
    more = _other("caller_instead", instead) if instead else ""
    return t("tickets.event.caller_gone", n=count), more


def _other(what: str, number: str) -> str:
    return t(f"tickets.event.{what}", number=numbers.display(number))


def agency(config: Tickets, id_: str) -> str:
    """Return the title of an agency; one that has left config.yaml shows its id."""
    known = config.agencies.get(id_)
    return known.title.for_(language()) if known else id_


def _agency(what: str, config: Tickets, event: EventFacts) -> str:
    return t(f"tickets.event.{what}", agency=agency(config, event.data["agency"]))


def _forwarded(config: Tickets, event: EventFacts) -> tuple[str, str]:
    reference = event.data["reference"]
    more = [t("tickets.event.chase_at", at=moment(event.data["chase_at"]))]
    if reference:
        more.insert(0, t("tickets.event.reference", reference=reference))
    return _agency("forwarded", config, event), " · ".join(more)


def _to_chase(config: Tickets, event: EventFacts) -> tuple[str, str]:
    times = i18n.number(event.data["times"], language())
    return _agency("to_chase", config, event), t("tickets.event.times", times=times)


def _chased(config: Tickets, event: EventFacts) -> tuple[str, str]:
    at = moment(event.data["chase_at"])
    return _agency("chased", config, event), t("tickets.event.chase_at", at=at)


def _undone(config: Tickets, event: EventFacts) -> tuple[str, str]:
    what = t(f"tickets.bulk.what.{event.data['kind']}")
    changes = _from_to(config, event.data["was"], event.data["now"])
    return t("tickets.event.undone", what=what), " · ".join(changes)


def _from_to(config: Tickets, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    shown: Mapping[str, Callable[[Any], str]] = {
        "state": lambda id_: t(f"tickets.state.{id_}"),
        "division": lambda id_: division(config, id_),
        "category": lambda id_: category(config, id_) or t("tickets.complete.no_category"),
        "priority": lambda id_: t(f"tickets.priority.{id_}"),
    }
    return [
        t(
            "tickets.event.from_to",
            what=t(f"tickets.column.{key}"),
            was=say(was[key]),
            now=say(now[key]),
        )
        for key, say in shown.items()
        if key in now
    ]


def _told(event: EventFacts, names: Mapping[str, str]) -> tuple[str, str]:
    to = ", ".join(person(name, names) for name in event.data["to"])
    why = t(f"tickets.event.told.{event.data['why']}")
    return t("tickets.event.told", who=to) if to else t("tickets.event.told_nobody"), why


def _looked(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.looked"), ""


def _hidden(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t("tickets.event.hidden" if event.data["hidden"] else "tickets.event.unhidden"), ""


def _held(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.held"), ""


def _released(_: Tickets, __: EventFacts) -> tuple[str, str]:
    return t("tickets.event.released"), ""


def _closing(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t("tickets.event.closing", until=moment(event.data["until"])), ""


def _redacted(_: Tickets, event: EventFacts) -> tuple[str, str]:
    return t("tickets.event.redacted"), t(f"tickets.event.redacted.{event.data['why']}")


def _incident(_: Tickets, event: EventFacts) -> tuple[str, str]:
    titles = event.data["titles"]
    if event.data.get("on_way"):
        what = t("tickets.event.incident_unit", unit=event.data["call_sign"])
        return what, titles.get(language()) or titles["en"]
    what = "tickets.event.incident_out" if event.data.get("out") else "tickets.event.incident"
    return t(what, id=event.data["incident"]), titles.get(language()) or titles["en"]


def _matter(config: Tickets, data: Mapping[str, Any]) -> str:
    if data.get("incomplete") and data.get("source", CALL) != CALL:
        return t(
            "tickets.event.waits_at",
            division=division(config, data["division"]),
            due=moment(data["due_at"]),
        )
    kind = t(f"tickets.kind.{data['kind']}")
    about = category(config, data["category"])
    if about:
        kind = f"{kind} · {about}"
    if data.get("result"):
        result = t(f"tickets.result.{data['result']}")
        result = result.lower() if language() == "en" else result
        return t("tickets.event.closed_at_once", kind=kind, result=result)
    return t(
        "tickets.event.goes_to",
        kind=kind,
        division=division(config, data["division"]),
        due=moment(data["due_at"]),
    )


_SENTENCES = {
    EventKind.MADE: _made,
    EventKind.CALL: _call,
    EventKind.CALLED_OUT: _called_out,
    EventKind.MOVED: _moved,
    EventKind.NOTE: _note,
    EventKind.COMPLETED: _completed,
    EventKind.OVERDUE: _overdue,
    EventKind.MISSED: _missed,
    EventKind.WAITING: _waiting,
    EventKind.RESUMED: _resumed,
    EventKind.ROUTED: _routed,
    EventKind.ESCALATED: _escalated,
    EventKind.RATED: _rated,
    EventKind.NAMED: _named,
    EventKind.CITIZEN: _citizen,
    EventKind.JUDGED: _judged,
    EventKind.CONFIRMED: _confirmed,
    EventKind.READ: _read,
    EventKind.LINKS_ENDED: _links_ended,
    EventKind.FILE_ADDED: _file_added,
    EventKind.FILE_MARKED: _file_marked,
    EventKind.FILE_REMOVED: _file_removed,
    EventKind.MESSAGE: _message,
    EventKind.LINKED: lambda _, event: (_link(event, "linked"), ""),
    EventKind.UNLINKED: lambda _, event: (_link(event, "unlinked"), ""),
    EventKind.MERGED: lambda _, event: (_other("merged", event.data["into"]), ""),
    EventKind.UNMERGED: lambda _, event: (_other("unmerged", event.data["out_of"]), ""),
    EventKind.JOINED: lambda _, event: (_other("joined", event.data["other"]), ""),
    EventKind.PARTED: lambda _, event: (_other("parted", event.data["other"]), ""),
    EventKind.FORWARDED: _forwarded,
    EventKind.TO_CHASE: _to_chase,
    EventKind.CHASED: _chased,
    EventKind.REPLIED: lambda config, event: (_agency("replied", config, event), ""),
    EventKind.UNDONE: _undone,
    EventKind.LOOKED: _looked,
    EventKind.HIDDEN: _hidden,
    EventKind.HELD: _held,
    EventKind.RELEASED: _released,
    EventKind.CLOSING: _closing,
    EventKind.REDACTED: _redacted,
    EventKind.INCIDENT: _incident,
    EventKind.PLACED: _placed,
    EventKind.CALLER: _caller,
    EventKind.CALLER_GONE: _caller_gone,
    EventKind.UNIT_ASKED: units.asked,
    EventKind.UNIT_SENT: units.sent,
    EventKind.UNIT_MOVED: units.moved,
    EventKind.UNIT_LATE: units.late,
    EventKind.UNIT_HELP: units.help_,
}


# ------------------------------------------------------------------ why this date?


def reason(config: Tickets, why: Why) -> Reason:
    """Say how a clock's moment was reached."""
    steps = [_step(config, step) for step in why.steps]
    return Reason(why.clock, why.due, steps, list(why.before))


def _step(config: Tickets, step: Step) -> str:
    return _STEPS[step.kind](config, step)


def _at(at: datetime | None) -> str:
    return i18n.moment(at, language(), floor().city.zone)


def _exact(length: timedelta) -> str:
    if length < _HOUR:
        return span(length)
    minutes = round(length / _MINUTE)
    return t("tickets.span.exact", hours=minutes // 60, minutes=f"{minutes % 60:02}")


def _hours(hours: float) -> str:
    return i18n.number(hours, language(), 0 if hours == int(hours) else 2)


def _start(_: Tickets, step: Step) -> str:
    return t(f"tickets.why.start.{step.about}", at=_at(step.start))


def _wanted(config: Tickets, step: Step) -> str:
    hours = _hours(step.hours or 0)
    if step.calendar == ALWAYS:
        return t("tickets.why.wanted_always", hours=hours, setting=_by(config, step.about))
    title = config.calendar_title(step.calendar)
    name = title.for_(language()) if title else step.calendar
    return t("tickets.why.wanted", hours=hours, calendar=name, setting=_by(config, step.about))


def _by(config: Tickets, setting: str) -> str:
    """What gives so many hours, as people call it; a setting that is none any more as it was."""
    match setting.split("."):
        case ["categories", id_, _]:
            return t("tickets.why.by.category", name=category(config, id_))
        case ["deadlines", _, priority]:
            return t("tickets.why.by.priority", name=t(f"tickets.priority.{priority}"))
        case ["resolve_hours", kind]:
            return t("tickets.why.by.kind", name=t(f"tickets.kind.{kind}"))
        case _:
            return setting


def _stretch(_: Tickets, step: Step) -> str:
    assert step.start is not None
    assert step.end is not None
    length = _exact(step.end - step.start)
    return t(f"tickets.why.{step.kind}", start=_at(step.start), end=_at(step.end), length=length)


def _holiday(_: Tickets, step: Step) -> str:
    names = dict(step.names)
    name = names.get(language()) or names.get("en") or t("tickets.why.closed_day")
    return t("tickets.why.holiday", day=i18n.day(step.day, language()), name=name)


def _result(_: Tickets, step: Step) -> str:
    return t("tickets.why.result", at=_at(step.start))


_STEPS: Mapping[StepKind, Callable[[Tickets, Step], str]] = {
    StepKind.START: _start,
    StepKind.WANTED: _wanted,
    StepKind.COUNTED: _stretch,
    StepKind.CLOSED: _stretch,
    StepKind.HOLIDAY: _holiday,
    StepKind.PAUSED: _stretch,
    StepKind.RESULT: _result,
}
