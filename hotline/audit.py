"""The audit log: what one account did to another, or to what is not theirs.

Written in the unit of work that does it, so that nothing is done without its line and no line tells
of what was not done. There is no verb that changes a line, and the database refuses it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.auth import Identity
from hotline.models import AuditEvent

#: Who acts on the machine itself (`hotline people …`).
COMMAND_LINE = "command line"
REASON_LENGTH = 500


@dataclass(frozen=True)
class Line:
    """One line of the log. `at` is UTC; `subject` is `account:7`, `agent:3`, `call:12`, …"""

    id: int
    at: datetime
    by: str
    kind: str
    subject: str
    reason: str
    data: Mapping[str, Any]


def record(
    session: Session,
    kind: str,
    subject: str,
    *,
    by: Identity | None,
    at: datetime,
    reason: str = "",
    **data: Any,
) -> None:
    """Write that `by` (None: the command line) did `kind` to `subject`; `data` must be JSON.

    A kind is `<room>.<verb>`, and has its words under `audit.<kind>` in the room's texts.
    """
    session.execute(
        sa.insert(AuditEvent).values(
            at=at,
            account_id=by.id if by else None,
            by=by.username if by else COMMAND_LINE,
            kind=kind,
            subject=subject,
            reason=reason.strip()[:REASON_LENGTH],
            data=data,
        )
    )


def lines(
    session: Session,
    *,
    subject: str | None = None,
    account_id: int | None = None,
    kind: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Line]:
    """The newest lines first; `before` is the id of the last line of the page before."""
    query = sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditEvent.subject == subject)
    if account_id is not None:
        query = query.where(AuditEvent.account_id == account_id)
    if kind is not None:
        query = query.where(AuditEvent.kind == kind)
    if before is not None:
        query = query.where(AuditEvent.id < before)
    return [
        Line(row.id, row.at, row.by, row.kind, row.subject, row.reason, row.data)
        for row in session.scalars(query)
    ]
