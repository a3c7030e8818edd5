"""The whole of config.yaml: every room's section, read once, checked across rooms, refused with all
faults at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from agents.config import Agents
from hotline import salvage
from hotline.config import City, Repeated, Section, read_yaml
from hotline.errors import ConfigError, Fault
from hotline.people.config import Accounts
from ivr.config import Ivr
from reports.config import Reports
from tickets.config import Tickets

SECTIONS: Mapping[str, type[Section]] = {
    "city": City,
    "ivr": Ivr,
    "agents": Agents,
    "tickets": Tickets,
    "reports": Reports,
    "accounts": Accounts,
}


S = TypeVar("S", bound=Section)


@dataclass(frozen=True)
class CityConfig:
    """A file that is right."""

    sections: Mapping[type[Section], Section]

    @property
    def city(self) -> City:
        return self._get(City)

    @property
    def ivr(self) -> Ivr:
        return self._get(Ivr)

    @property
    def agents(self) -> Agents:
        return self._get(Agents)

    @property
    def tickets(self) -> Tickets:
        return self._get(Tickets)

    @property
    def reports(self) -> Reports:
        return self._get(Reports)

    def _get(self, kind: type[S]) -> S:
        found = self.sections[kind]
        assert isinstance(found, kind)
        return found


def load(path: Path) -> CityConfig:
    """Read `path`; raises ConfigError with every fault and its path in the file."""
    content, repeated = read_yaml(path)
    if not isinstance(content, dict):
        raise ConfigError([Fault("(file)", "is empty or not a mapping")])
    twice = [each.fault(path) for each in repeated]
    try:
        config = parse(content, repeated, path.parent)
    except ConfigError as error:
        raise ConfigError([*twice, *error.faults]) from error
    if twice:
        raise ConfigError(twice)
    return config


def parse(
    content: dict[str, Any], repeated: Sequence[Repeated] = (), folder: Path | None = None
) -> CityConfig:
    """The sections of an already read file; raises ConfigError with every fault.

    Of what stands twice (`repeated`) nobody knows which is meant: it is not spoken of. `folder` is
    where the file lies: there the city's recordings are looked for.
    """
    faults = [
        Fault(str(name), f"no such section (there are {', '.join(SECTIONS)})")
        for name in content
        if name not in SECTIONS
    ]
    sections: dict[type[Section], Section] = {}
    for name, kind in SECTIONS.items():
        unsure = [each.place[1:] for each in repeated if each.place[0] == name]
        # of a calendar with faults of its own nobody knows how long it is open
        unsure_of_city = any(each.place[0] == "city" for each in repeated) or any(
            fault.path.startswith("city.") for fault in faults
        )
        also = partial(_beyond, content=content, folder=folder, unsure_of_city=unsure_of_city)
        section, found = salvage.check(kind, content.get(name) or {}, unsure, also)
        faults += salvage.told(found, name)
        if section is not None:
            sections[kind] = section
    if faults:
        raise ConfigError(faults)
    config = CityConfig(sections)
    # deadlines are counted in the hours of the city's offices, and matters lie in its areas
    areas, _ = config.tickets.places.load(folder)
    sections[Tickets] = config.tickets.in_city(config.city).with_areas(areas)
    return config


def _beyond(
    section: Section, content: Any, folder: Path | None, *, unsure_of_city: bool
) -> Iterator[Fault]:
    """What is wrong with a section beside the others, and beside the files of the city."""
    if isinstance(section, Reports):
        yield from _unknown_queues(section, content)
        yield from _unknown_categories(section, content)
    if isinstance(section, Accounts):
        yield from _unknown_divisions(section, content)
    city = content.get("city")
    calendars = city.get("calendars") if isinstance(city, dict) else None
    known = calendars if isinstance(calendars, dict) else {}
    if isinstance(section, Tickets):
        yield from section.faults_beside(dict.fromkeys(known) if unsure_of_city else known)
        yield from _faulty_areas(section, folder)
    if isinstance(section, Ivr):
        yield from _missing_for_calls(section, known, folder)


def _missing_for_calls(
    section: Ivr, calendars: Mapping[str, Any], folder: Path | None
) -> Iterator[Fault]:
    for path, name in section.calendars_used():
        if name not in calendars:
            yield Fault(path, f'no such calendar "{name}"')
    for path, file in section.recordings():
        if folder is not None and not (folder / section.audio / file).is_file():
            yield Fault(path, f"there is no file {section.audio}/{file}")


def _faulty_areas(section: Tickets, folder: Path | None) -> Iterator[Fault]:
    """What is wrong with the file of areas; of a faulty one nobody knows which areas there are."""
    areas, wrong = section.places.load(folder)
    yield from (replace(each, path=f"places.{each.path}") for each in wrong)
    if not wrong:
        yield from section.faults_of_areas(areas)


def _unknown_queues(section: Reports, content: Any) -> Iterator[Fault]:
    ivr = content.get("ivr")
    queues = ivr.get("queues") if isinstance(ivr, dict) else None
    for name in section.wallboard.queues:
        if isinstance(queues, dict) and name not in queues:
            yield Fault(f"wallboard.queues.{name}", f'no such queue "{name}"')


def _unknown_categories(section: Reports, content: Any) -> Iterator[Fault]:
    # one that is not left out is told: a slip of the pen would be a leak
    tickets = content.get("tickets")
    categories = tickets.get("categories") if isinstance(tickets, dict) else None
    for number, name in enumerate(section.open_data.without):
        if isinstance(categories, dict) and name not in categories:
            yield Fault(f"open_data.without.{number}", f'no such category "{name}"')


def _unknown_divisions(section: Accounts, content: Any) -> Iterator[Fault]:
    tickets, given = content.get("tickets"), section.openid.provision
    divisions = tickets.get("divisions") if isinstance(tickets, dict) else None
    for group, name in given.divisions.items() if given else ():
        if isinstance(divisions, dict) and name not in divisions:
            path = f"openid.provision.divisions.{group}"
            yield Fault(path, f'no such division "{name}"')


def warnings(config: CityConfig) -> Iterator[Fault]:
    """What may start but will go wrong."""
    for fault in config.tickets.warnings():
        yield Fault(f"tickets.{fault.path}", fault.message)
