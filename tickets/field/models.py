"""The rows of what crews' telephones have sent."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class FieldAct(Base):
    """What has been answered already: the same act sent again gets the same answer."""

    __tablename__ = "field_acts"
    __table_args__ = (sa.Index("ix_field_acts_at", "at"),)

    #: Of two accounts each may have the same key: nobody learns of another's.
    username: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    #: A `tickets.field.rules.Act`.
    act: Mapped[str] = mapped_column(sa.String(16))
    #: As the telephone said: what is no job of theirs is kept too.
    job: Mapped[int] = mapped_column(BigId)
    #: When it was answered first.
    at: Mapped[datetime]
    #: The code of what was said against it; NULL: it was done. `words`: the key of its text, and
    #: `data` the text's values.
    refused: Mapped[str | None] = mapped_column(sa.String(64))
    words: Mapped[str] = mapped_column(sa.String(128))
    data: Mapped[dict[str, Any]]
    status: Mapped[int]
