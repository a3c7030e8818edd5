"""What tickets are about, as it was suggested and as it was chosen; the models that suggest."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class CategoryChoice(Base):
    """What was suggested when somebody said what a ticket is about, and what they said. No words of
    anybody stand here.
    """

    __tablename__ = "category_choices"
    __table_args__ = (
        sa.Index("ix_category_choices_ticket", "ticket_id", "id"),
        sa.Index("ix_category_choices_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    #: The `EventKind` that it came with: made, completed, routed.
    how: Mapped[str] = mapped_column(sa.String(12))
    #: The model that suggested; 0: the shipped one.
    model_id: Mapped[int] = mapped_column(sa.BigInteger)
    #: The likeliest and how likely it is; `said`: `items`, [category, share] of all.
    first: Mapped[str | None] = mapped_column(sa.String(64))
    share: Mapped[float | None] = mapped_column(sa.Float())
    sure: Mapped[bool]
    said: Mapped[dict[str, Any]]
    chosen: Mapped[str | None] = mapped_column(sa.String(64))


class CategoryModel(Base):
    """A model that was learned, with its figures; also one that was refused, without weights."""

    __tablename__ = "category_models"
    # an id in a choice must never become another model's
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(sa.String(64))
    #: `files`: of other cities' tables; `tickets`: of this city's own.
    source: Mapped[str] = mapped_column(sa.String(12))
    #: The model that it was compared with, and the one that it began with.
    against: Mapped[int] = mapped_column(sa.BigInteger)
    before: Mapped[int] = mapped_column(sa.BigInteger)
    #: `used`, `refused` (it was no better), `late` (another one was put in use meanwhile).
    outcome: Mapped[str] = mapped_column(sa.String(12))
    #: lessons, held_out; `new` and `old`: `Figures.as_json` of both; won, lost.
    figures: Mapped[dict[str, Any]]
    #: SHA-256 of the weights, hexadecimal: by it a process knows whether it has them.
    digest: Mapped[str | None] = mapped_column(sa.String(64))
    #: npz; NULL when refused, and when so many newer ones have been used that it was cleared away.
    weights: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class CategoryModelUse(Base):
    """Which model suggests from when on: the newest row holds. Rows are added, never changed."""

    __tablename__ = "category_model_uses"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    #: 0: the shipped one.
    model_id: Mapped[int] = mapped_column(sa.BigInteger)
    #: The row that it follows (0: none). Two that follow the same one: the second is too late.
    follows: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
