"""Orthanc with its own storage and SQLite index, without plugins; it flushes what it stores."""

import json
from pathlib import Path

import httpx

from tests.benchmarks.receivers.port import DCMTK_ENVIRONMENT, ORTHANC
from tests.servers.process import HOST, ServerProcess, free_port


class OrthancReceiver:
    """One Orthanc."""

    name = ORTHANC
    ae_title = "ORTHANC"

    def __init__(self, program: Path, folder: Path) -> None:
        self.port, self._http_port = free_port(), free_port()
        self._program = program
        self._folder = folder
        self._process: ServerProcess | None = None
        folder.mkdir(parents=True)

    @property
    def pid(self) -> int:
        """The process that was started. Raises RuntimeError before `start`."""
        if self._process is None:
            raise RuntimeError("Orthanc is not started")
        return self._process.pid

    def start(self) -> None:
        """Return once it listens. Raises RuntimeError."""
        configuration = self._folder / "orthanc.json"
        configuration.write_text(json.dumps(self._settings()), encoding="utf-8")
        command = [str(self._program), str(configuration)]
        self._process = ServerProcess(command, self._folder / "output.log", DCMTK_ENVIRONMENT)
        self._process.wait_for_port(self._http_port)
        self._process.wait_for_port(self.port)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def stored(self, study_instance_uid: str) -> int:
        """Instances in its index."""
        count: int = self._rest("GET", "/statistics").json()["CountInstances"]
        return count

    def clear(self, study_instance_uid: str) -> None:
        """Delete every study."""
        for identifier in self._rest("GET", "/studies").json():
            self._rest("DELETE", f"/studies/{identifier}")

    def _rest(self, method: str, path: str) -> httpx.Response:
        url = f"http://{HOST}:{self._http_port}{path}"
        return httpx.request(method, url, timeout=60.0).raise_for_status()

    def _settings(self) -> dict[str, object]:
        return {
            "StorageDirectory": str(self._folder / "storage"),
            "IndexDirectory": str(self._folder / "index"),
            "SyncStorageArea": True,
            "DicomAet": self.ae_title,
            "DicomPort": self.port,
            "HttpPort": self._http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
        }
