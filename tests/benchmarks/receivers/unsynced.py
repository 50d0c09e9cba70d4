"""`preread` in a process in which nothing is flushed to the disk. For the benchmark ONLY.

The product has no such setting and gets none: an acknowledged instance would be lost with the power. Here it
shows what receiving costs apart from durability, against receivers that flush nothing either.
"""

import os
import sqlite3
from collections.abc import Callable
from typing import Any

SYNCED_FLAGS = os.O_SYNC | os.O_DSYNC | os.O_DIRECT
"""Of open(2). O_DIRECT goes past the page cache, which is half of what a flush does."""
SYNCED_WRITE_FLAGS = os.RWF_SYNC | os.RWF_DSYNC
"""Of pwritev2(2)."""


class UnsyncedConnection(sqlite3.Connection):
    """Commits without flushing, whatever it is told."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Any pragma `synchronous` turns flushing off."""
        is_pragma = sql.lower().startswith("pragma synchronous")
        return super().execute("PRAGMA synchronous=OFF" if is_pragma else sql, *values)


def stop_syncing() -> None:
    """Replace, for this process and for good, every call that flushes."""
    for name in ("fsync", "fdatasync", "sync"):
        setattr(os, name, _do_nothing)
    os.open = _unflagged(os.open, 1, SYNCED_FLAGS)
    os.pwritev = _unflagged(os.pwritev, 3, SYNCED_WRITE_FLAGS)
    sqlite3.connect = sqlite3.dbapi2.connect = _unsynced_connect(sqlite3.connect)  # type: ignore[assignment]


def _do_nothing(*_arguments: object) -> None:
    return None


def _unflagged(call: Callable[..., int], place: int, flags: int) -> Callable[..., int]:
    """`call` without these bits in its positional argument number `place`, or in its argument `flags`."""

    def called(*arguments: Any, **named: Any) -> int:
        values = list(arguments)
        if len(values) > place:
            values[place] &= ~flags
        if "flags" in named:
            named["flags"] &= ~flags
        return call(*values, **named)

    return called


def _unsynced_connect(connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
    def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **{**named, "factory": UnsyncedConnection})
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    return connected


def main() -> None:
    """The command line of `preread`."""
    stop_syncing()
    # Only now: a module of the service may take a call of `os` by its name.
    from service.cli.main import main as preread

    preread()


if __name__ == "__main__":
    main()
