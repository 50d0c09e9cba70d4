"""Receivers that write each dataset to a file of a folder: DCMTK's storescp, pynetdicom out of the box."""

import sys
from pathlib import Path

from tests.benchmarks.receivers.port import DCMTK_ENVIRONMENT, PYNETDICOM, PYTHON_ENVIRONMENT
from tests.servers.process import ServerProcess, free_port

STORESCP_MAX_PDU_BYTES = 131072
"""The largest that storescp offers: fewer PDUs for the same bytes."""


class FolderReceiver:
    """`arguments` come after the command's name; `{port}` and `{folder}` stand for this receiver's."""

    ae_title = "ANY-SCP"

    def __init__(self, name: str, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self.port = free_port()
        self._received = folder / "received"
        self._received.mkdir(parents=True)
        values = {"port": self.port, "folder": self._received}
        self._command = [part.format_map(values) for part in command]
        self._environment = environment
        self._log = folder / "output.log"
        self._process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        """The process that was started. Raises RuntimeError before `start`."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not started")
        return self._process.pid

    def start(self) -> None:
        """Return once it listens. Raises RuntimeError."""
        self._process = ServerProcess(self._command, self._log, self._environment)
        self._process.wait_for_port(self.port)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def stored(self, study_instance_uid: str) -> int:
        """Files in its folder."""
        return sum(1 for _ in self._received.iterdir())

    def clear(self, study_instance_uid: str) -> None:
        """Delete them."""
        for path in self._received.iterdir():
            path.unlink()


def storescp(name: str, program: Path, folder: Path, *options: str) -> FolderReceiver:
    """DCMTK's, a process for each association, every transfer syntax. It flushes nothing."""
    command = [str(program), "+xa", "--fork", "-pdu", str(STORESCP_MAX_PDU_BYTES), *options]
    return FolderReceiver(name, [*command, "-od", "{folder}", "{port}"], DCMTK_ENVIRONMENT, folder)


def pynetdicom(folder: Path) -> FolderReceiver:
    """An `AE` with all storage contexts and no setting changed. It flushes nothing."""
    command = [sys.executable, "-m", "tests.benchmarks.receivers.pynetdicom_ae", "{port}", "{folder}"]
    return FolderReceiver(PYNETDICOM, command, PYTHON_ENVIRONMENT, folder)
