"""From tickets to matters as the rules look at them: what about, where, how many callers."""

import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.config import LocalText
from tickets.categories import service as suggestions
from tickets.categories import versions
from tickets.config import Tickets
from tickets.incidents import rules
from tickets.incidents.rules import Matter
from tickets.matters.service import who_came
from tickets.models import Ticket, TicketPlace
from tickets.places.areas import Area, Point, fold
from tickets.places.rules import Box, Pin
from tickets.workflow import State

#: So many judged texts are remembered by a process: those of a night.
_REMEMBERED = 4000
#: A soi that has a number only: it is no point of the city's file, and yet always the same street.
_NUMBERED = re.compile(r"(ซอย|ซ\.|\bsoi)\s*(\d{1,3}(?:/\d{1,2})?)", re.IGNORECASE)


# ------------------------------------------------------------------ what can happen


@dataclass(frozen=True)
class Named:
    """Ids of what somebody's words name."""

    streets: frozenset[str]
    marks: frozenset[str]
    area: str | None


@dataclass(frozen=True)
class Judged:
    """What words say: the weight of each topic, and what they name."""

    topics: Mapping[str, float]
    named: Named


@dataclass(frozen=True, eq=False)
class Topics:
    """What a burst can be about: the happenings of config.yaml, and each category that none has."""

    config: Tickets

    @cached_property
    def category_of(self) -> Mapping[str, str]:
        """The category of each topic, in the order of config.yaml."""
        happenings = self.config.incidents.happenings
        found = {id_: each.category for id_, each in happenings.items()}
        own = set(found.values())
        return found | {id_: id_ for id_ in self.config.categories if id_ not in own}

    @cached_property
    def alike(self) -> Mapping[str, Collection[str]]:
        """Categories that are chosen for a topic in haste."""
        return {id_: each.alike for id_, each in self.config.incidents.happenings.items()}

    @cached_property
    def _words(self) -> list[tuple[str, str]]:
        happenings = self.config.incidents.happenings
        named = [(fold(word), id_) for id_, each in happenings.items() for word in each.words]
        return sorted(named, key=lambda pair: -len(pair[0]))

    def said_in(self, text: str) -> set[str]:
        """Return the topics of which these words speak; what stands in a longer one is not told."""
        folded, found = fold(text), set()
        for word, topic in self._words:
            if word in folded:
                found.add(topic)
                folded = folded.replace(word, "\n")
        return found

    def judge(
        self, session: Session, model: int, category: str | None, text: str, address: str
    ) -> "Judged":
        """Say what a ticket is about and what street it names; each is judged once by a process."""
        said = "\0".join((str(model), category or "", text, address))
        key = blake2b(said.encode(), digest_size=16).digest()
        known = self._judged.get(key)
        if known is None:
            found = suggestions.suggest(session, self.config, text) if text else None
            items = found.items if found else ()
            known = Judged(
                rules.topics(
                    chosen=category,
                    said=self.said_in(text),
                    shares={each.category: each.share for each in items if each.share is not None},
                    alike=self.alike,
                    category_of=self.category_of,
                ),
                named_in(self.config, f"{text}\n{address}"),
            )
            self._judged[key] = known
            if len(self._judged) > _REMEMBERED:
                self._judged.popitem(last=False)
        return known

    @cached_property
    def _judged(self) -> "OrderedDict[bytes, Judged]":
        """By the digest of what was judged: nobody's words are kept here."""
        return OrderedDict()

    def title(self, topic: str) -> LocalText | None:
        """Return what is told of a topic; None for one that has left config.yaml."""
        happening = self.config.incidents.happenings.get(topic)
        if happening is not None:
            return happening.title
        category = self.config.categories.get(topic)
        return category.title if category else None

    def category(self, topic: str) -> str | None:
        """Return the category of a topic; None for one that has left config.yaml."""
        found = self.category_of.get(topic, topic)
        return found if found in self.config.categories else None


_topics: dict[int, Topics] = {}


def topics_of(config: Tickets) -> Topics:
    """Return the topics of a file, with what has been judged by them in this process."""
    known = _topics.get(id(config))
    if known is None:
        if len(_topics) > 8:
            _topics.clear()
        _topics[id(config)] = known = Topics(config)  # it holds the file, so that the id is its own
    return known


# ------------------------------------------------------------------ where it is


