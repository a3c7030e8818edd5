"""The `tickets:` section of config.yaml: divisions, categories, outcomes, deadlines."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, StringConstraints, ValidationError

from hotline import clock
from hotline.config import (
    ANY_TEXT,
    NO_NAME,
    Calendar,
    City,
    DialNumber,
    Identifier,
    Length,
    LocalText,
    Section,
    length_of,
)
from hotline.errors import Fault
from tickets.citizen_config import Citizens, Sms
from tickets.deadlines import (
    ALWAYS,
    Clock,
    Office,
    Promises,
    Usual,
    Wanted,
    counts_every_hour,
    wanted,
)
from tickets.field.config import FieldPage
from tickets.files.config import Files
from tickets.incidents.config import Incidents
from tickets.matters.config import Duplicates
from tickets.places.areas import Areas
from tickets.places.config import Places
from tickets.protection import Contact
from tickets.units.config import Units
from tickets.workflow import RESULTS_OF_KIND, Kind, Priority, Result

Hours = Annotated[float, Field(gt=0, le=24 * 366)]
Username = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Key = Annotated[str, StringConstraints(pattern=r"^[1-9]$")]


class Division(Section):
    """A part of the city that answers for tickets, and who does so by name."""

    title: LocalText
    administrators: tuple[Username, ...] = ()
    #: Where callers are put through to it; None: nowhere.
    telephone: DialNumber | None = None
    #: Who has what is in an area (an id of `places.areas`): a division that is a part of this one.
    #: What is nowhere, or in an area that is not named, stays with this one.
    areas: dict[str, Identifier] = Field(default_factory=dict)


class Agency(Section):
    """Somebody outside the city to whom matters are handed: the city still owes the answer."""

    title: LocalText
    #: Where it is asked; None: not by telephone.
    telephone: DialNumber | None = None
    #: Every so many days it is asked again, until it has answered.
    chase_days: Annotated[int, Field(ge=1, le=60)] = 7


class Retention(Section):
    """How long what is known of a ticket is kept; a step without a length is never taken."""

    #: An open one in which nobody has done anything for so long is closed, and announced before.
    close: Length | None = None
    announce: Length = "14 days"
    #: After its closing: nobody's name and number are left in it; no words are left in it.
    anonymise: Length | None = None
    delete: Length | None = None

    def faults(self) -> Iterator[Fault]:
        if self.anonymise and self.delete:
            start = datetime(2000, 1, 1, tzinfo=UTC)
            if start + length_of(self.delete) < start + length_of(self.anonymise):
                yield Fault("delete", f"{self.delete} are less than {self.anonymise}", "anonymise")


class Category(Section):
    """What a matter is about; it decides whose it is and how long it may take."""

    title: LocalText
    division: Identifier
    acknowledge_hours: Hours | None = None
    update_hours: Hours | None = None
    resolve_hours: Hours | None = None
    #: Whose hours are counted: one of `city.calendars`, or `always`; None: as `deadlines` says.
    calendar: Identifier | None = None
    priority: Priority = Priority.NORMAL
    #: Read only by its own division, supervisors and managers (a complaint about staff, say).
    private: bool = False
    #: It is closed as fixed only with a photo of what was done.
    after_photo: bool = False
    #: Who may see the caller of such a ticket.
    contact: Contact = Contact.DIVISION
    #: How long what is known of it is kept; None: as `tickets.retention` has it.
    retention: Retention | None = None
    #: Within what it is looked for whether somebody came with it already; None: as
    #: `tickets.duplicates` has it.
    duplicates: Duplicates | None = None
    #: What the same matter is called elsewhere: other cities' data, callers' own words.
    aliases: tuple[str, ...] = ()


class Makes(StrEnum):
    """What an outcome does to the call's ticket."""

    CLOSED_INQUIRY = "closed_inquiry"
    OPEN_TICKET = "open_ticket"
    LINK = "link"


