"""Who is away from their division."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class Absence(Base):
    """Days on which somebody who answers for a division is away. Withdrawn, never deleted."""

    __tablename__ = "ticket_absences"
    __table_args__ = (sa.Index("ix_ticket_absences_last", "last"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(64))
    #: Both included, in the city's time zone.
    first: Mapped[date]
    last: Mapped[date]
    #: Who has their divisions meanwhile; NULL: nobody in particular.
    substitute: Mapped[str | None] = mapped_column(sa.String(64))
    made_by: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None] = mapped_column(sa.String(64))
    withdrawn_at: Mapped[datetime | None]
