"""What was handed to agencies outside the city."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId
from tickets.models.indexes import partial_index


class Forward(Base):
    """A matter that was handed to an agency outside the city, which still owes the answer."""

    __tablename__ = "ticket_forwards"
    __table_args__ = (
        sa.Index("ix_ticket_forwards_ticket", "ticket_id", "id"),
        partial_index("ix_ticket_forwards_chase", "chase_at", where="replied_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    #: An id of `agencies` in config.yaml.
    agency: Mapped[str] = mapped_column(sa.String(64))
    #: The agency's own number of it; empty: it gave none.
    reference: Mapped[str] = mapped_column(sa.String(64))
    by: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[datetime]
    #: Every so many days it is time to ask again, next at `chase_at`.
    every_days: Mapped[int]
    chase_at: Mapped[datetime]
    #: Since when somebody is to ask; NULL: nothing is to be done now.
    due_since: Mapped[datetime | None]
    #: How often it was time to ask.
    times: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Counts what people did with it: who acts says which one they saw.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    replied_at: Mapped[datetime | None]
