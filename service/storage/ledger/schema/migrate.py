"""Bring the ledger's tables to this version with Alembic, once, however many processes start together."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from service.storage.ledger.schema.indexes import build_at_once

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
        if newer := _unknown_revision(connection):
            log.warning("the ledger is of a newer version, which this one works on", revision=newer)
            return
        is_new = MigrationContext.configure(connection).get_current_revision() is None
        command.upgrade(config, "head")
        if is_new or connection.dialect.name == "sqlite":
            build_at_once(connection)


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic on an open connection, without a configuration file; on none, it only tells of migrations."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def is_known_revision(revision: str) -> bool:
    """Whether a ledger of this revision is of this version of ours, or an older one."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return revision in {script.revision for script in scripts.walk_revisions()}


def _unknown_revision(connection: Connection) -> str:
    """The revision that the ledger has, if it is not one of ours; empty otherwise."""
    current = MigrationContext.configure(connection).get_current_revision()
    return "" if current is None or is_known_revision(current) else current


def _lock(connection: Connection) -> None:
    # SQLite's BEGIN IMMEDIATE has taken the write lock already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_LOCK})
