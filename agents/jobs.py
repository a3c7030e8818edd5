"""What happens to agents without anybody asking."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from agents import service
from agents.config import Agents
from hotline import clock
from hotline.db import Database
from hotline.errors import Conflict
from hotline.floor import Floor
from hotline.jobs import Every, Sweep

log = logging.getLogger(__name__)

#: The topic of whatever any agent does.
FLOOR = "agents"


def forget(floor: Floor, now: datetime) -> None:
    """Sign out the desks at which nobody has done anything for longer than the city allows."""
    limits = floor.section(Agents).limits
    try:
        with floor.db.write() as session:
            forgotten = service.forget(session, limits=limits, now=now)
    except Conflict:  # somebody is changing one of them: they are looked at again in a minute
        return
    if forgotten:
        log.info("signed out, since nobody was there: agents %s", forgotten)


def signed_out(floor: Floor, *, account_id: int) -> None:
    """Nobody is signed in with this account any more: an agent has gone home. Without it, calls
    would be offered to an empty chair.
    """
    with floor.db.write() as session:
        if (them := service.agent_of_account(session, account_id)) is not None:
            service.sign_out(session, them.id, now=clock.now())


def topics(event: Mapping[str, Any]) -> Collection[str]:
    """What a presence event is about, for the pages that are open: this agent, with the number of
    the change, and the floor.
    """
    return (topic_of(event["agent_id"], event["n"]), FLOOR) if "n" in event else (FLOOR,)


def topics_now(db: Database) -> list[str]:
    """Of every agent the topic of the newest change: by it the streams find one that was lost on
    its way. An offer must ring within a second whatever Redis did.
    """
    with db.read() as session:
        return [topic_of(*each) for each in service.versions(session).items()]


def topic_of(agent_id: int, n: int) -> str:
    return f"agent:{agent_id}@{n}"


def at_rest(floor: Floor, *, account_id: int) -> None:
    """The browser of this account has asked for nothing for long, so its session has ended: whose
    telephone is in that browser has gone home. Who answers at another one needs no page for it.
    """
    with floor.db.write() as session:
        them = service.agent_of_account(session, account_id)
        if them is not None and them.in_browser:
            service.sign_out(session, them.id, now=clock.now())


def renamed(floor: Floor, *, account_id: int, name: str) -> None:
    """An account has another name: so has the agent that it is."""
    with floor.db.write() as session:
        service.rename(session, account_id, name)


SWEEPS: dict[str, Sweep] = {"agents.forget": Every(60, forget)}
