"""Saved views: lists that somebody keeps, for themselves or for all of a division.

A view keeps what the list's address asks for, in the address's own words, and is shown under an
address of its own, whatever it is called and however it is changed. Only its maker changes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hotline.errors import Invalid, NotFound
from tickets import facts
from tickets.facts import Actor
from tickets.models import TicketView, TicketViewChosen

#: What of a list's address a view keeps.
FIELDS = ("state", "division", "show", "incomplete", "source", "q", "order", "area")
LONGEST_TITLE, LONGEST_FIELD = 80, 200
#: So many of their own somebody may have.
MOST = 50


class NoSuchView(NotFound):
    """None of the reader's, and none of a division of theirs."""

    code, text = "no-such-view", "tickets.view.error.none"


class BadView(Invalid):
    """A view without a name, for a division that is not the maker's, or one too many."""

    code, text = "bad-view", "tickets.view.error.bad"


@dataclass(frozen=True)
class ViewFacts:
    """A saved view; `asked` is the query of its list, `division` whose it is as well."""

    id: int
    title: str
    division: str | None
    asked: Mapping[str, str]
    is_mine: bool
    is_chosen: bool


def of(session: Session, account_id: int, actor: Actor) -> Sequence[ViewFacts]:
    """Return what somebody can choose from: their own first, then their divisions'."""
    rows = session.scalars(sa.select(TicketView).where(_readable(account_id, actor)))
    chosen = _chosen(session, account_id)
    found = [_facts(row, account_id, chosen) for row in rows]
    return sorted(found, key=lambda view: (not view.is_mine, view.title, view.id))


def find(session: Session, view_id: int, account_id: int, actor: Actor) -> ViewFacts:
    """Return a view to somebody; raises `NoSuchView`."""
    row = session.scalar(
        sa.select(TicketView).where(TicketView.id == view_id, _readable(account_id, actor))
    )
    if row is None:
        raise NoSuchView(f"view {view_id}")
    return _facts(row, account_id, _chosen(session, account_id))


def chosen(session: Session, account_id: int, actor: Actor) -> int | None:
    """Return the view that somebody's list begins with; one that is no longer theirs is none."""
    id_ = _chosen(session, account_id)
    readable = sa.select(TicketView.id).where(TicketView.id == id_, _readable(account_id, actor))
    return None if id_ is None else session.scalar(readable)


def save(
    session: Session,
    account_id: int,
    actor: Actor,
    *,
    title: str,
    division: str | None,
    asked: Mapping[str, str],
    now: datetime,
) -> int:
    """Keep a list under a name; return its id. Raises `BadView`."""
    own = sa.select(sa.func.count()).where(TicketView.account_id == account_id)
    if (session.scalar(own) or 0) >= MOST:
        raise BadView
    view = TicketView(
        account_id=account_id,
        title=_title(title),
        division=_division(actor, division),
        asked=kept(asked),
        made_at=now,
        changed_at=now,
    )
    session.add(view)
    session.flush()
    return view.id


def change(
    session: Session,
    view_id: int,
    account_id: int,
    actor: Actor,
    *,
    title: str,
    division: str | None,
    asked: Mapping[str, str] | None,
    now: datetime,
) -> None:
    """Call a view of one's own something else, share it or no longer; `asked` (None: as it was) is
    what it shows from now on. Raises `NoSuchView`, `BadView`.
    """
    view = _own(session, view_id, account_id)
    view.title, view.division, view.changed_at = _title(title), _division(actor, division), now
    if asked is not None:
        view.asked = kept(asked)
    session.flush()


def remove(session: Session, view_id: int, account_id: int) -> None:
    """Take a view of one's own away, also from those who begin with it. Raises `NoSuchView`."""
    view = _own(session, view_id, account_id)
    session.execute(sa.delete(TicketViewChosen).where(TicketViewChosen.view_id == view.id))
    session.delete(view)
    session.flush()


def choose(session: Session, view_id: int | None, account_id: int, actor: Actor) -> None:
    """Begin with a view from now on, or (None) with none. Raises `NoSuchView`."""
    if view_id is None:
        theirs = TicketViewChosen.account_id == account_id
        session.execute(sa.delete(TicketViewChosen).where(theirs))
        return
    find(session, view_id, account_id, actor)
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(TicketViewChosen).values(account_id=account_id, view_id=view_id)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[TicketViewChosen.account_id], set_={"view_id": view_id}
        )
    )


def kept(asked: Mapping[str, str]) -> dict[str, str]:
    """What of an address a view keeps; what is empty as well, where that says something."""
    return {
        name: facts.clean(asked[name])[:LONGEST_FIELD]
        for name in FIELDS
        if name in asked and (asked[name] or name == "division")
    }


def _readable(account_id: int, actor: Actor) -> sa.ColumnElement[bool]:
    shared = TicketView.division.in_(sorted(actor.divisions))
    return sa.or_(TicketView.account_id == account_id, shared)


def _own(session: Session, view_id: int, account_id: int) -> TicketView:
    row = session.get(TicketView, view_id)
    if row is None or row.account_id != account_id:
        raise NoSuchView(f"view {view_id}")
    return row


def _chosen(session: Session, account_id: int) -> int | None:
    row = session.get(TicketViewChosen, account_id)
    return None if row is None else row.view_id


def _title(text: str) -> str:
    title = " ".join(facts.clean(text).split())[:LONGEST_TITLE]
    if not title:
        raise BadView
    return title


def _division(actor: Actor, division: str | None) -> str | None:
    if division and division not in actor.divisions:
        raise BadView
    return division or None


def _facts(row: TicketView, account_id: int, chosen_id: int | None) -> ViewFacts:
    asked = {name: str(value) for name, value in row.asked.items() if name in FIELDS}
    return ViewFacts(
        row.id,
        row.title,
        row.division,
        asked,
        is_mine=row.account_id == account_id,
        is_chosen=row.id == chosen_id,
    )
