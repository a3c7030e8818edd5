"""Whole calls written straight into the event tables, for tests of what is counted from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ivr.models import Call, CallEvent

_number = count(1)


@dataclass
class Story:
    """One call as its events tell it; each verb happens so many seconds after the one before."""

    session: Session
    at: datetime
    call_id: int = 0
    language: str = "th"
    events: list[tuple[str, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        number = next(_number)
        inserted = self.session.execute(
            sa.insert(Call)
            .values(
                sid=f"CA{number:032x}",
                from_number=f"+668{number:08d}",
                to_number="1337",
                language=self.language,
                status="in-progress",
                rank=2,
                arrived_at=self.at,
                checked_at=self.at,
            )
            .returning(Call.id)
        )
        self.call_id = inserted.scalar_one()
        self.tell("arrived", at="language")

    def tell(self, kind: str, after: float = 0, **data: Any) -> "Story":
        self.at += timedelta(seconds=after)
        self.session.execute(
            sa.insert(CallEvent).values(call_id=self.call_id, at=self.at, kind=kind, data=data)
        )
        self.events.append((kind, self.at))
        return self

    def queued(self, after: float = 10, queue: str = "information") -> "Story":
        visit = sum(kind == "queued" for kind, _ in self.events) + 1
        return self.tell(
            "queued", after, visit=visit, queue=queue, language=self.language, priority=0
        )

    def missed(self, after: float = 1, result: str = "no_answer") -> "Story":
        self.tell("offered", offer=1, agent=1)
        return self.tell("offer_ended", after, offer=1, agent=1, result=result)

    def connected(self, after: float = 5) -> "Story":
        self.tell("offered", offer=2, agent=2).tell("accepted", offer=2, agent=2)
        return self.tell("connected", after, offer=2, agent=2)

    def done(self, talk: float = 60, wrap_up: float = 20) -> "Story":
        self.tell("talk_ended", talk, offer=2, agent=2, by="caller").ended()
        return self.tell("wrapped_up", wrap_up, offer=2, agent=2, outcome="information", ticket="1")

    def abandoned(self, after: float = 30, queue: str = "information") -> "Story":
        self.tell("abandoned", after, queue=queue, language=self.language)
        return self.ended()

    def ended(self, after: float = 0, **data: Any) -> "Story":
        self.tell("ended", after, **(data or {"status": "completed"}))
        self.session.execute(
            sa.update(Call)
            .where(Call.id == self.call_id)
            .values(ended_at=self.at, status="completed", rank=3)
        )
        return self


def snapshot(session: Session, table: sa.Table) -> list[Mapping[str, Any]]:
    """Every row of a table, in the order of its key."""
    rows = session.execute(sa.select(table).order_by(*table.primary_key.columns))
    return [dict(row) for row in rows.mappings()]
