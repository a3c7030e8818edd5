"""What was done with many tickets at once."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class BulkMove(Base):
    """One move that was made with many tickets. `key` is the form's: it is applied once."""

    __tablename__ = "bulk_moves"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    #: A `tickets.life.bulk.What`, and what was asked of it.
    kind: Mapped[str] = mapped_column(sa.String(12))
    data: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(sa.String(64))


class BulkPart(Base):
    """What a bulk move did with one ticket, or why it did not."""

    __tablename__ = "bulk_parts"

    bulk_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("bulk_moves.id"), primary_key=True, autoincrement=False
    )
    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    #: The key of the words for why it was left out, and their values; empty: it was done.
    refused: Mapped[str] = mapped_column(sa.String(64))
    data: Mapped[dict[str, Any]]
    #: The version that it left, and the last of its events.
    version: Mapped[int | None]
    event_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    #: NULL: not asked to undo; empty: undone; else the key of the words for why not.
    undone: Mapped[str | None] = mapped_column(sa.String(64))
