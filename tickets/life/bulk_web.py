"""Many tickets at once: chosen in the list, the move chosen, looked at, made, taken back."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from hotline import clock
from hotline.auth import Role, access
from hotline.errors import Conflict, HotlineError, Invalid, NotFound
from hotline.web import floor
from tickets import service, words
from tickets.config import Tickets
from tickets.errors import NothingChosen, TooMany
from tickets.facts import TicketFacts
from tickets.life import bulk
from tickets.life.bulk import Asked, Part, What
from tickets.life.rules import Bond
from tickets.web import LARGEST_ID, MOVERS, acting
from tickets.workflow import MOVES, OPEN, Priority, Result, State, moves

#: Its templates are the room's.
blueprint = Blueprint("bulk", __name__)
SEES = (*MOVERS, Role.MANAGER)
_ONE = f"/tickets/bulk/<int(max={LARGEST_ID}):bulk_id>"
#: What the form of a move sends.
FIELDS = (
    "owner",
    "category",
    "division",
    "priority",
    "to",
    "result",
    "bond",
    "ticket",
    "text",
)


class _OnlyLooking(Exception):
    """Carries what would happen out of a unit of work, which is rolled back by it."""

    def __init__(self, parts: list[Part], names: dict[str, str]) -> None:
        super().__init__()
        self.parts, self.names = parts, names


def _config() -> Tickets:
    return floor().section(Tickets)


@blueprint.get("/tickets/bulk/new")
@access(*MOVERS)
def choose() -> ResponseReturnValue:
    """Choose a move for the tickets `t` (their numbers, each once or more)."""
    numbers = request.args.getlist("t")
    error: HotlineError | None = None
    if not numbers:
        error = NothingChosen()
    elif len(set(numbers)) > bulk.MOST:
        error = TooMany(most=bulk.MOST)
    return _choose(numbers, error)


def _choose(numbers: Sequence[str], error: HotlineError | None = None) -> ResponseReturnValue:
    config, actor, now = _config(), acting(), clock.now()
    with floor().db.read() as session:
        chosen = bulk.chosen(session, numbers, actor)[: bulk.MOST]
        divisions = sorted({each.division for each in chosen})
        handlers: dict[str, str] = {}
        for division in divisions:
            handlers |= service.colleagues(session, config, division, now)
    page = render_template(
        "tickets/bulk_new.html",
        chosen=chosen,
        handlers=handlers,
        kinds=list(What),
        targets=_targets(chosen),
        results=_results(chosen),
        bonds=list(Bond),
        priorities=list(Priority),
        typed=request.form,
        error=error,
        config=config,
        words=words,
    )
    return make_response(page, error.status if error else 200)


def _targets(chosen: Sequence[TicketFacts]) -> list[State]:
    """The states that any of the chosen can be moved to; the preview says which cannot."""
    role = acting().role
    found = {to for each in chosen for to in moves(each.state, role)}
    return [state for state in State if state in found]


def _results(chosen: Sequence[TicketFacts]) -> list[Result]:
    found = {
        result for each in chosen for move in MOVES[each.state].values() for result in move.results
    }
    return [result for result in Result if result in found]


def _asked() -> Asked:
    what = request.form.get("what")
    if what not in list(What):
        raise NothingChosen
    given = {name: request.form.get(name, "") for name in FIELDS}
    return Asked(What(what), {name: value for name, value in given.items() if value})


@blueprint.post("/tickets/bulk/preview")
@access(*MOVERS)
def look() -> ResponseReturnValue:
    """Show what a move would do with each ticket. Form: `t` (numbers), `what`, and its fields."""
    numbers = request.form.getlist("t")
    try:
        asked = _asked()
        with floor().db.read() as session:
            chosen = bulk.chosen(session, numbers, acting())
        parts, names = _looked_at(asked, [(each.number, each.version) for each in chosen])
    except (Invalid, NotFound) as error:
        return _choose(numbers, error)
    return render_template(
        "tickets/bulk_preview.html",
        asked=asked,
        parts=parts,
        versions={each.id: each.version for each in chosen},
        said=lambda event: words.said(_config(), event, names),
        key=secrets.token_urlsafe(12),
        undo_minutes=bulk.UNDO_FOR // timedelta(minutes=1),
        **_shown(),
    )


def _looked_at(asked: Asked, chosen: list[tuple[str, int]]) -> tuple[list[Part], dict[str, str]]:
    """Do it all, and roll it back: what is shown is what the same verbs would do."""
    try:
        with floor().db.write() as session:
            key = f"preview {secrets.token_urlsafe(12)}"
            _, parts = bulk.apply(
                session, _config(), asked, chosen, key=key, actor=acting(), now=clock.now()
            )
            raise _OnlyLooking(parts, _names(session, parts))
    except _OnlyLooking as found:
        return found.parts, found.names


def _names(session: Session, parts: Sequence[Part]) -> dict[str, str]:
    people = {
        str(name)
        for part in parts
        for event in part.events
        for name in (event.who, event.data.get("to"), event.data.get("from"))
        if name
    }
    return service.names_of(session, people)


def _shown() -> dict[str, Any]:
    return {"config": _config(), "words": words, "open_states": OPEN}


@blueprint.post("/tickets/bulk")
@access(*MOVERS)
def make() -> ResponseReturnValue:
    """Make the move that was looked at. Form: `t` as `number version`, `what` and its fields, and
    `key` of the form.
    """
    chosen = []
    for each in request.form.getlist("t"):
        number, _, version = each.partition(" ")
        chosen.append((number, int(version) if version.isdecimal() and len(version) < 9 else 0))
    try:
        with floor().db.write() as session:
            bulk_id, _ = bulk.apply(
                session,
                _config(),
                _asked(),
                chosen,
                key=request.form.get("key", "")[:64] or secrets.token_urlsafe(12),
                actor=acting(),
                now=clock.now(),
            )
    except (Invalid, NotFound) as error:
        return _choose([number for number, _ in chosen], error)
    return redirect(url_for("bulk.page", bulk_id=bulk_id), 303)


@blueprint.get("/tickets/bulk")
@access(*SEES)
def listing() -> str:
    """Show the bulk moves that were made: one's own, or all to who answers for them."""
    with floor().db.read() as session:
        found = bulk.listing(session, acting())
        names = service.names_of(session, {each.by for each in found})
    return render_template("tickets/bulk_list.html", found=found, names=names, **_shown())


