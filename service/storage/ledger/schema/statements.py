"""The few statements that SQLAlchemy Core spells differently per database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, UnaryExpression, exists, text
from sqlalchemy.dialects import postgresql, sqlite


def insert_if_absent(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its primary key is there already. Returns whether it was inserted."""
    return insert_all_if_absent(connection, table, [values]) == 1


def insert_all_if_absent(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows whose primary keys are not there already. Returns how many were inserted."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).on_conflict_do_nothing()
    # Without the option SQLAlchemy throws away the count of an INSERT on PostgreSQL.
    return connection.execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount


def lock_table(connection: Connection, table: Table) -> None:
    """Let nobody else write to the table until the transaction ends; on SQLite nobody does anyhow."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def in_order_still(connection: Connection, found: Select[Any], *order: UnaryExpression[Any]) -> Select[Any]:
    """What is found in one subquery that is in order already. PostgreSQL sees that it is and ends as soon as
    the limit is reached. SQLite reads it as it comes, but told to order it, reads all of it and sorts.
    """
    return found if connection.dialect.name == "sqlite" else found.order_by(*order)


def one_by_one(asked: Select[Any]) -> ColumnElement[bool]:
    """That a subquery finds something, asked for each of the few rows that are left. The offset keeps
    PostgreSQL from gathering first all that fulfils it, which may be most of the history.
    """
    return exists(asked.offset(0))
