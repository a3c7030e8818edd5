"""Who watches a ticket."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class Watch(Base):
    """Somebody who wants to know what becomes of a ticket. Nobody is one without having said so."""

    __tablename__ = "ticket_watches"
    __table_args__ = (sa.Index("ix_ticket_watches_username", "username", "ticket_id"),)

    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    username: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    since: Mapped[datetime]
    #: How many events of others the watcher has seen: a count, since ids need not come in order.
    seen: Mapped[int]
