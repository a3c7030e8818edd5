"""The `tickets:` section of config.yaml: divisions, categories, outcomes, deadlines."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from hotline.config import ANY_TEXT, NO_NAME, DialNumber, Identifier, LocalText, Section
from hotline.errors import Fault
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


class Category(Section):
    """What a matter is about; it decides whose it is and how long it may take."""

    title: LocalText
    division: Identifier
    resolve_hours: Hours | None = None
    priority: Priority = Priority.NORMAL
    #: Read only by its own division, supervisors and managers (a complaint about staff, say).
    private: bool = False
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
    }

    divisions: dict[Identifier, Division]
    #: The division that owns what nobody else does.
    central_desk: Identifier
    #: Hours to resolve by kind, where the category sets none.
    resolve_hours: dict[Kind, Hours]
    categories: dict[Identifier, Category]
    outcomes: tuple[Outcome, ...]

    @property
    def default_outcome(self) -> Outcome:
        """The outcome of a call whose agent gave none."""
        return next(outcome for outcome in self.outcomes if outcome.default)

    def outcome(self, id_: str | None) -> Outcome | None:
        """Return the outcome called `id_`, or None."""
        return next((outcome for outcome in self.outcomes if outcome.id == id_), None)

    def division_of(self, category: str | None) -> str:
        """Return the division that owns a category; the central desk owns what has none."""
        known = self.categories.get(category) if category else None
        return known.division if known else self.central_desk

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
        yield from self._category_faults()
        yield from self._outcome_faults()

    def warnings(self) -> Iterator[Fault]:
        """Yield what may start but will go wrong: divisions that nobody answers for."""
        for id_, division in self.divisions.items():
            if not division.administrators:
                yield Fault(f"divisions.{id_}.administrators", "nobody answers for this division")

    def _category_faults(self) -> Iterator[Fault]:
        for id_, category in self.categories.items():
            if category.division not in self.divisions:
                yield Fault(
                    f"categories.{id_}.division",
                    f'no such division "{category.division}"',
                    f"divisions.{category.division}",
                )
        owners: dict[str, str] = {}
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
