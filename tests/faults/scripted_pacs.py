"""A PACS that misbehaves, before a good one: what it really keeps, it hands on to Orthanc.

Asked what it holds (C-FIND, Study Root, level IMAGE), it says the truth: what Orthanc holds.

As a process of its own: `python -m tests.faults.scripted_pacs DICOM_PORT MODE_FILE ORTHANC_URL`.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
from pynetdicom import AE, StoragePresentationContexts, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined, unused-ignore]
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from tests.faults.truth import on_find
from tests.servers.orthanc import Orthanc
from tests.servers.process import ServerProcess, free_port

OUT_OF_RESOURCES, COERCED = 0xA700, 0xB000
HANG_S = 3600.0


class Behaviour(StrEnum):
    """What it does with a C-STORE."""

    REFUSE = "refuse"
    """Answers 0xA700 and keeps nothing."""
    WARN = "warn"
    """Keeps it and answers 0xB000."""
    HANG = "hang"
    """Never answers, and keeps nothing."""
    FORGET = "forget"
    """Answers Success and keeps nothing."""


class ScriptedPacs:
    """The process. It listens at `dicom_port` from `start` on."""

    def __init__(self, folder: Path, orthanc: Orthanc) -> None:
        self.dicom_port = free_port()
        self._mode_file = folder / "behaviour"
        self._log = folder / "scripted-pacs.log"
        self._orthanc_url = orthanc.http_url
        self._process: ServerProcess | None = None
        self.behave(Behaviour.REFUSE)

    def behave(self, behaviour: Behaviour) -> None:
        """Do this with every C-STORE from now on."""
        self._mode_file.write_text(behaviour)

    def start(self) -> None:
        """Return once it listens."""
        arguments = [str(self.dicom_port), str(self._mode_file), self._orthanc_url]
        self._process = ServerProcess(
            [sys.executable, "-m", "tests.faults.scripted_pacs", *arguments],
            self._log,
            {"PYTHONPATH": str(Path.cwd())},
        )
        self._process.wait_for_port(self.dicom_port)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process = None


@contextmanager
def scripted_pacs(folder: Path, orthanc: Orthanc) -> Iterator[ScriptedPacs]:
    """Running, and ended at the end."""
    pacs = ScriptedPacs(folder, orthanc)
    pacs.start()
    try:
        yield pacs
    finally:
        pacs.stop()


def _on_store(event: Any, mode_file: Path, orthanc_url: str) -> int:
    match Behaviour(mode_file.read_text()):
        case Behaviour.REFUSE:
            return OUT_OF_RESOURCES
        case Behaviour.HANG:
            threading.Event().wait(HANG_S)
            return OUT_OF_RESOURCES
        case Behaviour.FORGET:
            return 0x0000
        case Behaviour.WARN:
            kept = httpx.post(f"{orthanc_url}/instances", content=event.encoded_dataset(), timeout=30.0)
            return COERCED if kept.is_success else OUT_OF_RESOURCES


def _serve(port: int, mode_file: Path, orthanc_url: str) -> None:
    ae = AE(ae_title=Orthanc.ae_title)
    ae.supported_contexts = StoragePresentationContexts
    ae.add_supported_context(Verification)
    ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    ae.maximum_associations = 100
    handlers = [
        (evt.EVT_C_STORE, _on_store, [mode_file, orthanc_url]),
        (evt.EVT_C_FIND, on_find, [orthanc_url]),
    ]
    ae.start_server(("127.0.0.1", port), block=True, evt_handlers=handlers)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
