"""The pages of a matter that several people come with: what may be the same while an agent writes,
and that somebody came with another matter after all.
"""

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import access, current_account
from hotline.web import floor, fragment, json_body, wants_json
from tickets import words
from tickets.categories import service as categories
from tickets.config import Tickets
from tickets.facts import Actor, TicketFacts
from tickets.matters import service, shown, suggesting
from tickets.matters.suggesting import Draft, Suggested
from tickets.places import entry
from tickets.places import service as place_service
from tickets.places import shown as places
from tickets.web import ANSWERS, LARGEST_ID, MOVERS, acting, changed, number_at_hand

#: Its templates are the room's.
blueprint = Blueprint("matters", __name__)
#: The keys of the desk that add the caller to one of what is offered, in its order; and the one
#: that takes it back.
KEYS, UNDO = ("a", "b", "d"), "u"


def _config() -> Tickets:
    return floor().section(Tickets)


@blueprint.get("/matters/box")
@access(*ANSWERS)
def box() -> ResponseReturnValue:
    """Show, as a fragment, the place for what may be the same matter as the call at hand (`call`,
    `offer`: their ids); its script fills it.
    """
    return fragment("tickets/matters_box.html", call=_id("call"), offer=_id("offer"))


@blueprint.post("/matters/suggest")
@access(*ANSWERS)
def suggest() -> ResponseReturnValue:
    """Say, as a fragment or as JSON, which open tickets may be the same matter as what is typed:
    `text`, `category`, and the fields of a place. `call`, `offer` in the address: as `box`. A call
    that was added says where. Nothing of it is kept.
    """
    body, config, actor, now = json_body(), _config(), acting(), clock.now()
    with floor().db.read() as session:
        added = _added(session)
        found = [] if added else _found(session, config, body, actor, now)
    if wants_json():
        return jsonify(
            added=added.number if added else None, suggestions=[_json(each) for each in found]
        )
    return fragment(
        "tickets/matters.html",
        added=added,
        count=_count(added),
        found=[shown.as_read(actor, each) for each in found],
        asked=bool(str(body.get("text") or "").strip()),
        call=_id("call"),
        keys=KEYS,
        undo=UNDO,
        now=now,
        shown=shown,
        places=places,
        config=config,
        words=words,
    )


def _id(name: str) -> int:
    found = request.args.get(name, 0, type=int)
    return found if 0 <= found <= LARGEST_ID else 0


def _added(session: Session) -> TicketFacts | None:
    """The ticket that the reader has added this call to; of another's call nothing is told."""
    caller = service.of_call(session, _id("call"))
    if caller is None or caller.by != current_account().username:
        return None
    return service.ticket_of(session, caller)


def _count(added: TicketFacts | None) -> int:
    if added is None:
        return 0
    with floor().db.read() as session:
        return service.callers_of(session, [added.id])[added.id]


def _found(
    session: Session, config: Tickets, body: dict[str, Any], actor: Actor, now: datetime
) -> list[Suggested]:
    text = str(body.get("text") or "")
    draft = Draft(
        text=text,
        category=_category(session, config, text, str(body.get("category") or "")),
        place=place_service.entered(session, config, entry.kept(body), lenient=True),
        number=number_at_hand(session) if _id("offer") else "",
    )
    return suggesting.suggest(session, config, draft, actor, now=now)


def _category(session: Session, config: Tickets, text: str, chosen: str) -> str | None:
    """The category that was chosen; else the one that the text is surely about."""
    if chosen in config.categories:
        return chosen
    found = categories.suggest(session, config, text)
    return found.items[0].category if found.sure and found.items else None


def _json(each: Suggested) -> dict[str, object]:
    like = each.offer.likeness
    return {
        "ticket": each.ticket.number,
        "ticket_shown": each.ticket.number_shown,
        "score": round(like.score, 4),
        "metres": None if like.metres is None else round(like.metres),
        "about": like.about.value,
        "words": list(each.offer.shared),
        "same_caller": like.same_caller,
        "callers": each.callers,
    }


# ------------------------------------------------------------------ another matter after all


@blueprint.post(f"/tickets/<number>/callers/<int(max={LARGEST_ID}):caller_id>/part")
@access(*MOVERS)
def part(number: str, caller_id: int) -> ResponseReturnValue:
    """Say that a caller came with another matter: it gets a ticket of its own. Form: `text`."""
    made: list[TicketFacts] = []

    def change(session: Session, ticket: TicketFacts, actor: Actor, now: datetime) -> None:
        text = request.form.get("text", "")
        made.append(
            service.part(session, _config(), ticket, caller_id, text=text, actor=actor, now=now)
        )

    response = changed(number, change)
    return (
        redirect(url_for("tickets.ticket_page", number=made[0].number), 303) if made else response
    )