class Asked(StrEnum):
    """Whether an outcome asks the agent for something."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class Outcome(Section):
    """How an agent says that a call ended, with one key of the keyboard."""

    id: Identifier
    key: Key
    title: LocalText
    makes: Makes
    kind: Kind | None = None
    category: Asked = Asked.NONE
    #: How a ticket that is closed at birth ended.
    result: Result = Result.ANSWERED
    #: Taken when the agent gave none within the wrap-up limit; that ticket is marked incomplete.
    default: bool = False


class Told(StrEnum):
    """To whom a level of the escalation goes: the division's administrators, or all of a role."""

    DIVISION = "division"
    CENTRAL_DESK = "central_desk"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


class Level(Section):
    """One step of the escalation of a ticket whose clock has run out."""

    #: Since the first of its clocks ran out; every hour counts.
    after_hours: Annotated[float, Field(ge=0, le=24 * 366)]
    to: Told


class Deadlines(Section):
    """The three clocks of a ticket; a clock without hours does not run."""

    #: Whose hours are counted, where the category does not say.
    calendar: Identifier = ALWAYS
    acknowledge: dict[Priority, Hours] = Field(default_factory=dict)
    update: dict[Priority, Hours] = Field(default_factory=dict)
    #: For what is more urgent than its category is used to.
    resolve: dict[Priority, Hours] = Field(default_factory=dict)

    @property
    def by_priority(self) -> dict[Clock, dict[Priority, float]]:
        """The hours of each clock by priority."""
        return {
            Clock.ACKNOWLEDGE: self.acknowledge,
            Clock.UPDATE: self.update,
            Clock.RESOLVE: self.resolve,
        }

    def faults(self) -> Iterator[Fault]:
        for which, hours in self.by_priority.items():
            if hours and which is not Clock.RESOLVE:
                for priority in Priority:
                    if priority not in hours:
                        yield Fault(f"{which}.{priority}", "has no hours")
            given = [(each, hours[each]) for each in Priority if each in hours]
            for (calm, longer), (urgent, shorter) in pairwise(given):
                if shorter > longer:
                    yield Fault(
                        f"{which}.{urgent}",
                        f"{shorter:g} hours are more than those of {calm}",
                        f"{which}.{calm}",
                    )


