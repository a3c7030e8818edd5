"""What the pages of this room share: the blueprint, who may call what, names and titles."""

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from agents import service as agents
from hotline import clock, i18n
from hotline.auth import Role, current_account
from hotline.errors import NotFound
from hotline.web import floor, language, static_blueprint, t
from ivr import calls
from ivr.config import Ivr
from tickets import service as tickets
from tickets.config import Tickets

blueprint = static_blueprint("ivr", str(Path(__file__).parent))

ANSWERS = (Role.AGENT, Role.SUPERVISOR)
WATCHES = (Role.AGENT, Role.SUPERVISOR, Role.MANAGER)
READS = (Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)


class NotAnAgent(NotFound):
    """The account that is signed in answers no calls."""

    code, text = "not-an-agent", "agents.not_an_agent"


def me(session: Session) -> agents.AgentFacts:
    me = agents.agent_of_account(session, current_account().id)
    if me is None:
        raise NotAnAgent(current_account().username)
    return me


def acting(session: Session) -> tickets.Actor:
    """Who is signed in, for tickets: also for those whom they stand in for today."""
    account, config = current_account(), floor().section(Tickets)
    return tickets.acting(session, config, account.username, account.role, clock.now())


def queue_title(queue: str) -> str:
    known = floor().section(Ivr).queues.get(queue)
    return known.title.for_(language()) if known else queue


def spoken_title(code: str | None) -> str:
    """A language that callers speak, by its own name; None: they have chosen none."""
    if code is None:
        return t("ivr.no_language")
    known = floor().section(Ivr).languages.get(code)
    return known.title if known else code


def node_title(name: str) -> str:
    """What the city calls a node of the flow, or the queue behind it; one that has left config.yaml
    shows its name.
    """
    title = floor().section(Ivr).title_of(name)
    return name if title is None else title.for_(language())


def shown_number(number: str) -> str:
    """A number where nuisance is dealt with: whoever decides about it compares it whole. Elsewhere
    it is masked, and shown to who asks for it (`ivr.pages.looks`).
    """
    needs = current_account().role in (Role.AGENT, Role.SUPERVISOR)
    return number if needs else i18n.masked(number)


def caller_shown(number: str, *, whole: bool = False) -> str:
    """A caller's number as pages show it, masked unless `whole`: of who withholds theirs that, in
    words, and not what the carrier sends for it.
    """
    if calls.says_withheld(number):
        return t("ivr.withheld")
    return number if whole else i18n.masked(number)


def agent_names(session: Session) -> dict[int, str]:
    return {row.agent.id: row.agent.name for row in agents.board(session)}


def iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
