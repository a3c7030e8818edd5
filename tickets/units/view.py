"""What the pages say of units: why one is suggested, how old a position is, a ticket's panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy.orm import Session

from hotline import i18n
from hotline.web import language, t
from tickets import words
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.places import shown
from tickets.service import names_of
from tickets.units import rules, service
from tickets.units.facts import DispatchFacts, UnitFacts
from tickets.units.rules import Standing, Suggestion

_MINUTE = timedelta(minutes=1)


def title(unit: UnitFacts) -> str:
    """Return a unit's name in the reader's language."""
    return unit.title.get(language()) or unit.title["en"]


def ago(length: timedelta) -> str:
    """Say how long ago something was."""
    if length < _MINUTE:
        return t("tickets.unit.moment")
    return t("tickets.unit.ago", span=words.span(length))


def position(age: timedelta | None, *, old: bool) -> str:
    """Say of when a position is; an old one is said to be old."""
    if age is None:
        return t("tickets.unit.no_position")
    if old:
        return t("tickets.unit.position_old", ago=ago(age))
    if age < _MINUTE:
        return t("tickets.unit.position_now")
    return t("tickets.unit.position", ago=ago(age))


def why(each: Suggestion, ticket: TicketFacts) -> str:
    """Say why a unit stands where it does among those that could go."""
    free = each.standing is Standing.FREE
    parts = [
        t("tickets.unit.free_now")
        if free
        else t("tickets.unit.busy_with", n=i18n.number(each.jobs, language()))
    ]
    if each.metres is not None:
        parts.append(shown.metres(each.metres))
    parts.append(position(each.age, old=each.old))
    if each.age is not None and each.metres is None:
        parts.append(t("tickets.unit.no_pin"))
    if each.speaks and ticket.language != "th":
        name = i18n.language_name(ticket.language, language())
        parts.append(t("tickets.unit.speaks", name=name))
    if not each.fits:
        parts.append(t("tickets.unit.other_work"))
    return " · ".join(parts)


def clock_of(job: DispatchFacts, now: datetime) -> tuple[str, str]:
    """Return the tone (`late`, `soon` or empty) and words of a job's clock; empty once answered."""
    if job.state is not rules.State.SENT:
        return "", ""
    left = job.acknowledge_due_at - now
    if left < timedelta(0):
        return "late", t("tickets.unit.answer_late", span=words.span(-left))
    return "soon", t("tickets.unit.answer_by", span=words.span(left + _MINUTE))


def key() -> str:
    """Return what marks one form: pressed twice it is one word."""
    return token_urlsafe(12)


@dataclass(frozen=True)
class Panel:
    """A ticket's units, as its page shows them; `asked`: since when, by whom, with which words."""

    jobs: Sequence[DispatchFacts]
    asked: tuple[datetime, str, str] | None
    suggestions: Sequence[Suggestion]
    fleet: dict[str, UnitFacts]
    names: dict[str, str]
    may_send: bool
    may_ask: bool

    @property
    def is_there(self) -> bool:
        """A unit has it to do now."""
        return any(each.is_open for each in self.jobs)

    @property
    def shows(self) -> bool:
        """There is something to say or to do."""
        return bool(self.jobs or self.may_send or self.may_ask)


def panel(
    session: Session, config: Tickets, ticket: TicketFacts, actor: Actor, now: datetime
) -> Panel:
    """Return what a ticket's page says of units."""
    may_send = service.may_send(actor, ticket)
    jobs = service.of_ticket(session, ticket)
    asked = service.asked_for(session, ticket)
    found = service.suggestions(session, config, ticket, now) if may_send else []
    people = {each.sent_by for each in jobs} | ({asked[1]} if asked else set())
    return Panel(
        jobs=jobs,
        asked=asked,
        suggestions=found,
        fleet={each.code: each for each in service.units(session)} if may_send else {},
        names=names_of(session, people),
        may_send=may_send,
        may_ask=service.may_ask(actor, ticket),
    )
