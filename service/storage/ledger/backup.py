"""A copy of the embedded ledger while it is in use, and back. PostgreSQL has tools of its own: BACKUP.md."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from service.errors import ConfigurationError, LedgerUnavailable
from service.storage.ledger.schema.migrate import is_known_revision
from service.storage.store.disk import flush_folder, translated

_BESIDE = ("-wal", "-shm")
"""Files of SQLite that belong to a database."""
_PRIVATE = 0o600
"""A ledger names patients."""


def database_file(url: str) -> Path:
    """The file of the embedded ledger. Raises ConfigurationError for a database that a server keeps."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise ConfigurationError(
            "ledger.url names a server's database: back it up and restore it with the server's own tools "
            "(pg_dump, pg_restore, or its archive of write-ahead logs); "
            "service/storage/ledger/BACKUP.md says how"
        )
    return Path(parsed.database).absolute()


def back_up(database: Path, copy: Path) -> None:
    """Write the ledger as it is at one moment to a new file, whoever uses it meanwhile; durable on return.

    It is checked before it gets its name. Raises ConfigurationError where the copy is there already or the
    ledger is not, LedgerUnavailable where it cannot be read or is damaged, OutOfSpace, StoreUnavailable.
    """
    if copy.exists():
        raise ConfigurationError(
            f"{copy} is there already: give a new name, so that no backup is written over"
        )
    if not database.is_file():
        raise ConfigurationError(f"there is no ledger at {database}: check data_folder and ledger.url")
    part = copy.with_name(f".{copy.name}.part")
    with translated(copy.parent, "keep the backup"):
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE))
    try:
        with _explained(f"the ledger {database}"):
            with closing(_opened(database, "rw")) as source, closing(sqlite3.connect(part)) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
            _require_sound(part)
        with translated(copy.parent, "keep the backup"):
            _take_name(part, copy)
    finally:
        part.unlink(missing_ok=True)


def restore(copy: Path, database: Path) -> Path | None:
    """Put a backup in the ledger's place. Returns where the ledger that was there lies now, if one was.

    Raises ConfigurationError where the copy is no ledger, is of a newer version, or where a process has the
    ledger open; LedgerUnavailable for a damaged copy, OutOfSpace, StoreUnavailable.
    """
    if not copy.is_file():
        raise ConfigurationError(f"there is no backup {copy}")
    with _explained(f"the backup {copy}"):
        _require_sound(copy)
        _require_known_version(copy)
    if users := _users(database):
        raise ConfigurationError(
            f"the ledger is in use by the processes {', '.join(map(str, users))}: stop the service first"
        )
    part = database.with_name(f".{database.name}.part")
    with translated(database.parent, "restore the ledger"):
        database.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        try:
            shutil.copyfile(copy, part)
            part.chmod(_PRIVATE)
            aside = _set_aside(database)
            _take_name(part, database)
        finally:
            part.unlink(missing_ok=True)
    return aside


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30.0)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise LedgerUnavailable(f"{what} cannot be read, or is damaged: {error}") from error


def _require_sound(path: Path) -> None:
    """Raises LedgerUnavailable, sqlite3.DatabaseError."""
    with closing(_opened(path, "ro")) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
        if found != [("ok",)]:
            raise LedgerUnavailable(f"{path} is damaged: {found[0][0]}; take another backup")
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise LedgerUnavailable(
                f"{path} is damaged: a row of {broken[0]} refers to one that is not there"
            )


def _require_known_version(path: Path) -> None:
    with closing(_opened(path, "ro")) as connection:
        try:
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except (sqlite3.OperationalError, TypeError):
            raise ConfigurationError(f"{path} is no ledger: it has no version") from None
    if not is_known_revision(revision):
        raise ConfigurationError(
            f"{path} is of a newer version of this service ({revision}): restore it with that version"
        )


def _set_aside(database: Path) -> Path | None:
    """Rename the ledger, with what belongs to it. What is left of one that is gone goes, too."""
    aside = database.with_name(f"{database.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    was_there = database.exists()
    for ending in ("", *_BESIDE):
        old = database.with_name(f"{database.name}{ending}")
        if old.exists():
            old.replace(aside.with_name(f"{aside.name}{ending}"))
    return aside if was_there else None


def _take_name(part: Path, path: Path) -> None:
    """Flush a file, then its name. Raises OSError."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    flush_folder(path.parent)


def _users(database: Path) -> list[int]:
    """Processes that have the file open, as far as this user may see: Linux tells, elsewhere nobody does."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink() == database:
                found.add(int(link.parts[2]))
    return sorted(found - {os.getpid()})
