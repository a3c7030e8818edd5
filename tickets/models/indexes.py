"""How the indexes of rows are written that both databases know."""

import sqlalchemy as sa


def partial_index(name: str, *columns: str, where: str) -> sa.Index:
    """An index of the rows that hold the condition, which reads alike in both databases."""
    return sa.Index(name, *columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
