"""Whom an agent can reach in a conversation: telephones outside, queues, colleagues.

Outside are the divisions that have a telephone (`tickets.divisions`), the numbers that the city has
put into its directory (`ivr.directory`), and whatever number is keyed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import phonenumbers
from sqlalchemy.orm import Session

from agents import service as agents
from agents.routing import skill
from agents.service import BoardRow, PresenceFacts
from hotline import i18n
from hotline.floor import Floor
from hotline.telephones import kept
from ivr.config import Ivr
from ivr.errors import NobodyThere
from tickets import service as tickets

DIVISION, DIRECTORY, NUMBER = "division:", "directory:", "number:"


@dataclass(frozen=True, slots=True)
class Telephone:
    """A telephone outside. `id` is how it is named in a request; `title` what is written down of
    it: a number that was keyed is somebody's, and masked.
    """

    id: str
    title: str
    number: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Another agent, and what they are doing."""

    agent_id: int
    name: str
    presence: PresenceFacts

    @property
    def free(self) -> bool:
        return self.presence.presence.available

    @property
    def doing(self) -> str:
        """What keeps them, in the words of the presence table: the state, else the status, or that
        they cannot answer.
        """
        seen = self.presence
        if seen.state != "idle":
            return seen.state.value
        return "unreachable" if seen.unreachable else seen.status.value


def telephones(floor: Floor, language: str) -> list[Telephone]:
    """Those that have a name, in the order of config.yaml: the directory, then the divisions."""
    listed = [
        Telephone(f"{DIRECTORY}{name}", entry.title.for_(language), entry.number)
        for name, entry in floor.section(Ivr).directory.items()
    ]
    divisions = [
        Telephone(f"{DIVISION}{name}", title.for_(language), number)
        for name, title, number in tickets.division_telephones(floor)
    ]
    return [*listed, *divisions]


def telephone(floor: Floor, wanted: str, language: str) -> Telephone:
    """The telephone that a request names by id, or by a number as it was keyed. Raises
    `NobodyThere`.
    """
    known = next((each for each in telephones(floor, language) if each.id == wanted), None)
    if known is not None:
        return known
    number = _number(wanted.removeprefix(NUMBER), floor.city.country)
    if number is None:
        raise NobodyThere(f"to: {wanted!r}", to=wanted)
    return Telephone(f"{NUMBER}{number}", i18n.masked(number), number)


def colleagues(session: Session, agent_id: int) -> list[Colleague]:
    """Everybody else who is signed in, the free ones first, by name."""
    found = [
        Colleague(row.agent.id, row.agent.name, row.presence)
        for row in agents.board(session)
        if row.agent.id != agent_id and row.presence.status != "signed_out"
    ]
    return sorted(found, key=lambda each: (not each.free, each.name))


def free_of_queue(
    session: Session, agent_id: int, queue: str, language: str, *, asked: Collection[int]
) -> list[int]:
    """The other agents who are free and answer `queue`, in the order in which to ask them for a
    word: who was not `asked` in this conversation, who speaks the caller's language, and who has
    been idle longest.
    """
    free = [
        (row.agent.id in asked, skill(queue, language) not in row.skills, _idle(row), row.agent.id)
        for row in agents.board(session)
        if row.agent.id != agent_id
        and row.presence.presence.available
        and any(each.startswith(skill(queue, "")) for each in row.skills)
    ]
    return [each for *_, each in sorted(free)]


def _idle(row: BoardRow) -> datetime:
    return row.presence.idle_since or row.presence.since


def _number(keyed: str, country: str) -> str | None:
    """E.164, or a short number of the country as it is; None when nobody can have it."""
    if number := kept(keyed, country):
        return number
    try:
        parsed = phonenumbers.parse(keyed, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_valid_short_number_for_region(parsed, country):
        return str(phonenumbers.national_significant_number(parsed))
    return None
