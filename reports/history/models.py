"""The rows of imports: calls of an old exchange, and where they come from."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId, Json


class Import(Base):
    """One file that was read with one map. Not changed any more once it is `done` or `undone`."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(40))
    file_name: Mapped[str] = mapped_column(sa.String(255))
    #: SHA-256 of the file and of the map: by them an import that was cut off is found again.
    file_hash: Mapped[str] = mapped_column(sa.String(64))
    map_hash: Mapped[str] = mapped_column(sa.String(64))
    map_name: Mapped[str] = mapped_column(sa.String(255))
    #: The map as it was, as text.
    map_text: Mapped[str] = mapped_column(sa.Text)
    #: running, done, undoing or undone.
    state: Mapped[str] = mapped_column(sa.String(8))
    started_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(sa.String(64))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(sa.String(64))
    #: read = new + known + ignored + bad, once it is done.
    rows_read: Mapped[int] = mapped_column(sa.BigInteger)
    rows_new: Mapped[int] = mapped_column(sa.BigInteger)
    rows_known: Mapped[int] = mapped_column(sa.BigInteger)
    rows_ignored: Mapped[int] = mapped_column(sa.BigInteger)
    rows_bad: Mapped[int] = mapped_column(sa.BigInteger)
    #: Why rows were bad, and how many.
    reasons: Mapped[dict[str, Any]] = mapped_column(Json)
    #: Of the calls that it brought, the deciding moments (entry to the queue, or arrival).
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]


class ImportedCall(Base):
    """One visit to a queue of the old exchange, or one call that never came to one."""

    __tablename__ = "imported_calls"
    __table_args__ = (
        sa.Index("ix_imported_calls_moment", "moment"),
        sa.Index("ix_imported_calls_import_id", "import_id", "id"),
        sa.Index("ix_imported_calls_number", "number"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(sa.ForeignKey("imports.id"))
    #: Which call of which exchange: a hash of the source and the map's `key`.
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    #: A hash of what the row says of it: another file may say something else.
    content: Mapped[str] = mapped_column(sa.String(16))
    line: Mapped[int] = mapped_column(sa.BigInteger)
    #: What decides in which interval it is counted.
    moment: Mapped[datetime]
    visit: Mapped[int] = mapped_column(sa.SmallInteger)
    again: Mapped[bool]
    queue: Mapped[str | None] = mapped_column(sa.String(64))
    language: Mapped[str | None] = mapped_column(sa.String(8))
    outcome: Mapped[str] = mapped_column(sa.String(16))
    arrived_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    abandoned_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    talk_ended_at: Mapped[datetime | None]
    wrapped_up_at: Mapped[datetime | None]
    transferred_at: Mapped[datetime | None]
    offers: Mapped[int]
    missed: Mapped[int]
    agent: Mapped[str | None] = mapped_column(sa.String(120))
    #: E.164; forgotten as those of calls of our own (`keeping`).
    number: Mapped[str | None] = mapped_column(sa.String(20))


class ImportDay(Base):
    """A local day whose calls an import has changed, and that is not counted again yet."""

    __tablename__ = "import_days"

    day: Mapped[date] = mapped_column(primary_key=True)
