"""What is suggested, and what was chosen instead: the verbs of suggestions.

Who writes a ticket's category writes down in the same unit of work what was suggested for its text;
what is suggested decides nothing.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tickets import facts
from tickets.categories import versions
from tickets.categories.names import Names
from tickets.config import Tickets
from tickets.facts import SYSTEM, Actor, TicketFacts
from tickets.models import CategoryChoice, EventKind, Ticket, TicketEvent
from tickets.search import readable
from tickets.workflow import Result, State

if TYPE_CHECKING:
    from tickets.categories.model import Model

log = logging.getLogger(__name__)

#: So many are suggested at most.
SHOWN = 3


@dataclass(frozen=True)
class Suggested:
    """One category. `share`: how likely it is, 0 to 1; None: its name stands in the text, and the
    model has not learned it yet.
    """

    category: str
    share: float | None
    word: str = ""

    @property
    def percent(self) -> int:
        """The share as it is shown; nothing is ever certain."""
        return min(99, round((self.share or 0.0) * 100))


@dataclass(frozen=True)
class Suggestion:
    """What a text seems to be about: the likeliest first, none when nothing can be said. `words`
    are pieces of the text that spoke for the first.
    """

    model_id: int
    items: tuple[Suggested, ...] = ()
    sure: bool = False
    words: tuple[str, ...] = ()

    @property
    def first(self) -> Suggested | None:
        """The likeliest."""
        return self.items[0] if self.items else None


def suggest(session: Session, config: Tickets, text: str) -> Suggestion:
    """Say what `text` seems to be about; never refuses."""
    model_id = versions.current(session).model_id
    try:
        return suggested(versions.weights(session, model_id), model_id, config, text)
    except Exception:  # a broken model must not keep anybody from writing a ticket
        log.exception("no suggestion by the model %s", model_id)
        return Suggestion(model_id)


def suggested(model: "Model", model_id: int, config: Tickets, text: str) -> Suggestion:
    """Say what `text` seems to be about: what a model says, and what the text calls by name."""
    names = Names.of(config.categories)
    judged = model.judge(text, config.categories, names.by_name)
    items = [Suggested(each.label, each.share) for each in judged.candidates]
    # what the model knows it also knows by other words; what it does not is known by name alone
    known = set(model.labels) if judged.sure else {each.category for each in items}
    strange = set(config.categories) - known
    named = [Suggested(category, None, word) for category, word in names.said_in(text, strange)]
    if not named:
        return Suggestion(model_id, tuple(items), judged.sure, judged.words)
    # what the model has never heard of it cannot be sure against
    put_first = named[:1] if not judged.sure else []
    items = [*put_first, *items[: SHOWN - 1], *named[len(put_first) :]][:SHOWN]
    words = (put_first[0].word,) if put_first else judged.words
    return Suggestion(model_id, tuple(items), judged.sure and not put_first, words)


def note_choice(
    session: Session,
    config: Tickets,
    ticket: TicketFacts,
    how: EventKind,
    *,
    by: str,
    now: datetime,
) -> None:
    """Write down what is suggested for a ticket's text, now that somebody has said what it is."""
    if by == SYSTEM or ticket.incomplete or ticket.category is None or not ticket.text:
        return
    found = suggest(session, config, ticket.text)
    first = found.first
    session.add(
        CategoryChoice(
            ticket_id=ticket.id,
            at=now,
            by=by,
            how=how.value,
            model_id=found.model_id,
            first=None if first is None else first.category,
            share=None if first is None else first.share,
            sure=found.sure,
            said={"items": [[each.category, _rounded(each.share)] for each in found.items]},
            chosen=ticket.category,
        )
    )
    session.flush()


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


# ------------------------------------------------------------------ what is learned from

#: At most so many tickets teach, the newest.
MOST_LESSONS = 20_000


