"""Alembic's environment: the address comes from `hotline.db.migrate`, the tables from all rooms."""

import importlib
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from hotline.db import Base, Database, UtcDateTime

ROOMS = ("hotline", "agents", "tickets", "ivr", "reports")
for room in ROOMS:
    importlib.import_module(f"{room}.models")


def _rendered(kind: str, item: object, _context: Any) -> str | Literal[False]:
    """Write our own column types in a new revision by their names in `hotline.db`."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if isinstance(item, sa.JSON):
        return "Json"
    if isinstance(item, sa.BigInteger) and "sqlite" in item._variant_mapping:
        return "BigId"
    return False


def _migrate() -> None:
    database = Database(context.config.attributes["url"], pool_size=1)
    try:
        with database.engine.connect() as connection:
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=database.is_sqlite,
                render_item=_rendered,
                compare_type=True,
            )
            with context.begin_transaction():
                context.run_migrations()
                importlib.import_module("tickets.inbox.index").install(connection)
            connection.commit()
    finally:
        database.dispose()


_migrate()
