"""What the pages of this room share: the blueprint, who acts, and what other rooms are asked."""

from collections.abc import Callable, Collection, Set
from pathlib import Path
from typing import Any

from flask import current_app, g, request
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import Role, current_account
from hotline.config import READER_LANGUAGES
from hotline.web import floor, static_blueprint
from tickets import service
from tickets.config import Tickets
from tickets.service import Actor, TicketFacts

#: Its templates and files are the room's, a folder above this one.
blueprint = static_blueprint("tickets", str(Path(__file__).parent))

#: Roles that are told of divisions without an administrator.
ALARMED = (Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR)
MOVERS = (Role.AGENT, Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR)
OWNERS = (Role.SUPERVISOR, Role.DIVISION, Role.ADMINISTRATOR)
DESK = (Role.AGENT, Role.SUPERVISOR, Role.ADMINISTRATOR)
#: Who may have a caller at hand.
ANSWERS = (Role.AGENT, Role.SUPERVISOR)
#: Who looks after what nobody did.
WATCHERS = (Role.SUPERVISOR, Role.DIVISION, Role.MANAGER, Role.ADMINISTRATOR)
EXPORTERS = (Role.SUPERVISOR, Role.DIVISION, Role.MANAGER, Role.ADMINISTRATOR)

#: Where the application keeps who may open a call's page: calls are another room's, which is above
#: this one, so `hotline/pages.py` wires it in. Without it, calls are named and not linked to.
READABLE_CALLS = "tickets.readable_calls"
ReadableCalls = Callable[[Session, Collection[int]], Set[int]]
#: The same for what was recorded in those calls, as far as the reader may hear it: dicts with kind,
#: seconds, url (empty while the sound is on its way).
RECORDINGS = "tickets.recordings"
Recordings = Callable[[Session, Collection[int]], list[dict[str, Any]]]

#: The number of the caller whom the signed-in agent has at hand by an offer, empty when withheld;
#: raises for every other offer. Nobody looks up a number that they can name freely.
NUMBER_AT_HAND = "tickets.number_at_hand"
NumberAtHand = Callable[[Session, int], str]

#: Where the reader of a ticket calls its caller, and in words why they cannot now (empty: they
#: can); None for who makes no calls.
CALLS_OUT = "tickets.calls_out"
CallsOut = Callable[[Session, TicketFacts], tuple[str, str] | None]

#: The languages that callers are spoken to in, which another room knows.
SPOKEN = "tickets.spoken_languages"

#: The largest id that a database can be asked for.
LARGEST_ID = 2**63 - 1


def section() -> Tickets:
    """Return this room's section of config.yaml."""
    return floor().section(Tickets)


def spoken_languages() -> list[str]:
    """Return the languages of callers, those first that nothing for them may do without."""
    return list(dict.fromkeys([*READER_LANGUAGES, *current_app.extensions.get(SPOKEN, ())]))


def acting() -> Actor:
    """Return who is signed in, with the divisions that they act for today."""
    if "tickets_actor" not in g:
        account = current_account()
        with floor().db.read() as session:
            g.tickets_actor = service.acting(
                session, section(), account.username, account.role.value, clock.now()
            )
    found: Actor = g.tickets_actor
    return found


@blueprint.app_template_filter("for_reader")
def for_reader(text: str, ticket: TicketFacts) -> str:
    """Words of a ticket as whoever is signed in may read them: see `text_for`. On every page but
    the ticket's own, which reads its whole story so.
    """
    return service.text_for(acting(), ticket, text)


def number_at_hand(session: Session) -> str:
    """Return the number of the caller whom the address asks about, empty when it is withheld."""
    ask: NumberAtHand = current_app.extensions[NUMBER_AT_HAND]
    return ask(session, request.args.get("offer", 0, type=int))
