"""Which tables the open data have, and the columns of each. Pure.

What a table and a column are called and mean stands in texts.yaml, by their names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from reports.open_data.rules import NONE, WITHHELD
from tickets.workflow import Kind, Result, State

Cell = str | int | float | None


@dataclass(frozen=True)
class Column:
    """One column: its name in the file, a type of Table Schema, and what holds for it."""

    name: str
    type: str = "string"
    constraints: Mapping[str, Any] = field(default_factory=dict)

    @property
    def schema(self) -> dict[str, Any]:
        """As Table Schema has it."""
        found: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.constraints:
            found["constraints"] = dict(self.constraints)
        return found


@dataclass(frozen=True)
class Table:
    """One file: columns, the rows in order, and what in it belongs to what."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    key: Sequence[str]
    #: Column → the table that lists its values under `id`.
    lists: Mapping[str, str] = field(default_factory=dict)
    #: How much was withheld, by what.
    withheld: Mapping[str, int] = field(default_factory=dict)


_SET: Final = {"required": True}
_COUNT: Final = {"required": True, "minimum": 0}
_MONTH: Final = Column("month", "yearmonth", _SET)


def _one_of(name: str, values: Sequence[str], *, required: bool = True) -> Column:
    return Column(name, "string", {"required": required, "enum": list(values)})


HOURS: Final = [f"{hour:02}" for hour in range(24)]
CALLS: Final = (
    _MONTH,
    _one_of("hour", [*HOURS, WITHHELD]),
    Column("queue", "string", _SET),
    Column("language", "string", _SET),
    *(Column(name, "integer", _COUNT) for name in ("calls", "offered", "answered", "abandoned")),
)
TOPICS: Final = (_MONTH, Column("category", "string", _SET), Column("answered", "integer", _COUNT))


def tickets(*, by_day: bool, area: bool, square: bool) -> tuple[Column, ...]:
    """The columns of the matters, as exactly as the city wants them told."""
    received = Column("received", "date" if by_day else "yearmonth", _SET)
    where = [Column("area", "string", _SET)] if area or square else []
    if square:
        where.append(Column("latitude", "number", {"minimum": -90, "maximum": 90}))
        where.append(Column("longitude", "number", {"minimum": -180, "maximum": 180}))
    whole = {"minimum": 0}
    return (
        Column("row", "integer", {"required": True, "unique": True, "minimum": 1}),
        received,
        Column("category", "string", _SET),
        Column("division", "string", _SET),
        *where,
        _one_of("kind", list(Kind)),
        _one_of("state", list(State)),
        _one_of("result", list(Result), required=False),
        Column("days_to_acknowledge", "integer", whole),
        Column("days_to_close", "integer", whole),
        Column("reopened", "integer", _COUNT),
        Column("mark", "integer", {"minimum": 1, "maximum": 5}),
    )


METRICS: Final = (
    Column("from", "date", _SET),
    Column("until", "date", _SET),
    Column("identifier", "string", _SET),
    Column("value", "number"),
)
DEFINITIONS: Final = (
    Column("id", "string", {"required": True, "unique": True}),
    Column("unit", "string", _SET),
    *(Column(f"name_{language}", "string", _SET) for language in ("th", "en")),
    *(Column(f"definition_{language}", "string", _SET) for language in ("th", "en")),
)
LIST: Final = (
    Column("id", "string", {"required": True, "unique": True}),
    Column("name_th", "string", _SET),
    Column("name_en", "string", _SET),
)
CATEGORIES: Final = (*LIST, Column("division", "string", _SET))
#: In each list of ids: what is not told, and what there is none of.
OTHERS: Final = (WITHHELD, NONE)
