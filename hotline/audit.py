"""The audit log: what one account did to another, or to what is not theirs.

Written in the unit of work that does it, so that nothing is done without its line and no line tells
of what was not done. There is no verb that changes a line, and the database refuses it as well.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hotline.auth import Identity, Role
from hotline.models import Account, AuditEvent

#: Who acts on the machine itself (`hotline people …`).
COMMAND_LINE = "command line"
#: What the city's own sign-in says of its people (`hotline.people.provisioning`).
CITY_SIGN_IN = "city sign-in"
REASON_LENGTH = 500
#: How subjects begin that are accounts.
ACCOUNT = "account:"


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
    account_id: int | None = None


def record(
    session: Session,
    kind: str,
    subject: str,
    *,
    by: Identity | str | None,
    at: datetime,
    reason: str = "",
    **data: Any,
) -> None:
    """Write that `by` (None: the command line; a text: nobody here) did `kind` to `subject`; `data`
    must be JSON.

    A kind is `<room>.<verb>`, and has its words under `<room>.audit.<verb>` in the room's texts.
    """
    session.execute(
        sa.insert(AuditEvent).values(
            at=at,
            account_id=by.id if isinstance(by, Identity) else None,
            by=by.username if isinstance(by, Identity) else by or COMMAND_LINE,
            kind=kind,
            subject=subject,
            reason=reason.strip()[:REASON_LENGTH],
            data=data,
        )
    )


@dataclass(frozen=True)
class Asked:
    """Which lines are looked for; what is empty asks for all. Moments are half-open, UTC.

    `subjects`: to one of these. `accounts`: by one of these. `people`, `whom`: what one of these
    accounts did, or was done to one of these subjects.

    `below`: only what was done on the floor of rooms, and to accounts that have one of these roles.
    """

    by: str = ""
    account_id: int | None = None
    subject: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    below: Collection[Role] | None = None
    subjects: Collection[str] | None = None
    accounts: Collection[int] | None = None
    people: Collection[int] | None = None
    whom: Collection[str] = ()


def lines(
    session: Session,
    asked: Asked = Asked(),
    *,
    before: int | None = None,
    limit: int = 100,
) -> list[Line]:
    """The newest lines first; `before` is the id of the last line of the page before."""
    query = _of(asked).order_by(AuditEvent.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEvent.id < before)
    return [
        Line(row.id, row.at, row.by, row.kind, row.subject, row.reason, row.data, row.account_id)
        for row in session.scalars(query)
    ]


def kinds(session: Session) -> list[str]:
    """The kinds that there are lines of."""
    return list(session.scalars(sa.select(AuditEvent.kind).distinct().order_by(AuditEvent.kind)))


def _of(asked: Asked) -> sa.Select[AuditEvent]:
    query = sa.select(AuditEvent)
    for column, value in (
        (AuditEvent.by, asked.by),
        (AuditEvent.account_id, asked.account_id),
        (AuditEvent.subject, asked.subject),
        (AuditEvent.kind, asked.kind),
    ):
        if value not in ("", None):
            query = query.where(column == value)
    query = _of_people(query, asked)
    if asked.since is not None:
        query = query.where(AuditEvent.at >= asked.since)
    if asked.until is not None:
        query = query.where(AuditEvent.at < asked.until)
    if asked.below is not None:
        roles = [each.value for each in asked.below]
        theirs = sa.select(sa.literal(ACCOUNT) + sa.cast(Account.id, sa.String)).where(
            Account.role.in_(roles)
        )
        of_rooms = AuditEvent.kind.not_like("floor.%")
        query = query.where(of_rooms | AuditEvent.subject.in_(theirs))
    return query


def _of_people(query: sa.Select[AuditEvent], asked: Asked) -> sa.Select[AuditEvent]:
    if asked.subjects is not None:
        query = query.where(AuditEvent.subject.in_(asked.subjects))
    if asked.accounts is not None:
        query = query.where(AuditEvent.account_id.in_(asked.accounts))
    if asked.people is not None:
        did = AuditEvent.account_id.in_(asked.people)
        query = query.where(did | AuditEvent.subject.in_(asked.whom))
    return query
