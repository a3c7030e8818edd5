"""Where tickets are, and the things of the city that have a number."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId
from tickets.models.indexes import partial_index


class TicketPlace(Base):
    """Where a ticket is (`tickets.places.rules.Place`); one without a row is nowhere yet."""

    __tablename__ = "ticket_places"
    __table_args__ = (
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="pin"),
        # what is in a box: what is near
        partial_index(
            "ix_ticket_places_pin",
            "latitude",
            "longitude",
            "ticket_id",
            where="latitude IS NOT NULL",
        ),
        sa.Index(
            "ix_ticket_places_contradicts",
            "ticket_id",
            sqlite_where=sa.text("contradicts = 1"),
            postgresql_where=sa.text("contradicts"),
        ),
    )

    ticket_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("tickets.id"), primary_key=True, autoincrement=False
    )
    #: WGS 84, degrees.
    latitude: Mapped[float | None] = mapped_column(sa.Double)
    longitude: Mapped[float | None] = mapped_column(sa.Double)
    #: A `tickets.places.rules.PinSource`.
    source: Mapped[str | None] = mapped_column(sa.String(16))
    asset_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("assets.id"), index=True)
    #: The sub-district that the words name; the ticket's own `area` is whose the place is.
    written: Mapped[str | None] = mapped_column(sa.String(64))
    house: Mapped[str] = mapped_column(sa.Text)
    moo: Mapped[str] = mapped_column(sa.Text)
    soi: Mapped[str] = mapped_column(sa.Text)
    road: Mapped[str] = mapped_column(sa.Text)
    address: Mapped[str] = mapped_column(sa.Text)
    landmark: Mapped[str] = mapped_column(sa.Text)
    contradicts: Mapped[bool]


#: The condition of the partial index: the pin is not where the words say.
MISPLACED = TicketPlace.contradicts == sa.true()


class Asset(Base):
    """A thing of the city with a number on it and a place: a lamp, a bin, a water point."""

    __tablename__ = "assets"
    __table_args__ = (
        sa.UniqueConstraint("kind", "key"),
        sa.Index("ix_assets_key", "key"),
        sa.Index("ix_assets_pin", "latitude", "longitude"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    #: As it stands on it, and as it is compared (`tickets.places.assets.key_of`).
    number: Mapped[str] = mapped_column(sa.String(64))
    key: Mapped[str] = mapped_column(sa.String(64))
    note: Mapped[str] = mapped_column(sa.Text)
    latitude: Mapped[float] = mapped_column(sa.Double)
    longitude: Mapped[float] = mapped_column(sa.Double)
    at: Mapped[datetime]
