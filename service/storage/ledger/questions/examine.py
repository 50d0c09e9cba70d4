"""What can be told of the ledger's database: version, migrations, how fast it commits, what time it has."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import uuid4

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import ArgumentError

from service.errors import ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.migrate import alembic_config

COMMITS = 5
_DEFAULT_PORTS = {"postgresql": 5432}


@dataclass(frozen=True, slots=True)
class Revisions:
    """`found`: of the tables, empty where there are none yet. `newest`: of this version of Preread."""

    found: str
    newest: str
    is_known: bool

    @property
    def is_newest(self) -> bool:
        """Whether the tables are as this version makes them."""
        return self.found == self.newest


def server_of(url: str) -> tuple[str, int] | None:
    """Host and port of the database; None for SQLite. Raises ConfigurationError, without the URL's words."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "ledger.url must read postgresql+psycopg://user@host:5432/preread, or be empty for SQLite"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return None
    return parsed.host or "localhost", parsed.port or _DEFAULT_PORTS.get(parsed.get_backend_name(), 0)


def file_of(url: str) -> Path | None:
    """The file of SQLite; None for a server."""
    if server_of(url) is not None:
        return None
    return Path(make_url(url).database or "")


def server_version(connection: Connection) -> str:
    """Such as `postgresql 15.4`."""
    version = connection.dialect.server_version_info or ()
    return f"{connection.dialect.name} {'.'.join(map(str, version))}".strip()


def revisions(connection: Connection) -> Revisions:
    """Which migrations the tables have had."""
    found = MigrationContext.configure(connection).get_current_revision() or ""
    scripts = ScriptDirectory.from_config(alembic_config(connection))
    known = {script.revision for script in scripts.walk_revisions()}
    return Revisions(found, scripts.get_current_head() or "", found in known)


def commit_s(ledger: Ledger) -> float:
    """Seconds that a small commit takes, by the median of some. Nothing of it stays, or is seen by others.

    Raises LedgerUnavailable.
    """
    source, took_s = f"doctor {uuid4()}", []
    for _ in range(COMMITS):
        began = time.monotonic()
        with ledger.begin() as tx:
            tx.notices.put(source, "", datetime.now(UTC))
            tx.notices.clear(source)
        took_s.append(time.monotonic() - began)
    return median(took_s)


def ahead_s(connection: Connection) -> float | None:
    """Seconds by which the database's clock is ahead of ours; None for SQLite, which has ours."""
    if connection.dialect.name != "postgresql":
        return None
    asked = time.time()
    theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return float(theirs.timestamp() - (asked + time.time()) / 2)
