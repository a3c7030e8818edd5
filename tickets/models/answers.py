"""What the city answers to what it is asked."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class Answer(Base):
    """What the city says to what it is asked (`tickets.answers`), as it stands now."""

    __tablename__ = "answers"
    # what every search looks at: whether anything has changed
    __table_args__ = (sa.Index("ix_answers_version", "version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Language → title, and language → text; Thai and English at least.
    titles: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    keywords: Mapped[str] = mapped_column(sa.Text)
    category: Mapped[str | None] = mapped_column(sa.String(64))
    #: From when on it is not found any more; NULL: as long as nobody changes it.
    valid_until: Mapped[datetime | None]
    #: The username of who wrote it first.
    author: Mapped[str] = mapped_column(sa.String(64))
    written_at: Mapped[datetime]
    #: Counts its changes: who changes it says which one they saw.
    version: Mapped[int]
    withdrawn_at: Mapped[datetime | None]


class AnswerEvent(Base):
    """What was done to an answer, `n` counting from 1. Append-only.

    Kinds: `written`, `changed`, `withdrawn`. The latter two carry it as it stood before under
    `before`: `titles`, `texts`, `keywords`, `category`, `valid_until` (ISO 8601, UTC, or null).
    """

    __tablename__ = "answer_events"
    __table_args__ = (sa.UniqueConstraint("answer_id", "n"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    answer_id: Mapped[int] = mapped_column(sa.ForeignKey("answers.id"))
    n: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(16))
    data: Mapped[dict[str, Any]]


class AnswerUse(Base):
    """An answer that was used in a call, which is counted once. Append-only."""

    __tablename__ = "answer_uses"
    __table_args__ = (sa.Index("ix_answer_uses_at", "at", "answer_id"),)

    #: The id of the call in the room `ivr`.
    call_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    answer_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("answers.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
