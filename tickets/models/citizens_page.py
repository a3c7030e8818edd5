"""What opens a ticket's page to its citizen: the links, and the wrong proofs."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class CitizenLink(Base):
    """A link that opens a ticket's page to its citizen (`tickets.links`). The token stands nowhere:
    it is worked out of the nonce with the installation's secret.
    """

    __tablename__ = "citizen_links"
    __table_args__ = (sa.Index("ix_citizen_links_ticket", "ticket_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("tickets.id"))
    #: Whom it was sent to, E.164.
    number: Mapped[str] = mapped_column(sa.String(32))
    nonce: Mapped[str] = mapped_column(sa.String(32))
    #: SHA-256 of the token, in hexadecimal figures.
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    #: A username.
    revoked_by: Mapped[str | None] = mapped_column(sa.String(64))


class CitizenAttempt(Base):
    """Wrong proofs of a ticket's page, of one number or from one address (`tickets.attempts`)."""

    __tablename__ = "citizen_attempts"

    #: An HMAC: neither a number nor an address stands here.
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    failures: Mapped[int]
    tried_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]
