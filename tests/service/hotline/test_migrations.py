"""The migrations give the tables that the rooms' models describe, on either engine."""

import importlib
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hotline import db
from hotline.db import Base, Database
from tickets.inbox import index

ROOMS = ("hotline", "agents", "tickets", "ivr", "reports")


def test_the_migrated_schema_is_what_the_models_describe(database_url: str) -> None:
    for room in ROOMS:
        importlib.import_module(f"{room}.models")
    database = Database(database_url)
    with database.engine.connect() as connection:
        # what the database keeps for searching is made beside the tables (`tickets.inbox.index`)
        options = {"compare_type": True, "include_object": _is_of_a_model}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, Base.metadata)
    database.dispose()
    assert differences == []


def _is_of_a_model(_: Any, name: str | None, *__: Any) -> bool:
    return not (name or "").startswith(index.OWN)


def test_partial_indexes_keep_their_conditions(database_url: str) -> None:
    """They hold what must never be (two live offers of one agent); autogenerate compares none."""
    database = Database(database_url)
    with database.engine.connect() as connection:
        index = {each["name"]: each for each in sa.inspect(connection).get_indexes("offers")}
    database.dispose()
    live = index["uq_offers_live_agent"]
    assert live["unique"]
    conditions = [str(value) for key, value in live["dialect_options"].items() if "where" in key]
    assert len(conditions) == 1
    assert all(state in conditions[0] for state in ("offered", "accepted", "connected"))


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    db.migrate(database_url)
    db.migrate(database_url)