@blueprint.get(_ONE)
@access(*SEES)
def page(bulk_id: int) -> str:
    """Show what became of each ticket of one."""
    return _page(bulk_id)


def _page(bulk_id: int, error: HotlineError | None = None) -> str:
    actor, now = acting(), clock.now()
    with floor().db.read() as session:
        found = bulk.find(session, bulk_id, actor)
        parts = bulk.parts(session, found, actor)
        names = _names(session, parts) | service.names_of(
            session, {found.by, found.undone_by or ""}
        )
    return render_template(
        "tickets/bulk.html",
        bulk=found,
        parts=parts,
        names=names,
        said=lambda event: words.said(_config(), event, names),
        may_undo=found.may_be_undone(actor, now),
        undo_until=found.at + bulk.UNDO_FOR,
        error=error,
        **_shown(),
    )


@blueprint.post(f"{_ONE}/undo")
@access(*MOVERS)
def undo(bulk_id: int) -> ResponseReturnValue:
    """Take one back where nobody has done anything since."""
    try:
        with floor().db.write() as session:
            bulk.undo(session, _config(), bulk_id, actor=acting(), now=clock.now())
    except Conflict as error:
        return make_response(_page(bulk_id, error), error.status)
    return redirect(url_for("bulk.page", bulk_id=bulk_id), 303)
