"""Rows from before revision 0002: each stay gets its rank, and its end as far as events tell."""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from hotline.db import MIGRATIONS

CALL = """
    INSERT INTO calls (id, sid, from_number, to_number, language, status, rank, arrived_at,
                       checked_at)
    VALUES (:id, :sid, '+66812345678', '1337', 'th', 'in-progress', 2, :at, :at)
"""
STAY = """
    INSERT INTO waiting (id, call_id, visit, queue, language, node, precedence, entered_at, state,
                         last_seen_at)
    VALUES (:id, :id, 2, 'information', 'th', 'agent', -3, :at, :state, :at)
"""
EVENT = "INSERT INTO call_events (call_id, at, kind, data) VALUES (:id, :later, :kind, '{}')"
AT, LATER = "2026-03-02 02:00:00.000000", "2026-03-02 02:05:00.000000"
#: The state of a stay, what its call's events say, and how it has ended.
STAYS = (
    ("waiting", "queued", None),
    ("connected", "connected", "connected"),
    ("left", "abandoned", "abandoned"),
    ("left", "left", "fault"),
    ("unseen", "left", "unseen"),
)


def migrate(url: str, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    (command.upgrade if to == "head" else command.downgrade)(config, to)


def test_old_stays_get_a_rank_and_an_end(database_url: str) -> None:
    migrate(database_url, "0001")
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        for number, (state, kind, _) in enumerate(STAYS, 1):
            row = {"id": number, "sid": f"CA{number}", "state": state, "kind": kind}
            for statement in (CALL, STAY, EVENT):
                given = row | {"at": AT, "later": LATER}
                connection.execute(sa.text(statement), given)
    migrate(database_url, "head")
    query = "SELECT state, left_by, ranked_at = entered_at, left_at > entered_at FROM waiting"
    with engine.connect() as connection:
        rows = connection.execute(sa.text(f"{query} ORDER BY id")).all()
        broken = (
            connection.execute(sa.text("PRAGMA foreign_key_check")).all()
            if engine.dialect.name == "sqlite"
            else []
        )
    engine.dispose()
    assert [(row[0], row[1]) for row in rows] == [(state, by) for state, _, by in STAYS]
    assert all(row[2] for row in rows)
    assert [bool(row[3]) for row in rows] == [by is not None for *_, by in STAYS]
    assert broken == []
