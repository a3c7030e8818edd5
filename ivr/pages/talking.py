"""A conversation as the desk shows it: what it is like, what can be done, whom one can reach."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from agents import service as agents
from agents.config import Agents
from hotline.web import floor, language
from ivr import story
from ivr.callbacks import rows as callback_rows
from ivr.config import Ivr, TalkRules
from ivr.pages.base import iso
from ivr.room.offers import OfferFacts
from ivr.talk import monitors, parties, service, targets
from ivr.talk.monitors import Mode, MonitorState
from ivr.talk.parties import PartyFacts
from ivr.talk.rules import Talk, Verb, possible
from ivr.talk.targets import Telephone


@dataclass(frozen=True)
class Talking:
    """A conversation as the desk shows it."""

    talk: Talk
    verbs: frozenset[Verb]
    offer: OfferFacts
    #: Who is there, or was last.
    party: PartyFacts | None
    telephones: list[Telephone]
    queues: list[str]
    rules: TalkRules
    #: Supervisors who are in it, as far as the agent is shown: their mode, and their name.
    supervisors: list[tuple[str, str]]


def of(session: Session, found: story.AtHand | None) -> Talking | None:
    """What can be done in the conversation that an agent has at hand; None when there is none."""
    if found is None or found.phase != "talking":
        return None
    here, party = floor(), parties.last_of(session, found.offer.id)
    talk = _talk(session, found, party)
    return Talking(
        talk,
        possible(talk),
        found.offer,
        party,
        targets.telephones(here, language()),
        list(here.section(Ivr).queues),
        here.section(Ivr).talk,
        supervisors(session, found.offer),
    )


def _talk(session: Session, found: story.AtHand, party: PartyFacts | None) -> Talk:
    """As `service.talk_of`; what is at hand is not asked for again, since every desk asks for this
    whenever something has changed. `party`: the last one (none comes after one that is there).
    """
    rung = None if found.callback is None else callback_rows.recorded(session, found.offer.talk)
    return service.seen(
        found.offer,
        recorded=service.told(found.offer, found.call) if rung is None else rung,
        party=None if party is None else party.state,
        called_back=found.callback is not None,
        cut_off=found.cut_off,
    )


def supervisors(session: Session, offer: OfferFacts) -> list[tuple[str, str]]:
    """Who of the supervisors is in this conversation: their mode, and their name. Who speaks is
    always shown; who listens, as the city has decided (`agents.monitoring.shown`).
    """
    shown = floor().section(Agents).monitoring.shown
    return [
        (each.mode.value, agents.agent(session, each.agent_id).name)
        for each in monitors.live(session, offer.id)
        if each.state is MonitorState.ON and (shown or each.mode is not Mode.LISTENING)
    ]


def as_json(session: Session, found: story.AtHand) -> dict[str, Any]:
    """The same, for an agent's program."""
    if found.phase != "talking":
        return {}
    party = parties.last_of(session, found.offer.id)
    talk = _talk(session, found, party)
    return {
        "held_since": iso(found.offer.held_at),
        "recording": ("paused" if found.offer.silent else "on") if talk.recorded else None,
        "party": None
        if party is None or talk.party is None
        else {"title": party.title, "state": party.state.value, "since": iso(party.asked_at)},
        "supervisors": [
            {"mode": mode, "name": name} for mode, name in supervisors(session, found.offer)
        ],
        "can": sorted(verb.value for verb in possible(talk)),
    }
