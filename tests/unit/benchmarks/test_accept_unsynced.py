"""In a process of its own: what it replaces stays replaced."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKED = """
from tests.benchmarks.receivers.unsynced import stop_syncing
stop_syncing()
import os, sys
from sqlalchemy import text
from service.storage.ledger.ledger import Ledger
{check}
"""
CHECKS = {
    "no flush reaches the system": "os.fsync(-1); os.fdatasync(-1)",
    "no file is opened for synced writes": (
        "import fcntl; file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_DSYNC)\n"
        "assert not fcntl.fcntl(file, fcntl.F_GETFL) & os.O_DSYNC"
    ),
    "SQLite does not flush": (
        "with Ledger('sqlite:///' + sys.argv[1]).read() as tx:\n"
        "    assert tx.connection.execute(text('PRAGMA synchronous')).scalar_one() == 0"
    ),
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
def test_syncing_is_off(check: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHECKED.format(check=check), str(tmp_path / "file")]

    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stderr
