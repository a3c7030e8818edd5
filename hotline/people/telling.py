"""What else a line of the audit log says, in the reader's words.

A line keeps values of the code (`mode: whispering`, `queue: complaint`). What they are called is
known here, in the texts (`floor.log.key.…`, `floor.log.value.…`, `<room>.audit.<verb>.<value>`), or
to the room that wrote the line; `hotline/pages.py` wires that in under `VALUES`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from flask import current_app

from hotline import i18n
from hotline.audit import Line
from hotline.people.naming import Names
from hotline.web import floor, language, t

#: Where the application keeps how the rooms say their values: by `<kind>.<name>` or by `<name>`,
#: from the value and all that the line keeps.
VALUES: Final = "people.telling"
Say = Callable[[Any, Mapping[str, Any]], str]
#: What only joins records, or stands elsewhere in the line.
UNTOLD: Final = frozenset({"monitor", "offer", "recording", "mark", "run"})
#: A line names at most so many of what a night has done.
_MANY = 10
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")


def details(line: Line, names: Names) -> str:
    """What a line says besides who, what, whom and why."""
    data = line.data
    if line.kind == "floor.role_changed":
        return " → ".join(t(f"floor.role.{data[name]}") for name in ("was", "role"))
    if line.kind == "floor.renamed":
        return f"{data['was']} → {data['name']}"
    said = []
    for name, value in data.items():
        if _is_told(line, name, value) and (words := _value(line, name, value, names)):
            said.append(f"{_key(line.kind, name)}: {words}")
    return " · ".join(said)


def _is_told(line: Line, name: str, value: object) -> bool:
    if name in UNTOLD or value in ("", None, [], {}):
        return False
    # an agent's name, as it was: the line tells it as it is now
    return not (name == "name" and line.subject.startswith("agent:"))


def _key(kind: str, name: str) -> str:
    verb = kind.rpartition(".")[2]
    for key in (f"floor.log.key.{verb}_{name}", f"floor.log.key.{name}"):
        if key in floor().texts:
            return t(key)
    return name


def _value(line: Line, name: str, value: Any, names: Names) -> str:
    if isinstance(value, bool):
        return t("floor.log.yes" if value else "floor.log.no")
    keys = [f"floor.log.value.{name}.{value}", f"{_words(line.kind)}.{value}"]
    for key in [f"floor.role.{value}", *keys] if name == "role" else keys:
        if key in floor().texts:
            return t(key)
    rooms: Mapping[str, Say] = current_app.extensions.get(VALUES, {})
    say = rooms.get(f"{line.kind}.{name}", rooms.get(name))
    if say is not None:
        return say(value, line.data)
    if (line.kind, name) == ("floor.retention", "subjects") and isinstance(value, list):
        value = [_forgotten(each, names) for each in value[: _MANY + 1]]
    if isinstance(value, Mapping):
        return ", ".join(f"{_value(line, name, each, names)} {value[each]}" for each in value)
    if isinstance(value, list):
        some = [_value(line, name, each, names) for each in value[:_MANY]]
        return ", ".join([*some, "…"] if len(value) > _MANY else some)
    return _plain(value) or names.said(name, value)


def _forgotten(done: str, names: Names) -> str:
    """`close ticket:7`, as the nightly run writes down what it did."""
    act, _, subject = done.partition(" ")
    return f"{names.of(subject)} ({t(f'floor.privacy.act.{act}')})"


def _words(kind: str) -> str:
    room, _, verb = kind.partition(".")
    return f"{room}.audit.{verb}"


def _plain(value: object) -> str:
    """A day, a moment, a share."""
    if isinstance(value, float):
        return i18n.percent(value, language())
    if isinstance(value, str) and _DAY.fullmatch(value):
        return i18n.day(date.fromisoformat(value), language())
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return i18n.moment(datetime.fromisoformat(value), language(), floor().city.zone)
    return ""