class Tickets(Section):
    """The whole section."""

    stand_ins: ClassVar[Mapping[str, Any]] = {
        "divisions": {},
        "divisions.*.title": ANY_TEXT,
        "central_desk": NO_NAME,
        "resolve_hours": {},
        "categories": {},
        "categories.*.title": ANY_TEXT,
        "categories.*.division": NO_NAME,
        "outcomes": [],
        "outcomes.*.title": ANY_TEXT,
        "agencies.*.title": ANY_TEXT,
        "units.fleet.*.title": ANY_TEXT,
        "sms.texts": {},
        "sms.texts.*": ANY_TEXT,
        "incidents.happenings.*.title": ANY_TEXT,
        "incidents.happenings.*.category": NO_NAME,
    }

    divisions: dict[Identifier, Division]
    #: The division that owns what nobody else does.
    central_desk: Identifier
    #: Hours to resolve by kind, where the category sets none.
    resolve_hours: dict[Kind, Hours]
    deadlines: Deadlines = Deadlines()
    #: Who is told that a clock has run out, one after the other until it is made good.
    escalation: tuple[Level, ...] = ()
    #: How long tickets are kept, where the category does not say.
    retention: Retention = Retention()
    categories: dict[Identifier, Category]
    outcomes: tuple[Outcome, ...]
    #: What citizens can do by themselves.
    citizens: Citizens = Citizens()
    #: What they are told by SMS; None: nothing.
    sms: Sms | None = None
    files: Files = Files()
    #: What crews have on their telephones.
    field: FieldPage = FieldPage()
    #: Who outside the city is handed matters.
    agencies: dict[Identifier, Agency] = Field(default_factory=dict)
    places: Places = Places()
    #: Within what the same matter is looked for, where the category does not say.
    duplicates: Duplicates = Duplicates()
    units: Units = Units()
    #: When many calls are one thing that happened.
    incidents: Incidents = Incidents()

    #: Whose calendars, holidays and time zone are counted with.
    _city: City | None = PrivateAttr(default=None)
    _areas: Areas = PrivateAttr(default_factory=Areas)

    def in_city(self, city: City) -> Self:
        """Return the same with the city whose calendars it names."""
        bound = self.model_copy()
        bound._city = city
        return bound

    def with_areas(self, areas: Areas) -> Self:
        """Return the same with the areas of the file that `places` names."""
        bound = self.model_copy()
        bound._areas = areas
        return bound

    @property
    def areas(self) -> Areas:
        """The areas of the city and its neighbours."""
        return self._areas

    def day(self, now: datetime) -> date:
        """Return the day of a moment where the city is (without a city: in UTC)."""
        return clock.local_day(now, self.zone)

    def end_of(self, day: date) -> datetime:
        """Return the first moment that is not of a day of the city any more."""
        return clock.midnight(day + timedelta(days=1), self.zone)

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone (without a city: UTC)."""
        return self._city.zone if self._city else ZoneInfo("UTC")

    def office(self, kind: Kind, priority: Priority, category: str | None) -> Office | None:
        """Return whose hours the clocks of such a ticket count; None: every hour."""
        if counts_every_hour(kind, priority):
            return None
        known = self.categories.get(category or "")
        name = (known.calendar if known else None) or self.deadlines.calendar
        if name == ALWAYS:
            return None
        assert self._city is not None, f"the calendar {name} of which city?"
        city = self._city
        return Office(name, city.calendars[name], city.holidays, city.zone)

    def calendar_title(self, name: str) -> LocalText | None:
        """Return the title of a calendar of the city; None for one that it does not have."""
        known = self._city.calendars.get(name) if self._city else None
        return known.title if known else None

    def hours(self, kind: Kind, priority: Priority, category: str | None) -> dict[Clock, Wanted]:
        """Return the hours of each clock that such a ticket has."""
        promises = Promises(self.deadlines.by_priority, self.resolve_hours)
        usual = self._usual(category)
        found = ((each, wanted(each, kind, priority, usual, promises)) for each in Clock)
        return {which: each for which, each in found if each is not None}

    def _usual(self, category: str | None) -> Usual | None:
        known = self.categories.get(category or "")
        if category is None or known is None:
            return None
        own = {
            Clock.ACKNOWLEDGE: known.acknowledge_hours,
            Clock.UPDATE: known.update_hours,
            Clock.RESOLVE: known.resolve_hours,
        }
        hours = {which: each for which, each in own.items() if each is not None}
        return Usual(category, known.priority, hours)

    def retention_of(self, category: str | None) -> Retention:
        """Return how long a ticket of this category is kept."""
        known = self.categories.get(category or "")
        return (known.retention if known else None) or self.retention

    def duplicates_of(self, category: str | None) -> Duplicates:
        """Return within what the same matter is looked for."""
        known = self.categories.get(category or "")
        return (known.duplicates if known else None) or self.duplicates

    def contact_of(self, category: str | None) -> Contact:
        """Return who may see the caller of a ticket of this category."""
        known = self.categories.get(category or "")
        return known.contact if known else Contact.DIVISION

    @property
    def default_outcome(self) -> Outcome:
        """The outcome of a call whose agent gave none."""
        return next(outcome for outcome in self.outcomes if outcome.default)

    def outcome(self, id_: str | None) -> Outcome | None:
        """Return the outcome called `id_`, or None."""
        return next((outcome for outcome in self.outcomes if outcome.id == id_), None)

    def division_of(self, category: str | None, area: str | None = None) -> str:
        """Return the division that owns a category, in an area where that is split by area; the
        central desk owns what has none.
        """
        known = self.categories.get(category) if category else None
        return self.in_area(known.division if known else self.central_desk, area)

    def in_area(self, division: str, area: str | None) -> str:
        """Return who of a division, or of the one that it is a part of, has what is in an area."""
        whole = self.whole_of(division) or division
        known = self.divisions.get(whole)
        return known.areas.get(area or "", whole) if known else division

    def whole_of(self, division: str) -> str | None:
        """Return the division that another one is a part of by area; None: it is none."""
        return next(
            (id_ for id_, each in self.divisions.items() if division in each.areas.values()), None
        )

    def divisions_of(self, username: str) -> frozenset[str]:
        """Return the divisions that somebody is an administrator of."""
        return frozenset(
            id_ for id_, each in self.divisions.items() if username in each.administrators
        )

    def faults(self) -> Iterator[Fault]:
        """Yield what no single field can see; such a file must not start."""
        if self.central_desk not in self.divisions:
            yield Fault(
                "central_desk",
                f'no such division "{self.central_desk}"',
                f"divisions.{self.central_desk}",
            )
        for kind in Kind:
            if kind not in self.resolve_hours:
                yield Fault(f"resolve_hours.{kind}", "has no hours")
        for fault in self.deadlines.faults():
            yield _within("deadlines", fault)
        yield from self._retention_faults()
        yield from self._clock_faults()
        for fault in self.sms.faults() if self.sms else ():
            yield _within("sms", fault)
        for n, (lower, higher) in enumerate(pairwise(self.escalation), 1):
            if higher.after_hours <= lower.after_hours:
                yield Fault(
                    f"escalation.{n}.after_hours",
                    "is not later than the level before it",
                    f"escalation.{n - 1}.after_hours",
                )
        yield from self._category_faults()
        yield from self._part_faults()
        yield from self._outcome_faults()

    def warnings(self) -> Iterator[Fault]:
        """Yield what may start but will go wrong: divisions that nobody answers for."""
        for id_, division in self.divisions.items():
            if not division.administrators:
                yield Fault(f"divisions.{id_}.administrators", "nobody answers for this division")

    def faults_beside(self, calendars: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield what is wrong beside `city.calendars`, as they stand in the file."""
        named = {"deadlines.calendar": self.deadlines.calendar}
        for id_, category in self.categories.items():
            if category.calendar is not None:
                named[f"categories.{id_}.calendar"] = category.calendar
        for path, name in named.items():
            if name == ALWAYS:
                continue
            if name not in calendars:
                yield Fault(path, f'no such calendar "{name}" (nor is it "{ALWAYS}")')
            elif not _opens(calendars[name]):
                yield Fault(
                    path, f'the calendar "{name}" has less than {_LEAST_WEEK // 60} hours in a week'
                )

    def _retention_faults(self) -> Iterator[Fault]:
        own = {f"categories.{id_}.": each.retention for id_, each in self.categories.items()}
        for place, kept in {"": self.retention, **own}.items():
            for fault in kept.faults() if kept else ():
                yield _within(f"{place}retention", fault)

    def faults_of_areas(self, areas: Areas) -> Iterator[Fault]:
        """Yield what divisions name beside the areas that there are."""
        own = {area.id for area in areas.of_city()}
        for id_, division in self.divisions.items():
            for area in division.areas:
                if area not in own:
                    yield Fault(
                        f"divisions.{id_}.areas.{area}", f'no such area "{area}"', "places.areas"
                    )

    def _part_faults(self) -> Iterator[Fault]:
        """Yield what is wrong with the parts of divisions: one level of them, and each of one."""
        whole: dict[str, str] = {}
        for id_, division in self.divisions.items():
            for area, part in division.areas.items():
                path = f"divisions.{id_}.areas.{area}"
                if part not in self.divisions:
                    yield Fault(path, f'no such division "{part}"', f"divisions.{part}")
                elif part == id_:
                    yield Fault(path, "is the division itself: leave the area out")
                elif self.divisions[part].areas:
                    yield Fault(path, f'"{part}" is split by area itself')
                elif whole.setdefault(part, id_) != id_:
                    yield Fault(path, f'"{part}" is a part of "{whole[part]}" already')

    def _clock_faults(self) -> Iterator[Fault]:
        for id_, category in self.categories.items():
            acknowledge, resolve = category.acknowledge_hours, category.resolve_hours
            if acknowledge is not None and resolve is not None and acknowledge > resolve:
                yield Fault(
                    f"categories.{id_}.acknowledge_hours",
                    f"{acknowledge:g} hours are more than it has to be resolved ({resolve:g})",
                    f"categories.{id_}.resolve_hours",
                )

    def _category_faults(self) -> Iterator[Fault]:
        for fault in self.units.faults_in(self.divisions, self.categories):
            yield Fault(f"units.{fault.path}", fault.message, fault.follows)
        for fault in self.incidents.faults_beside(self.categories):
            yield _within("incidents", fault)
        for id_, category in self.categories.items():
            if category.division not in self.divisions:
                yield Fault(
                    f"categories.{id_}.division",
                    f'no such division "{category.division}"',
                    f"divisions.{category.division}",
                )
        # what a matter is called is its title as well (`tickets.categories.names`)
        titles = (
            (t, id_) for id_, each in self.categories.items() for t in each.title.root.values()
        )
        owners = {title.casefold(): id_ for title, id_ in titles}
        for id_, category in self.categories.items():
            for alias in category.aliases:
                owner = owners.setdefault(alias.casefold(), id_)
                if owner != id_:
                    yield Fault(f"categories.{id_}.aliases", f'"{alias}" is {owner}\'s already')

    def _outcome_faults(self) -> Iterator[Fault]:
        yield from _repeated("id", (outcome.id for outcome in self.outcomes))
        yield from _repeated("key", (outcome.key for outcome in self.outcomes))
        for n, outcome in enumerate(self.outcomes):
            for fault in _faults_of(outcome):
                yield Fault(f"outcomes.{n}.{fault.path}", fault.message)
        defaults = [outcome.id for outcome in self.outcomes if outcome.default]
        if len(defaults) != 1:
            named = ", ".join(defaults) or "none"
            yield Fault(
                "outcomes",
                f"exactly one outcome must be the default ({named} is)",
                # with one too many, none that could not be read would make it right
                follows="" if defaults else "outcomes",
            )


