"""Alembic's environment: the address comes from `hotline.db.migrate`, the tables from all rooms."""

import importlib
import importlib.util

from alembic import context

from hotline.db import Base, Database

ROOMS = ("hotline", "agents", "tickets", "ivr", "reports")
for room in ROOMS:
    if importlib.util.find_spec(f"{room}.models"):
        importlib.import_module(f"{room}.models")


def _migrate() -> None:
    given = context.config.attributes.get("database")
    database = given or Database(context.config.attributes["url"], pool_size=1)
    try:
        with database.engine.connect() as connection:
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=database.is_sqlite,
                compare_type=True,
            )
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
    finally:
        if given is None:
            database.dispose()


_migrate()
