"""What a step asks of the world, answered from the database, the city's calendars and the webhook.

Each question opens a short reading session of its own, so that a step that asks nothing (by far the
most) reads nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from agents import service as agents
from hotline import calendars, clock, telephones
from hotline.floor import Floor
from ivr import bulletins, calls, nuisance
from ivr.callbacks import rows as callback_rows
from ivr.callbacks import service as callbacks
from ivr.config import Ivr
from ivr.nodes.base import LineState, Notice, PlaceKept, TicketSeen
from ivr.room import waiting
from tickets import service as tickets

A = TypeVar("A")


class CallWorld:
    """The world as one webhook of one call finds it. `form` is what the carrier sent."""

    def __init__(self, floor: Floor, form: Mapping[str, str], call_id: int | None = None) -> None:
        self._floor = floor
        self._form = form
        self._call_id = call_id
        self._config = floor.section(Ivr)
        self._utc = clock.now()
        self.now = clock.local(self._utc, floor.city.zone)

    def _ask(self, what: Callable[[Session], A]) -> A:
        with self._floor.db.read() as session:
            return what(session)

    # ---- who calls

    def caller(self) -> str:
        number = self._form.get("From", "")
        return "" if calls.is_withheld(number) else number

    def language_dialled(self) -> str | None:
        known = self._config.numbers.get(self._form.get("To", ""))
        return None if known is None else known.language

    def spoken_before(self) -> str | None:
        days = self._config.arrivals.remember_language
        if not self.caller() or not days:
            return None
        since = self._utc - timedelta(days=days)
        return self._ask(
            lambda session: calls.language_before(session, self.caller(), since, self._call_id)
        )

    def blocked(self) -> bool:
        if not self.caller():
            return False
        found = self._ask(lambda session: nuisance.blocked(session, self.caller(), self._utc))
        return found is not None

    def place_kept(self) -> PlaceKept | None:
        within = self._config.arrivals.resume_within
        if not self.caller() or not within:
            return None
        since = self._utc - timedelta(seconds=within)
        stay = self._ask(lambda session: waiting.abandoned_place(session, self.caller(), since))
        return None if stay is None else PlaceKept(stay.node, stay.language)

    def callback_pending(self) -> bool:
        if not self.caller():
            return False
        found = self._ask(lambda session: callbacks.pending_for(session, self.caller()))
        return found is not None

    def holds_place(self) -> bool:
        if self._call_id is None:
            return False
        call_id = self._call_id
        return self._ask(lambda session: waiting.holds_place(session, call_id))

    def calls_from(self) -> datetime | None:
        at = callback_rows.calling_hours(self._floor).pause_after(self._utc)
        return None if at is None else clock.local(at, self._floor.city.zone)

    def telephone(self, digits: str) -> str | None:
        number = telephones.kept(digits, self._floor.city.country)
        may = number is not None and callbacks.may_call(self._config.callbacks, number)
        return number if may else None

    # ---- the city

    def is_open(self, calendar: str) -> bool:
        known = self._floor.city.calendars[calendar]
        return calendars.is_open(known, self.now, self._floor.city.holidays)

    def opens(self, calendar: str) -> datetime | None:
        known = self._floor.city.calendars[calendar]
        return calendars.next_opening(known, self.now, self._floor.city.holidays)

    def bulletins(self, place: str) -> tuple[Notice, ...]:
        on_air = self._ask(lambda session: bulletins.on_air(session, place, self._utc))
        return tuple(Notice(each.id, tuple(each.texts.items())) for each in on_air)

    def ticket(self, number: str) -> TicketSeen | None:
        seen = self._ask(lambda session: tickets.as_citizens_see(session, number))
        if seen is None:
            return None
        zone = self._floor.city.zone
        return TicketSeen(
            number=seen.number,
            state=seen.state,
            division=tuple(tickets.division_titles(self._floor, seen.division).items()),
            changed=clock.local(seen.changed_at, zone),
            due=None if seen.due_at is None else clock.local(seen.due_at, zone),
            news=seen.news,
            callers=tuple(each for each in seen.callers if not calls.is_withheld(each)),
        )

    def ticket_of_call(self) -> str:
        if self._call_id is None:
            return ""
        call_id = self._call_id
        found = self._ask(lambda session: tickets.ticket_of_call(session, call_id))
        return "" if found is None else found.number

    def line(self, queue: str, language: str) -> LineState:
        known = self._config.queues[queue]
        most = known.max_callers
        if most and self._ask(lambda session: waiting.count(session, queue, most)) >= most:
            return LineState.FULL
        if known.nobody is not None and not known.nobody_after:
            return self.staffed(queue, language)
        return LineState.OPEN

    def staffed(self, queue: str, language: str) -> LineState:
        """Whether anybody who could ever take such a caller is signed in."""
        skills = self._config.all_circles(queue, language)
        there = self._ask(lambda session: agents.signed_in(session, skills))
        return LineState.OPEN if there else LineState.NOBODY
