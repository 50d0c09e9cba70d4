"""The role `accept` of Preread as its command starts it, with SQLite ledger and file store."""

import json
import signal
import sqlite3
import sys
from pathlib import Path

from tests.benchmarks.receivers.port import PREREAD_BY_PYNETDICOM, PYTHON_ENVIRONMENT, UNSYNCED
from tests.servers.process import HOST, ServerProcess, free_port

COMMAND = "service.cli.main"
"""The module that `preread` runs."""
COMMAND_WITHOUT_SYNCING = "tests.benchmarks.receivers.unsynced"
_QUIET_PERIOD_S = 3600.0
"""Outlasts the benchmark, so that studies are received here and not assembled; ends before the ceiling."""


class PrereadReceiver:
    """Default settings, but for address, data folder and quiet period. `accept`: further ones of the SCP."""

    ae_title = "PREREAD"

    def __init__(self, name: str, folder: Path, module: str = COMMAND, **accept: object) -> None:
        self.name = name
        self.port = free_port()
        self._data = folder / "data"
        self._log = folder / "output.log"
        folder.mkdir(parents=True)
        self._command = [
            sys.executable,
            "-m",
            module,
            "--config",
            str(self._configure(folder, accept)),
            "accept",
        ]
        self._process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        """The process that was started. Raises RuntimeError before `start`."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not started")
        return self._process.pid

    def start(self) -> None:
        """Return once it listens. Raises RuntimeError."""
        self._process = ServerProcess(self._command, self._log, PYTHON_ENVIRONMENT)
        self._process.wait_for_port(self.port)

    def stop(self) -> None:
        """Drain and stop."""
        if self._process is not None:
            self._process.stop(signal.SIGTERM)
            self._process = None

    def stored(self, study_instance_uid: str) -> int:
        """Instances that are both in the ledger and in the instance store."""
        return sum(path.is_file() for path in self._files(study_instance_uid))

    def clear(self, study_instance_uid: str) -> None:
        """Delete the study's files. The ledger goes on knowing them, as it does of every study."""
        for path in self._files(study_instance_uid):
            path.unlink()

    def _files(self, study_instance_uid: str) -> list[Path]:
        # Straight from the tables: the service is another process, and its own classes are what is tested.
        connection = sqlite3.connect(f"file:{self._data / 'ledger.sqlite3'}?mode=ro", uri=True, timeout=30.0)
        try:
            rows = connection.execute(
                "SELECT key FROM instances WHERE study_instance_uid = ?", (study_instance_uid,)
            ).fetchall()
        finally:
            connection.close()
        return [self._data / "store" / key for (key,) in rows]

    def _configure(self, folder: Path, accept: dict[str, object]) -> Path:
        settings = {
            "data_folder": str(self._data),
            "log_format": "json",
            "accept": {"bind": HOST, "port": self.port, **accept},
            "assemble": {"quiet_period_s": _QUIET_PERIOD_S},
        }
        path = folder / "preread.yaml"
        path.write_text(json.dumps(settings), encoding="utf-8")
        return path


def without_syncing(folder: Path) -> PrereadReceiver:
    """One that flushes nothing: it shows what the data path costs by itself."""
    return PrereadReceiver(UNSYNCED, folder, COMMAND_WITHOUT_SYNCING)


def by_pynetdicom(folder: Path) -> PrereadReceiver:
    """The data path that is fallen back to."""
    return PrereadReceiver(PREREAD_BY_PYNETDICOM, folder, receiver="pynetdicom")
