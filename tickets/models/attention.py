"""What needed attention when a day was over: the nightly list."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class AttentionDay(Base):
    """What needed somebody's attention when a day was over, as `tickets.attention` keeps it."""

    __tablename__ = "ticket_attention"

    day: Mapped[date] = mapped_column(primary_key=True)
    #: When the list was made.
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
