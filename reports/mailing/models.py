"""The rows: who gets which report, each mail of one, what was set for them, and links."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId, Json


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


class Subscription(Base):
    """That somebody gets a kind of report. Another choice is another row; an ended one stays for a
    time, so that it can be said how it ended.
    """

    __tablename__ = "report_subscriptions"
    __table_args__ = (
        # one of each kind, however often it is asked for
        sa.Index(
            "uq_report_subscriptions_account",
            "account_id",
            "kind",
            unique=True,
            **_where("ended_at IS NULL AND account_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_report_subscriptions_email",
            "email",
            "kind",
            unique=True,
            **_where("ended_at IS NULL AND account_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Whose it is; NULL: an address outside.
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("accounts.id"))
    #: Of an address outside, in small letters; empty: the account's own, as it is then.
    email: Mapped[str] = mapped_column(sa.String(254))
    #: `rules.Kind`, "th" or "en", and `rules.Form`s with commas between.
    kind: Mapped[str] = mapped_column(sa.String(8))
    language: Mapped[str] = mapped_column(sa.String(8))
    forms: Mapped[str] = mapped_column(sa.String(40))
    #: Why an address outside gets it.
    reason: Mapped[str] = mapped_column(sa.String(500))
    made_by: Mapped[str] = mapped_column(sa.String(120))
    made_at: Mapped[datetime]
    #: What was due before is not sent.
    since: Mapped[datetime]
    #: The mail server takes nothing for the address: since when, and what it said.
    paused_at: Mapped[datetime | None]
    paused_because: Mapped[str] = mapped_column(sa.String(200))
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    #: A username, or `service.BY_LINK`.
    ended_by: Mapped[str] = mapped_column(sa.String(120))


class Edition(Base):
    """A report as it was set for all who get it in a language: the same for who gets it late."""

    __tablename__ = "report_editions"
    __table_args__ = (sa.UniqueConstraint("period", "language"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: `rules.Edition.name`
    period: Mapped[str] = mapped_column(sa.String(10))
    language: Mapped[str] = mapped_column(sa.String(8))
    made_at: Mapped[datetime] = mapped_column(index=True)
    #: `digest.Digest.as_data`
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class EditionFile(Base):
    """One form of it."""

    __tablename__ = "report_edition_files"

    edition_id: Mapped[int] = mapped_column(
        sa.ForeignKey("report_editions.id", ondelete="CASCADE"), primary_key=True
    )
    form: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Mail(Base):
    """One report to one subscriber: the row is what nobody gets twice."""

    __tablename__ = "report_mails"
    __table_args__ = (
        # however many clocks find that it is due
        sa.UniqueConstraint("subscription_id", "period"),
        sa.Index("ix_report_mails_open", "again_at", **_where("state IN ('waiting', 'posted')")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(
        sa.ForeignKey("report_subscriptions.id", ondelete="CASCADE")
    )
    period: Mapped[str] = mapped_column(sa.String(10))
    #: The first day of the period: by it a newer one is known.
    first_day: Mapped[date]
    due_at: Mapped[datetime] = mapped_column(index=True)
    #: `rules.State`
    state: Mapped[str] = mapped_column(sa.String(12))
    #: Waiting: not before.
    again_at: Mapped[datetime]
    #: How often it was put into the outbox.
    posted: Mapped[int]
    edition_id: Mapped[int | None] = mapped_column(sa.ForeignKey("report_editions.id"))
    #: When it was taken, or ended otherwise, to which address, and what went wrong last.
    ended_at: Mapped[datetime | None]
    email: Mapped[str] = mapped_column(sa.String(254))
    error: Mapped[str] = mapped_column(sa.String(200))


class Link(Base):
    """An address that opens one report to who has it. Only a hash of its token is kept."""

    __tablename__ = "report_links"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    period: Mapped[str] = mapped_column(sa.String(10))
    language: Mapped[str] = mapped_column(sa.String(8))
    forms: Mapped[str] = mapped_column(sa.String(40))
    #: For whom it was made, in its maker's words.
    note: Mapped[str] = mapped_column(sa.String(200))
    made_by: Mapped[str] = mapped_column(sa.String(120))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(sa.String(120))
    #: How often the page was opened, and a file taken; from how many addresses: `LinkVisitor`.
    opened: Mapped[int]
    taken: Mapped[int]
    opened_at: Mapped[datetime | None]


class LinkFile(Base):
    """A report in a form and a language as who has a link to it takes it: one for all its links,
    as it was last made, and who makes another. It goes with the last of them.
    """

    __tablename__ = "report_link_files"

    period: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    language: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    form: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    #: Of what it says (`making.Draft.mark`), and when it was looked last that it says that still;
    #: empty: it has never been made.
    mark: Mapped[str] = mapped_column(sa.String(64))
    seen_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    #: Which is being made, and until when nobody else begins the same; None: none is.
    making: Mapped[str] = mapped_column(sa.String(64))
    making_until: Mapped[datetime | None]


class LinkVisitor(Base):
    """That a link was opened from an address, so that they can be counted: a keyed hash that is
    another one for every link, of which no address can be found and nobody followed.
    """

    __tablename__ = "report_link_visitors"

    link_id: Mapped[int] = mapped_column(
        sa.ForeignKey("report_links.id", ondelete="CASCADE"), primary_key=True
    )
    address_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
