"""The `tickets.incidents:` part of config.yaml: when many calls are one thing that happened."""

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from hotline.config import Identifier, LocalText, Section
from hotline.errors import Fault
from tickets.incidents.rules import Limits

Word = Annotated[str, StringConstraints(min_length=2, max_length=60)]


class Happening(Section):
    """Something that can happen to many at once, and how it is told of."""

    title: LocalText
    #: What its tickets are about, and so whose they are.
    category: Identifier
    #: Categories that are chosen for it in haste.
    alike: tuple[Identifier, ...] = ()
    #: What callers say of it, in any language, whatever category was chosen.
    words: tuple[Word, ...] = ()


class Incidents(Section):
    """When many calls are proposed as one incident, and what its callers are told."""

    #: False: nothing is looked for; incidents can still be made by hand.
    on: bool = True
    #: So many callers within so many minutes, at a place of so many metres around its middle …
    callers: Annotated[int, Field(ge=3, le=500)] = 6
    minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 60
    metres: Annotated[int, Field(ge=50, le=5000)] = 400
    #: … and at least so many times what is usual there at that hour, by the last so many days.
    times_usual: Annotated[float, Field(ge=1, le=100)] = 3
    usual_days: Annotated[int, Field(ge=7, le=366)] = 56
    #: A pin may be so many metres off, and its matter still be about that street.
    astray: Annotated[int, Field(ge=50, le=10000)] = 1200
    #: With so many callers it is opened by itself, before a supervisor has confirmed it; None:
    #: never.
    opens_at: Annotated[int, Field(ge=3, le=5000)] | None = None
    #: What can happen, by name; the title begins the incident's. A category that none of them has
    #: can burst as well.
    happenings: dict[Identifier, Happening] = Field(default_factory=dict)
    #: What stands ready to be told to every caller of one, with {title} in it, and as the text with
    #: which all its tickets are closed.
    told: LocalText | None = None
    closed: LocalText | None = None

    @property
    def limits(self) -> Limits:
        """The same as the rules read it."""
        return Limits(self.callers, self.minutes, self.metres, self.astray, self.times_usual)

    def faults_beside(self, categories: Collection[str]) -> Iterator[Fault]:
        """Yield what is wrong, also beside the categories that there are."""
        if self.astray < self.metres:
            yield Fault("astray", f"{self.astray} are less than the {self.metres} metres", "metres")
        if self.opens_at is not None and self.opens_at < self.callers:
            yield Fault("opens_at", f"is less than the {self.callers} callers", "callers")
        yield from self._happening_faults(categories)

    def _happening_faults(self, categories: Collection[str]) -> Iterator[Fault]:
        words: dict[str, str] = {}
        for id_, each in self.happenings.items():
            path = f"happenings.{id_}"
            if id_ in categories and id_ != each.category:
                yield Fault(path, f'is the name of a category, and not of "{each.category}"')
            for name in (each.category, *each.alike):
                if name not in categories:
                    yield Fault(path, f'no such category "{name}"', f"categories.{name}")
            for word in each.words:
                owner = words.setdefault(word.casefold(), id_)
                if owner != id_:
                    yield Fault(f"{path}.words", f'"{word}" is {owner}\'s already')
