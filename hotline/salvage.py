"""All faults of one section of config.yaml at once, also when pydantic refuses the section.

A refused section has no object on which the cross-checks could run. So what was refused is replaced
by a stand-in of the section's own (`Section.stand_ins`) or, where there is none, cut out with the
smallest item that can be without it; the rest is checked. What such a check finds only because of
the replacing and cutting is not told: a fault names its place, and what it follows from
(`Fault.follows`), and both must have been read as they stand in the file.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hotline import wording
from hotline.config import Section
from hotline.errors import Fault

#: A place inside a section: keys as text, positions in a list as numbers.
Place = tuple[str | int, ...]
#: What pydantic appends to the place of a key that is itself wrong.
_KEY = "[key]"


#: Looks at a section beside its own `faults`.
Check = Callable[[Any], Iterable[Fault]]


def check(
    kind: type[Section], content: Any, unsure: Collection[Place] = (), also: Check = lambda _: ()
) -> tuple[Section | None, list[Fault]]:
    """The section (None when it is refused), and its faults with paths inside the section.

    What stands at the places `unsure` may not be what was meant: no fault is told of it, nor one
    that follows from it. `also` asks of the section what it cannot know by itself.
    """
    try:
        section = kind.model_validate(content)
    except ValidationError as error:
        refused = [Fault(_path(_place(each, content)), wording.of(each)) for each in error.errors()]
        found = refused + _found_in_the_rest(kind, content, also)
    else:
        return section, _without_consequences([*section.faults(), *also(section)], unsure)
    return None, _without_consequences(found, unsure)


def _path(place: Place) -> str:
    return ".".join(map(str, place))


def _place(error: ErrorDetails, content: Any) -> Place:
    """Where the error stands in the file. Pydantic's own place also names the kind of a node, and
    which of several shapes a value was taken for.
    """
    place: list[str | int] = []
    here, kind_named = content, False
    for n, part in enumerate(error["loc"], 1):
        if part == _KEY:
            continue
        if isinstance(here, Mapping) and here.get("kind") == part and not kind_named:
            kind_named = True
            continue
        kind_named = False
        if _is_shape(here, part, last=n == len(error["loc"])):
            continue
        if isinstance(here, list) and isinstance(part, int):
            place.append(part)
            here = here[part]
        else:
            place.append(str(part))
            here = here.get(_key(here, part)) if isinstance(here, Mapping) else None
    return tuple(place)


def _is_shape(here: Any, part: str | int, *, last: bool) -> bool:
    """Whether the part of a place is no key of the file, but the name of a shape."""
    if isinstance(here, Mapping):
        # a key that is missing is the last part
        return not last and _key(here, part) not in here
    return here is not None and isinstance(part, str)


def _key(mapping: Mapping[Any, Any], name: str | int) -> Any:
    """The key as the file has it: a bare 1 is a number there."""
    return next((key for key in mapping if str(key) == str(name)), name)


# ------------------------------------------------------------------------ what can still be read


class _Rest(NamedTuple):
    """What is left of a refused section. Places are those in the file."""

    section: Section
    cut: Collection[Place]
    replaced: Collection[Place]


def _found_in_the_rest(kind: type[Section], content: Any, also: Check) -> list[Fault]:
    rest = _rest(kind, content)
    if rest is None:
        return []
    found = (
        replace(fault, path=_path(_in_the_file(tuple(fault.path.split(".")), rest.cut)))
        for fault in (*rest.section.faults(), *also(rest.section))
    )
    return _without_consequences(found, rest.cut, rest.replaced)


def _without_consequences(
    faults: Iterable[Fault], cut: Collection[Place], replaced: Collection[Place] = ()
) -> list[Fault]:
    gone = [_path(place) for place in cut]
    unread = [*gone, *map(_path, replaced)]
    return [fault for fault in faults if not _is_consequence(fault, gone, unread)]


def _is_consequence(fault: Fault, gone: Collection[str], unread: Collection[str]) -> bool:
    if any(_within(fault.path, place) for place in unread):
        return True
    return any(
        any(_within(part, place) for place in unread) or any(_within(place, part) for place in gone)
        for part in fault.follows.split()
    )


def _within(path: str, outer: str) -> bool:
    return not outer or f"{path}.".startswith(f"{outer}.")


def _rest(kind: type[Section], content: Any) -> _Rest | None:
    """The section without what was refused; None when nothing useful is left."""
    content = deepcopy(content)
    cut: set[Place] = set()
    replaced: set[Place] = set()
    while True:
        try:
            section = kind.model_validate(content)
        except ValidationError as error:
            refused = error.errors()
        else:
            inside = {each for each in cut if any(_is_in(each, outer) for outer in replaced)}
            return _Rest(section, cut - inside, replaced)
        gone: set[Place] = set()
        for each in refused:
            place = _place(each, content)
            name = _in_the_file(place, cut)
            stand_in = kind.stand_ins.get(_pattern(place))
            if stand_in is not None and name not in replaced and each["loc"][-1] != _KEY:
                _put(content, place, deepcopy(stand_in))
                replaced.add(name)
            else:
                cannot_be_without = each["type"] == "missing" or name in replaced
                gone.add(place[:-1] if cannot_be_without else place)
        if () in gone:
            return None
        cut |= _cut(content, gone, cut)


def _pattern(place: Place) -> str:
    """`flow.main.keys.2` → `flow.*.keys.*`: fields and names take turns in every section."""
    return ".".join("*" if depth % 2 else str(part) for depth, part in enumerate(place))


def _is_in(place: Place, outer: Place) -> bool:
    return place[: len(outer)] == outer


def _cut(content: Any, gone: Collection[Place], before: Collection[Place]) -> set[Place]:
    """Take these places out; return where they stood in the file."""
    outermost = [
        each for each in gone if not any(each != other and _is_in(each, other) for other in gone)
    ]
    # a list from its end, so that the other positions stay
    for place in sorted(outermost, reverse=True):
        holder = _holder(content, place)
        del holder[place[-1] if isinstance(holder, list) else _key(holder, place[-1])]
    return {_in_the_file(each, before) for each in gone}


def _put(content: Any, place: Place, value: Any) -> None:
    holder = _holder(content, place)
    holder[place[-1] if isinstance(holder, list) else _key(holder, place[-1])] = value


def _holder(content: Any, place: Place) -> Any:
    for part in place[:-1]:
        content = content[part if isinstance(content, list) else _key(content, part)]
    return content


def _in_the_file(place: Place, cut: Collection[Place]) -> Place:
    """The place with the items of lists counted that were cut out before it."""
    found: Place = ()
    for part in place:
        gone = [each[-1] for each in cut if each[:-1] == found]
        found = (*found, _position(part, sorted(n for n in gone if isinstance(n, int))))
    return found


def _position(part: str | int, gone: Collection[int]) -> str | int:
    if not gone:
        return part
    position = int(part)
    for each in gone:
        position += each <= position
    return position


def told(faults: Collection[Fault], prefix: str) -> Iterator[Fault]:
    """The same faults with the paths of the whole file."""
    for fault in faults:
        yield Fault(f"{prefix}.{fault.path}" if fault.path else prefix, fault.message)
