"""Builds the indexes of the schema that a database lacks; on PostgreSQL while others go on working.

PostgreSQL has to read a whole table for an index, and nobody may write to it meanwhile unless the index is
built "concurrently". That cannot be part of a transaction, and so not of a migration; what breaks off leaves
an index that is not valid. So this looks at what is there, and may be called again at any time. It goes by
names: an index that is defined otherwise gets another one, and the old one is obsolete.
"""

import structlog
from sqlalchemy import Connection, Engine, Index, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, DropIndex

from service.storage.ledger.schema.columns import metadata

log = structlog.get_logger()

# Not that of the migrations: who waits for one of those would hold up the building that he waits for.
_LOCK = 7_265_318_043
OBSOLETE = ("ix_analyses_shadow_queued_at",)
"""Indexes of earlier versions that mislead, or nobody needs any more."""
_VALID = {
    "postgresql": "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE indisvalid AND relnamespace = current_schema()::regnamespace",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
}


def missing_indexes(connection: Connection) -> list[Index]:
    """Those of the schema that are not there, or not valid."""
    there = set(connection.scalars(text(_VALID[connection.dialect.name])))
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    return sorted((one for one in indexes if one.name not in there), key=lambda one: str(one.name))


def build_at_once(connection: Connection) -> None:
    """Build what is missing within a transaction: where there are no rows yet, or nobody else writes."""
    for index in missing_indexes(connection):
        connection.execute(CreateIndex(index))
    for name in OBSOLETE:
        connection.execute(text(f"DROP INDEX IF EXISTS {name}"))


def build_beside_others(engine: Engine) -> list[str]:
    """Build what is missing while others write; returns the names of what still is.

    That is all of it while another process is building. SQLite lets nobody write meanwhile: there, an upgrade
    has built everything. Raises OperationalError where the database is away.
    """
    if engine.dialect.name == "sqlite":
        return []
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # what is set below is for nobody else
        missing = missing_indexes(connection)
        if missing and connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            try:
                for index in missing_indexes(connection):
                    _build(connection, index)
                for name in OBSOLETE:
                    connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            missing = missing_indexes(connection)
        return [str(index.name) for index in missing]


def _build(connection: Connection, index: Index) -> None:
    log.info("an index of the ledger is being built", index=index.name)
    try:
        connection.execute(text("SET statement_timeout = 0"))
        for statement in (DropIndex(index, if_exists=True), CreateIndex(index)):
            connection.execute(text(_concurrently(str(statement.compile(connection)))))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        log.warning(
            "an index of the ledger could not be built: what asks for it takes longer; it is tried again",
            index=index.name,
            reason=type(error.orig).__name__,
        )
    else:
        log.info("an index of the ledger is built", index=index.name)


def _concurrently(statement: str) -> str:
    """The same CREATE INDEX or DROP INDEX, without locking anybody out."""
    before, index, after = statement.partition(" INDEX ")
    return f"{before}{index}CONCURRENTLY {after}"
