"""What a room that keeps personal data can be asked for.

A room gives only what it has: of the rest it says nothing. All of it runs in the unit of work of
whoever asks; what must be done outside the database (a file) is done after its commit, and found
again by a sweep of the room's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from hotline.floor import Floor


@dataclass(frozen=True, slots=True)
class Due:
    """Something whose time has come: `act` (`announce`, `close`, `anonymise`, `delete`, …) is to be
    done to `subject` (`ticket:12`), which people know as `shown`; `rule` is the length of the
    configuration, `since` what it counts from (UTC).
    """

    room: str
    act: str
    subject: str
    shown: str
    rule: str
    since: datetime

    @property
    def id(self) -> int:
        """The id in `subject`."""
        return int(self.subject.partition(":")[2])


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data are asked for: a telephone number (E.164), or one person by id."""

    number: str | None = None
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A ticket that is anonymised, or emptied (`whole`): what other rooms keep for it goes too."""

    ticket_id: int
    call_ids: Sequence[int]
    whole: bool


File = Path | Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class About:
    """What a room knows of somebody: facts as JSON holds them, and files by their name in it: where
    one is, or how it is read (outside of any unit of work). `kept`: what else there is, or what
    stays whatever they ask for; a key of the texts, and its values.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    kept: Sequence[tuple[str, Mapping[str, Any]]] = ()


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is asked to be forgotten. `dry`: count only, and change nothing."""

    subject: Subject
    by: str
    reason: str
    now: datetime
    dry: bool


@dataclass(frozen=True, slots=True)
class Erased:
    """How much a room has forgotten, or would, by what it is; and what it keeps all the same: a key
    of the texts, and its values.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    kept: Sequence[tuple[str, Mapping[str, Any]]] = ()


def _nothing_due(_floor: "Floor", _session: Session, _now: datetime) -> Iterator[Due]:
    return iter(())


def _not_mine(_floor: "Floor", _session: Session, _due: Due, _now: datetime) -> bool:
    return False


def _nothing_known(_floor: "Floor", _session: Session, _subject: Subject) -> About:
    return About()


def _nothing_erased(_floor: "Floor", _session: Session, _erasure: Erasure) -> Erased:
    return Erased()


def _nothing_forgotten(
    _floor: "Floor", _session: Session, _forgotten: Forgotten, _now: datetime
) -> None:
    return


@dataclass(frozen=True)
class Keeper:
    """One room's answers.

    - `due(floor, session, now)`: what is due, the oldest first, as long as it lasts;
    - `act(floor, session, due, now)`: do it; False when it is no longer due;
    - `about(floor, session, subject)`: all that is known of somebody;
    - `erase(floor, session, erasure)`: forget them; raises a HotlineError when that cannot be now;
    - `forget(floor, session, forgotten, now)`: a ticket was forgotten.
    """

    room: str
    due: Callable[["Floor", Session, datetime], Iterator[Due]] = _nothing_due
    act: Callable[["Floor", Session, Due, datetime], bool] = _not_mine
    about: Callable[["Floor", Session, Subject], About] = _nothing_known
    erase: Callable[["Floor", Session, Erasure], Erased] = _nothing_erased
    forget: Callable[["Floor", Session, Forgotten, datetime], None] = _nothing_forgotten


def forget(floor: "Floor", session: Session, forgotten: Forgotten, now: datetime) -> None:
    """Have every room forget what it keeps for a ticket."""
    for keeper in floor.keepers:
        keeper.forget(floor, session, forgotten, now)
