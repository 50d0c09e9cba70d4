"""What the service takes at a moment: memory and file handles of each role, and the ledger's size."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from service.config.metrics import ROLES
from tests.faults.servers import Database
from tests.faults.site import Site
from tests.servers.process import HOST

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """`memory_bytes` (resident) and `handles` by role, with all that the role has started."""

    delivered: int
    memory_bytes: dict[str, int]
    handles: dict[str, int]
    ledger_bytes: int


def sample(site: Site, delivered: int) -> Sample:
    """As it is now. Raises ValueError where a role does not run."""
    families = {role: list(family(site.preread.pid_of(role))) for role in ROLES}
    return Sample(
        delivered,
        {role: sum(map(_memory_bytes, pids)) for role, pids in families.items()},
        {role: sum(map(_handles, pids)) for role, pids in families.items()},
        ledger_bytes(site.servers.database, site.data_folder),
    )


def family(pid: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from family(int(child))


def _memory_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def _handles(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def ledger_bytes(database: Database | None, data_folder: Path) -> int:
    """Size of the ledger: of the database, or without one of SQLite's file in `data_folder`."""
    if database is None:
        file = data_folder / "ledger.sqlite3"
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            (size,) = connection.execute(
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            ).fetchone()
            connection.rollback()
        connection.close()
        return int(size)
    conninfo = f"host={HOST} port={database.server.port} user=preread dbname={database.name}"
    with psycopg.connect(conninfo) as session:
        row = session.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0
