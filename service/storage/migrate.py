"""Bring the ledger's tables to this version with Alembic, once, however many processes start together."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number will do, as long as nothing else in this database uses it.
POSTGRES_LOCK = 7_265_318_042


def upgrade(engine: Engine) -> None:
    """Apply what is missing. The lock is held until the transaction ends, so others wait and find it done."""
    with engine.begin() as connection:
        _lock(connection)
        command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic on an open connection, without a configuration file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _lock(connection: Connection) -> None:
    # SQLite's BEGIN IMMEDIATE has taken the write lock already.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRES_LOCK})
