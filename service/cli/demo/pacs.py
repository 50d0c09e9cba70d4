"""A small PACS for the demonstration: it keeps what it gets as files, and commits itself to keep it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pydicom
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import Verification

from service.cli.demo.commitment import promise_report
from service.net.storage_commitment import STORAGE_COMMITMENT

SUCCESS = 0x0000
CANNOT_UNDERSTAND = 0xC000


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object that the PACS holds."""

    study_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    modality: str
    path: Path


Predicate = Callable[[tuple[StoredObject, ...]], bool]


class DemoPacs:
    """Keeps each object as `<SOPInstanceUID>.dcm` in `folder`; one that comes again is kept once.

    Port 0 takes any free port; `port` tells which. Usable as a context manager.
    """

    def __init__(self, folder: Path, ae_title: str = "PACS", host: str = "127.0.0.1", port: int = 0) -> None:
        self.folder = folder
        self.ae_title = ae_title
        self.host = host
        self._requested_port = port
        self._server: Any = None
        self._stored: dict[str, StoredObject] = {}
        self._duplicates = 0
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Raises OSError where the port is taken."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ae = AE(self.ae_title)
        ae.add_supported_context(Verification)
        for cx in AllStoragePresentationContexts:
            ae.add_supported_context(cx.abstract_syntax, ALL_TRANSFER_SYNTAXES)
        ae.add_supported_context(STORAGE_COMMITMENT)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_N_ACTION, self._commit)]
        self._server = ae.start_server((self.host, self._requested_port), block=False, evt_handlers=handlers)

    def stop(self) -> None:
        """Stop listening; the files stay."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    @property
    def port(self) -> int:
        """The TCP port it listens on. Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the PACS is not started: its port is not known")
        port: int = self._server.server_address[1]
        return port

    @property
    def stored(self) -> tuple[StoredObject, ...]:
        """What it holds, in the order of arrival."""
        with self._changed:
            return tuple(self._stored.values())

    @property
    def duplicates(self) -> int:
        """How many objects came that it already held."""
        with self._changed:
            return self._duplicates

    def wait_for(self, predicate: Predicate, timeout_s: float) -> bool:
        """Wait until `predicate` is true of what the PACS holds; whether it became so in time."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(tuple(self._stored.values())), timeout_s)

    def _commit(self, event: Any) -> tuple[int, None]:
        with self._changed:
            return promise_report(event, frozenset(self._stored))

    def _store(self, event: Any) -> int:
        sop_instance_uid = pydicom.uid.UID(event.request.AffectedSOPInstanceUID)
        if not sop_instance_uid.is_valid:  # it becomes a file name
            return CANNOT_UNDERSTAND
        path = self.folder / f"{sop_instance_uid}.dcm"
        with self._changed:
            if sop_instance_uid in self._stored:
                self._duplicates += 1
                return SUCCESS
            path.write_bytes(event.encoded_dataset())
            self._stored[sop_instance_uid] = _stored_object(path)
            self._changed.notify_all()
        return SUCCESS


def _stored_object(path: Path) -> StoredObject:
    ds = pydicom.dcmread(
        path, specific_tags=["StudyInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality"]
    )
    return StoredObject(
        study_instance_uid=str(ds.get("StudyInstanceUID", "")),
        sop_instance_uid=str(ds.SOPInstanceUID),
        sop_class_uid=str(ds.SOPClassUID),
        modality=str(ds.get("Modality", "")),
        path=path,
    )
