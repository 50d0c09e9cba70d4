"""Bring the ledger's tables to this version with Alembic, once, however many processes start together."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from service.storage.indexes import build_at_once

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number will do, as long as nothing else in this database uses it.
POSTGRES_LOCK = 7_265_318_042


def upgrade(engine: Engine) -> None:
    """Apply what is missing. The lock is held until the transaction ends, so others wait and find it done.

    A ledger that a newer version has upgraded is left as it is: migrations only add, so this version can
    finish its work on it. New indexes of a PostgreSQL that has rows already are left to indexes.py.
    """
    with engine.begin() as connection:
        _lock(connection)
        config = alembic_config(connection)
        if newer := _unknown_revision(connection, config):
            log.warning("the ledger is of a newer version, which this one works on", revision=newer)
            return
        is_new = MigrationContext.configure(connection).get_current_revision() is None
        command.upgrade(config, "head")
        if is_new or connection.dialect.name == "sqlite":
            build_at_once(connection)


def alembic_config(connection: Connection) -> Config:
    """Alembic on an open connection, without a configuration file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _unknown_revision(connection: Connection, config: Config) -> str:
    """The revision that the ledger has, if it is not one of ours; empty otherwise."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    return current if current is not None and current not in known else ""


def _lock(connection: Connection) -> None:
    # SQLite's BEGIN IMMEDIATE has taken the write lock already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_LOCK})