#: So many open minutes in the week at least: a year of hours is then counted within the horizon.
_LEAST_WEEK = 20 * 60


def _opens(calendar: Any) -> bool:
    """Say whether a calendar of the file has hours enough; of a faulty one its own faults tell."""
    try:
        week = Calendar.model_validate(calendar).hours.weekly
    except ValidationError:
        return True
    return sum(span.end - span.start for day in week for span in day) >= _LEAST_WEEK


def _within(place: str, fault: Fault) -> Fault:
    follows = f"{place}.{fault.follows}" if fault.follows else ""
    return Fault(f"{place}.{fault.path}", fault.message, follows)


def _repeated(field: str, values: Iterable[str]) -> Iterator[Fault]:
    for value, times in Counter(values).items():
        if times > 1:
            yield Fault("outcomes", f'the {field} "{value}" stands {times} times')


def _faults_of(outcome: Outcome) -> Iterator[Fault]:
    if outcome.makes is Makes.LINK:
        if outcome.default:
            yield Fault("default", "without the agent nobody knows which ticket to link")
        return
    if outcome.kind is None:
        yield Fault("kind", "a ticket that is made needs a kind")
    elif (
        outcome.makes is Makes.CLOSED_INQUIRY
        and outcome.result not in RESULTS_OF_KIND[outcome.kind]
    ):
        yield Fault("result", f'"{outcome.result}" is no result of kind "{outcome.kind}"')
    if outcome.default and outcome.category is Asked.REQUIRED:
        yield Fault("default", "it requires a category, which nobody will have given")
