"""The audit log on both engines: written with what is done, and never changed."""

import pytest
import sqlalchemy as sa

from hotline import audit, auth, clock
from hotline.audit import Asked
from hotline.auth import Identity, Role
from hotline.clock import DrivenClock
from hotline.db import Database
from hotline.models import AuditEvent


@pytest.fixture
def boss(db: Database, driven: DrivenClock) -> Identity:
    with db.write() as session:
        account_id = auth.create_account(
            session,
            username="somsri",
            name="สมศรี",
            role=Role.SUPERVISOR,
            password="a long enough password",
            now=clock.now(),
        )
    return Identity(account_id, "somsri", "สมศรี", Role.SUPERVISOR, demo=False, token="t")


def record(db: Database, by: Identity | None, kind: str, subject: str, reason: str = "") -> None:
    with db.write() as session:
        audit.record(session, kind, subject, by=by, at=clock.now(), reason=reason, was="ready")


def test_the_newest_line_comes_first(db: Database, boss: Identity) -> None:
    record(db, boss, "agents.signed_out", "agent:1", " went home ")
    record(db, None, "floor.locked", "account:2")
    with db.read() as session:
        found = audit.lines(session)
    told = [(line.by, line.kind, line.subject, line.reason) for line in found]
    assert told == [
        ("command line", "floor.locked", "account:2", ""),
        ("somsri", "agents.signed_out", "agent:1", "went home"),
    ]
    assert (found[0].at, found[0].data) == (clock.now(), {"was": "ready"})


def test_it_is_asked_by_subject_by_who_acted_and_page_by_page(db: Database, boss: Identity) -> None:
    for n in range(4):
        record(db, boss if n % 2 else None, "agents.moved", f"agent:{n}")
    with db.read() as session:
        assert [line.subject for line in audit.lines(session, Asked(subject="agent:2"))] == [
            "agent:2"
        ]
        mine = audit.lines(session, Asked(account_id=boss.id))
        assert [line.subject for line in mine] == ["agent:3", "agent:1"]
        first = audit.lines(session, limit=2)
        rest = audit.lines(session, limit=2, before=first[-1].id)
        assert audit.lines(session, Asked(kind="agents.other")) == []
    assert [line.subject for line in first + rest] == ["agent:3", "agent:2", "agent:1", "agent:0"]


def test_what_is_undone_leaves_no_line(db: Database, boss: Identity) -> None:
    def then_fails() -> None:
        with db.write() as session:
            audit.record(session, "agents.moved", "agent:1", by=boss, at=clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        then_fails()
    with db.read() as session:
        assert audit.lines(session) == []


@pytest.mark.parametrize("change", [sa.update(AuditEvent).values(by="x"), sa.delete(AuditEvent)])
def test_the_database_itself_refuses_to_change_a_line(
    db: Database, boss: Identity, change: sa.Executable
) -> None:
    record(db, boss, "agents.moved", "agent:1")
    with pytest.raises(sa.exc.DatabaseError, match="only added to"), db.write() as session:
        session.execute(change)
    with db.read() as session:
        assert [line.by for line in audit.lines(session)] == ["somsri"]