def lessons(session: Session, config: Tickets) -> list[tuple[str, str]]:
    """Return (text, category) of the tickets that teach, the oldest first.

    Those are complete, in a category that there still is, and accepted: somebody works on them or
    has done so, or corrected the category. What was withdrawn or not found teaches nothing, nor
    does what was told in confidence. The text is the one that stands there now: what was erased is
    not learned again.
    """
    corrected = sa.exists().where(
        TicketEvent.ticket_id == Ticket.id, TicketEvent.kind == EventKind.ROUTED.value
    )
    taken = sa.or_(
        Ticket.state.in_((State.IN_PROGRESS.value, State.DONE.value)),
        Ticket.acknowledged_at.is_not(None),
        corrected,
    )
    rows = session.execute(
        sa.select(Ticket.text, Ticket.category)
        .where(
            Ticket.category.in_(list(config.categories)),
            Ticket.text != "",
            Ticket.incomplete == sa.false(),
            Ticket.private == sa.false(),
            Ticket.state != State.CANCELLED.value,
            sa.or_(
                Ticket.result.is_(None),
                Ticket.result.not_in((Result.NOT_FOUND.value, Result.WITHDRAWN.value)),
            ),
            taken,
        )
        .order_by(Ticket.id.desc())
        .limit(MOST_LESSONS)
    ).all()
    return [(text, category) for text, category in reversed(rows) if category is not None]


# ------------------------------------------------------------------ what is mixed up


@dataclass(frozen=True)
class Outcome:
    """One ticket: what was suggested first, what was chosen first, what it is now."""

    ticket_id: int
    at: datetime
    suggested: str | None
    sure: bool
    chosen: str
    final: str


def outcomes(session: Session, actor: Actor, *, since: datetime) -> list[Outcome]:
    """Return, of every ticket whose first choice was made since then, how that ended; of those that
    the actor may read. Oldest first.
    """
    first = (
        sa.select(sa.func.min(CategoryChoice.id))
        .where(CategoryChoice.at >= since)
        .group_by(CategoryChoice.ticket_id)
    )
    rows = session.execute(
        sa.select(
            CategoryChoice.ticket_id,
            CategoryChoice.at,
            CategoryChoice.first,
            CategoryChoice.sure,
            CategoryChoice.chosen,
            Ticket.category,
        )
        .join(Ticket, Ticket.id == CategoryChoice.ticket_id)
        .where(
            CategoryChoice.id.in_(first),
            CategoryChoice.chosen.is_not(None),
            Ticket.category.is_not(None),
            readable(actor),
        )
        .order_by(CategoryChoice.id)
    )
    return [
        Outcome(id_, at, suggested, sure, chosen, final)
        for id_, at, suggested, sure, chosen, final in rows
        if chosen is not None and final is not None
    ]


def tickets_of(session: Session, ids: Sequence[int], actor: Actor) -> list[TicketFacts]:
    """Return tickets by id that the actor may read, the newest first."""
    rows = session.scalars(
        sa.select(Ticket).where(Ticket.id.in_(ids), readable(actor)).order_by(Ticket.id.desc())
    )
    return [facts.of_ticket(row) for row in rows]


@dataclass(frozen=True)
class Mixed:
    """A pair of categories that were taken for one another, one way round."""

    was: str
    final: str
    count: int


def mixed_up(found: Iterable[Outcome], of: str) -> tuple[list[Mixed], int, int]:
    """Return what became something else, the most frequent first; how many stayed; and of how many.

    `of`: `suggested` or `chosen`, what the final category is compared with.
    """
    pairs: dict[tuple[str, str], int] = {}
    for each in found:
        was = each.suggested if of == "suggested" else each.chosen
        if was is not None:
            pairs[was, each.final] = pairs.get((was, each.final), 0) + 1
    stayed = sum(count for (was, final), count in pairs.items() if was == final)
    mixed = [Mixed(a, b, count) for (a, b), count in pairs.items() if a != b]
    return sorted(mixed, key=lambda m: (-m.count, m.was, m.final)), stayed, sum(pairs.values())


@dataclass(frozen=True)
class Period:
    """How suggestions did among the tickets of a month (`2026-11`)."""

    month: str
    count: int = 0
    right: int = 0
    sure: int = 0
    sure_right: int = 0


def by_month(found: Iterable[Outcome], zone: Any) -> list[Period]:
    """Return how suggestions did, month by month of the city's time, the newest first."""
    counts: dict[str, list[int]] = {}
    for each in found:
        if each.suggested is None:
            continue
        month = f"{each.at.astimezone(zone):%Y-%m}"
        right = each.suggested == each.final
        row = counts.setdefault(month, [0, 0, 0, 0])
        for place, adds in enumerate((True, right, each.sure, each.sure and right)):
            row[place] += adds
    return [Period(month, *counts[month]) for month in sorted(counts, reverse=True)]
