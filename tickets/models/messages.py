"""The words that are offered for a message to a citizen."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base, BigId


class MessageTemplate(Base):
    """Words that are offered for a message to a citizen (`tickets.life.templates`), as they stand
    now: for a category and a state, each NULL for any, in one language.
    """

    __tablename__ = "message_templates"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    category: Mapped[str | None] = mapped_column(sa.String(64))
    state: Mapped[str | None] = mapped_column(sa.String(12))
    language: Mapped[str] = mapped_column(sa.String(8))
    title: Mapped[str] = mapped_column(sa.String(120))
    #: With placeholders (`tickets.life.placeholders`).
    text: Mapped[str] = mapped_column(sa.Text)
    #: How many messages were sent that began with it.
    used: Mapped[int] = mapped_column(default=0, server_default="0")
    #: Counts its changes: who changes it says which one they saw.
    version: Mapped[int]
    author: Mapped[str] = mapped_column(sa.String(64))
    written_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class MessageTemplateEvent(Base):
    """What was done to a template: `written`, `changed`, `withdrawn`, the latter two with how it
    stood under `before`. Append-only.
    """

    __tablename__ = "message_template_events"
    __table_args__ = (sa.Index("ix_message_template_events_template", "template_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    template_id: Mapped[int] = mapped_column(sa.ForeignKey("message_templates.id"))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(12))
    data: Mapped[dict[str, Any]]
