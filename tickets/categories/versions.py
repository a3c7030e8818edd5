"""Which model suggests, which ones there have been, and what each of them was worth.

The weights are rows, so that every web process of every host takes the same ones; each asks which
holds before it suggests (one row), and reads weights only when that has changed.
"""

import functools
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline import audit
from hotline.auth import Identity
from hotline.db import insert_ignore
from tickets.errors import ModelChanged, NoSuchModel
from tickets.models import CategoryModel, CategoryModelUse

if TYPE_CHECKING:
    from tickets.categories.model import Model

#: The id of the model that ships with the hotline.
SHIPPED: Final = 0
WEIGHTS = Path(__file__).with_name("weights.npz")
FILES, TICKETS = "files", "tickets"
USED, REFUSED, LATE = "used", "refused", "late"
#: Of so many models the weights are kept, beside those in use: enough to go back.
KEPT: Final = 10
#: Models that one process holds in memory.
_HELD: Final = 2

_lock = threading.Lock()
_held: "OrderedDict[str, Model]" = OrderedDict()


@dataclass(frozen=True)
class Use:
    """Which model holds. `id` 0: nobody has ever put another one than the shipped one in use."""

    id: int = 0
    model_id: int = SHIPPED
    at: datetime | None = None
    by: str = ""


@dataclass(frozen=True)
class Version:
    """One model that was learned, as its row says."""

    id: int
    made_at: datetime
    made_by: str
    source: str
    against: int
    before: int
    outcome: str
    figures: dict[str, Any]
    has_weights: bool


def current(session: Session) -> Use:
    """Return which model holds."""
    row = session.execute(
        sa.select(
            CategoryModelUse.id, CategoryModelUse.model_id, CategoryModelUse.at, CategoryModelUse.by
        )
        .order_by(CategoryModelUse.id.desc())
        .limit(1)
    ).one_or_none()
    return Use() if row is None else Use(*row)


def weights(session: Session, model_id: int) -> "Model":
    """Return a model, from memory when this process has it. Raises `NoSuchModel`."""
    if model_id == SHIPPED:
        return shipped()
    digest = session.scalar(sa.select(CategoryModel.digest).where(CategoryModel.id == model_id))
    if digest is None:
        raise NoSuchModel(id=model_id)
    with _lock:
        if digest in _held:
            _held.move_to_end(digest)
            return _held[digest]
    from tickets.categories.model import Model

    content = session.scalar(sa.select(CategoryModel.weights).where(CategoryModel.id == model_id))
    if content is None:
        raise NoSuchModel(id=model_id)
    found = Model.of_bytes(content)
    with _lock:
        _held[digest] = found
        while len(_held) > _HELD:
            _held.popitem(last=False)
    return found


@functools.cache
def shipped() -> "Model":
    """Return the model that ships with the hotline."""
    from tickets.categories.model import Model

    return Model.of_bytes(WEIGHTS.read_bytes())


def base(session: Session) -> int:
    """Return the model that the city's own tickets are learned on top of: what was last put in use
    that was not learned from them. So what is unlearned by correcting a ticket is unlearned.
    """
    found = session.scalar(
        sa.select(CategoryModelUse.model_id)
        .outerjoin(CategoryModel, CategoryModel.id == CategoryModelUse.model_id)
        .where(
            sa.or_(
                CategoryModelUse.model_id == SHIPPED,
                sa.and_(CategoryModel.source == FILES, CategoryModel.weights.is_not(None)),
            )
        )
        .order_by(CategoryModelUse.id.desc())
        .limit(1)
    )
    return SHIPPED if found is None else found


def add(
    session: Session,
    *,
    source: str,
    before: int,
    against: int,
    figures: dict[str, Any],
    model: "Model | None",
    by: str,
    now: datetime,
) -> int:
    """Write a model down, without its weights when it was refused (`model` None); return its id."""
    content = None if model is None else model.as_bytes()
    row = CategoryModel(
        made_at=now,
        made_by=by,
        source=source,
        against=against,
        before=before,
        outcome=REFUSED,
        figures=figures,
        digest=None if content is None else hashlib.sha256(content).hexdigest(),
        weights=content,
    )
    session.add(row)
    session.flush()
    return row.id


def put_in_use(session: Session, model_id: int, *, follows: int, by: str, now: datetime) -> bool:
    """Let a model hold from now on, unless another one than `follows` (a `Use.id`) holds by now:
    then False, and nothing is changed but that the model's row says so.
    """
    values = {"at": now, "by": by, "model_id": model_id, "follows": follows}
    won = insert_ignore(session, CategoryModelUse, values) is not None
    if model_id != SHIPPED:
        mine = sa.update(CategoryModel).where(CategoryModel.id == model_id)
        late = mine.where(CategoryModel.outcome != USED).values(
            outcome=LATE, weights=None, digest=None
        )
        session.execute(mine.values(outcome=USED) if won else late)
    if won:
        _clear_away(session)
    return won


def go_back(
    session: Session,
    *,
    to: int | None = None,
    seen: int | None = None,
    by: Identity | str,
    now: datetime,
) -> int:
    """Put the model in use that held before (or `to`); return its id. `seen`: the `Use.id` that
    whoever decides it has seen to hold. It stands in the audit log.

    Raises `NoSuchModel` when there is none, or its weights are no longer there; `ModelChanged`.
    """
    use = current(session)
    if seen is not None and seen != use.id:
        raise ModelChanged
    target = held_before(session, use) if to is None else to
    if target is None or target == use.model_id:
        raise NoSuchModel(id="-" if to is None else to)
    weights(session, target)
    name = by.username if isinstance(by, Identity) else by
    if not put_in_use(session, target, follows=use.id, by=name, now=now):
        raise ModelChanged
    who = by if isinstance(by, Identity) else None
    audit.record(
        session, "tickets.model_chosen", f"model:{target}", by=who, at=now, instead_of=use.model_id
    )
    return target


def held_before(session: Session, use: Use) -> int | None:
    """Return what held before the model that holds now was first put in use; None: nothing did."""
    if use.model_id == SHIPPED:
        return None  # it was there before all others
    first = session.scalar(
        sa.select(sa.func.min(CategoryModelUse.id)).where(CategoryModelUse.model_id == use.model_id)
    )
    before = session.scalar(
        sa.select(CategoryModelUse.model_id)
        .where(CategoryModelUse.id < (first or use.id))
        .order_by(CategoryModelUse.id.desc())
        .limit(1)
    )
    return SHIPPED if before is None else before


def _clear_away(session: Session) -> None:
    """Drop the weights of models of long ago."""
    newest = sa.select(CategoryModel.id).where(CategoryModel.weights.is_not(None))
    keep = set(session.scalars(newest.order_by(CategoryModel.id.desc()).limit(KEPT)))
    keep |= {current(session).model_id, base(session)}
    session.execute(
        sa.update(CategoryModel)
        .where(CategoryModel.id.not_in(keep), CategoryModel.weights.is_not(None))
        .values(weights=None, digest=None)
    )


def history(session: Session, limit: int = 20) -> list[Version]:
    """Return the models that were learned, the newest first."""
    rows = session.execute(
        sa.select(
            CategoryModel.id,
            CategoryModel.made_at,
            CategoryModel.made_by,
            CategoryModel.source,
            CategoryModel.against,
            CategoryModel.before,
            CategoryModel.outcome,
            CategoryModel.figures,
            CategoryModel.weights.is_not(None),
        )
        .order_by(CategoryModel.id.desc())
        .limit(limit)
    )
    return [Version(*row) for row in rows]
