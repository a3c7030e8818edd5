"""Which numbers nobody could have told of some days: the calls of an old exchange are counted by
what its log says, and of what it does not know nothing is known. That is empty, and not zero.

A number that something was counted in was told. On days of the hotline's own everything is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from hotline import clock
from reports import service, source
from reports.history import told
from reports.history.service import Teller
from reports.service import How

#: Without what these rates would be of something else: who hung up nowhere stands as answered.
_NEEDS: Final[Mapping[str, str]] = {
    "rating_response": "rated",
    "abandon_rate": "abandoned",
    "answer_rate": "abandoned",
    "service_level": "abandoned",
}


@dataclass(frozen=True)
class Untold:
    """Who told of the calls of some days: an old exchange each, and the hotline from its first day
    on.
    """

    own: date | None = None
    tellers: Sequence[Teller] = ()

    def of(self, first: date, last: date) -> frozenset[str]:
        """The counters that nobody could have told of the local days `first` to `last`, both
        included.
        """
        there = [each for each in self.tellers if each.first <= last and first <= each.last]
        if not there or (self.own is not None and self.own <= last):
            return frozenset()
        return told.counters(frozenset.intersection(*(each.untold for each in there)))

    def by_source(self) -> list[tuple[str, list[str]]]:
        """Of each old exchange the main numbers of which it knows nothing, in the order of the
        catalogue, whoever told of other days.
        """
        found: dict[str, frozenset[str]] = {}
        for each in self.tellers:
            found[each.source] = found.get(each.source, each.untold) & each.untold
        return [
            (name, [group for group in told.GROUPS if group in untold])
            for name, untold in sorted(found.items())
        ]


EVERYTHING_TOLD: Final = Untold()


def of_days(session: Session, first: date, last: date, how: How) -> Untold:
    """Who told of the calls of the local days `first` to `last`, both included."""
    start, end = clock.midnight(first, how.zone), clock.day_bounds(last, how.zone)[1]
    tellers = source.tellers(session, start, end, how.zone)
    return Untold(service.first_day_of_calls(session, how) if tellers else None, tellers)


def is_empty(untold: frozenset[str], name: str, counted: float | None) -> bool:
    """Whether a number is empty; `counted` is it, or what `basis` says of a rate."""
    return basis(name) in untold and not counted


def basis(name: str) -> str:
    """The counter by which it is known whether a number was told."""
    return _NEEDS.get(name, name)