def named_in(config: Tickets, words: str) -> Named:
    """Return the streets, landmarks and the sub-district that words name."""
    streets, marks, areas = set(), set(), []
    for hit in config.areas.found_in(words):
        if isinstance(hit.named, Area):
            areas.append(hit.named.id)
        elif hit.named.kind == "landmark":
            marks.add(hit.named.id)
        else:
            streets.add(hit.named.id)
    if not any((point := point_of(config, each)) and point.kind == "soi" for each in streets):
        streets |= {f"soi {number}" for _, number in _NUMBERED.findall(words)}
    return Named(frozenset(streets), frozenset(marks), areas[0] if areas else None)


def known_pin(config: Tickets, streets: frozenset[str]) -> Pin | None:
    """Return where a street is, when exactly one of these has a point of its own."""
    pins = [each.pin for each in config.areas.points if each.id in streets]
    return pins[0] if len(pins) == 1 else None


def point_of(config: Tickets, id_: str) -> Point | None:
    """Return a main point by its id."""
    return next((each for each in config.areas.points if each.id == id_), None)


def street_title(config: Tickets, id_: str, language: str) -> str:
    """Return the name of a street."""
    point = point_of(config, id_)
    if point is not None:
        return point.name(language)
    number = id_.removeprefix("soi ")
    return f"ซอย {number}" if language == "th" else f"Soi {number}"


# ------------------------------------------------------------------ tickets as matters

#: What is told in confidence joins nothing, nor what was withdrawn or is worked on elsewhere.
COUNTS = sa.and_(Ticket.private == sa.false(), Ticket.state != State.CANCELLED.value)


_PLACE: Final = (
    TicketPlace.latitude,
    TicketPlace.longitude,
    TicketPlace.written,
    TicketPlace.soi,
    TicketPlace.road,
    TicketPlace.address,
    TicketPlace.landmark,
)


def matters(session: Session, config: Tickets, where: sa.ColumnElement[bool]) -> list[Matter]:
    """Return the tickets for which a condition holds, as matters, by their ids."""
    rows = session.execute(
        sa.select(
            Ticket.id,
            Ticket.received_at,
            Ticket.text,
            Ticket.category,
            Ticket.area,
            *_PLACE,
        )
        .outerjoin(TicketPlace, TicketPlace.ticket_id == Ticket.id)
        .where(COUNTS, where)
        .order_by(Ticket.id)
    ).all()
    if not rows:
        return []
    model = versions.current(session).model_id
    came = who_came(session, [row.id for row in rows])
    topics = topics_of(config)
    found = []
    for row in rows:
        judged = topics.judge(session, model, row.category, row.text, _address(row))
        pin = None
        if row.latitude is not None and row.longitude is not None:
            pin = Pin(row.latitude, row.longitude)
        found.append(
            Matter(
                id=row.id,
                at=row.received_at,
                topics=judged.topics,
                pin=pin,
                streets=judged.named.streets,
                marks=judged.named.marks,
                area=row.written or row.area or judged.named.area,
                came=came[row.id],
            )
        )
    return found


def _address(row: Any) -> str:
    """The words of a place; a soi of a number alone is written as a street."""
    if row.soi is None:
        return ""
    soi = f"ซอย{row.soi}" if row.soi[:1].isdigit() else row.soi
    return "\n".join(each for each in (soi, row.road, row.address, row.landmark) if each)


def usual(
    session: Session,
    config: Tickets,
    burst: rules.Burst,
    box: Box | None,
    now: datetime,
) -> float:
    """Return how many callers such a place usually has with such matters in a window at this hour:
    in the box around the middle, without one in the sub-district, else in the whole city.
    """
    incidents, topics = config.incidents, topics_of(config)
    since = now - timedelta(days=incidents.usual_days)
    category = topics.category(burst.scene.topic)
    about = [category, *topics.alike.get(burst.scene.topic, ())]
    first = min(each.at for each in burst.members)
    query = sa.select(Ticket.received_at).where(
        Ticket.received_at >= since, Ticket.received_at < first, Ticket.category.in_(about)
    )
    if box is not None:
        query = query.join(TicketPlace, TicketPlace.ticket_id == Ticket.id).where(
            TicketPlace.latitude.between(box.south, box.north),
            TicketPlace.longitude.between(box.west, box.east),
        )
    elif burst.scene.area is not None:
        query = query.where(Ticket.area == burst.scene.area)
    times: Iterable[datetime] = session.scalars(query)
    return rules.usual(times, now, config.zone, incidents.usual_days, incidents.minutes)
