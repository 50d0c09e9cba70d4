"""What the tests of `accept` share: a ledger that remembers, and an SCP on a free port."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from service.accept.fallback.scp import PynetdicomSCP
from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import DirectIntake
from service.accept.scp import StorageSCP
from service.config import AcceptSettings
from service.errors import ConflictingInstance
from service.storage.store.memory import MemoryStore
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset
from tests.fakes.peer import ASSOCIATE_RJ, BadPeer, associate_rq

SCP = StorageSCP | PynetdicomSCP
SCPS: dict[str, type[SCP]] = {"own": StorageSCP, "pynetdicom": PynetdicomSCP}
RECEIVER = "own"
"""Of every Desk; the fixture `receiver` changes it."""
_clients: list[socket.socket] = []
"""pynetdicom leaves a client's socket open when the server was the first to close."""


class FakeLedger:
    """Remembers instances; conflicts as the real one does; raises `failure` when it is set."""

    def __init__(self) -> None:
        self.instances: dict[str, ReceivedInstance] = {}
        self.failure: Exception | None = None
        self.before_entry: Callable[[ReceivedInstance], object] = lambda instance: None

    def record(self, instance: ReceivedInstance) -> None:
        self.before_entry(instance)
        if self.failure is not None:
            raise self.failure
        known = self.instances.setdefault(instance.sop_instance_uid, instance)
        if known.digest != instance.digest:
            raise ConflictingInstance("received before with other content; the first one is kept")


class Desk:
    """A receiver with its store and ledger."""

    def __init__(
        self, capacity_bytes: int = 2**40, store: InstanceStore | None = None, **settings: Any
    ) -> None:
        values: dict[str, Any] = {"min_free_bytes": 0, "bind": "127.0.0.1", "receiver": RECEIVER}
        self.settings = AcceptSettings(**values | settings)
        self.store = store or MemoryStore(capacity_bytes)
        self.ledger = FakeLedger()
        self.receiver = InstanceReceiver(self.store, DirectIntake(self.ledger.record), self.settings)

    def receive(self, dataset: Dataset | None = None, data: bytes | None = None, **request: str) -> int:
        """C-STORE `dataset`, or `data` in its place, with a request that names it unless told otherwise."""
        dataset = dataset if dataset is not None else us_dataset()
        named = {
            "sop_class_uid": str(dataset.get("SOPClassUID", US_IMAGE)),
            "sop_instance_uid": str(dataset.get("SOPInstanceUID", "1.2.3")),
            "transfer_syntax_uid": EXPLICIT_VR_LE,
            "calling_ae_title": "SCANNER",
        }
        return self.receiver.receive(encoded(dataset) if data is None else data, **named | request)

    def reasons(self) -> list[dict[str, Any]]:
        """The reason files in the quarantine."""
        keys = [key for key in self.store.keys("quarantine/") if key.endswith(".json")]
        return [json.loads(self.store.get(key)) for key in keys]


def new_scp(desk: Desk, port: int = 0) -> SCP:
    """The SCP that `desk` is set to, not yet listening."""
    return SCPS[desk.settings.receiver](desk.settings, desk.receiver, port=port)


@contextmanager
def listening(desk: Desk) -> Iterator[SCP]:
    """The SCP that `desk` is set to, on a free port of the loopback interface."""
    scp = new_scp(desk)
    scp.start()
    try:
        yield scp
    finally:
        scp.stop(grace_s=5.0)
        close_clients()


def close_clients() -> None:
    """Close what pynetdicom has left open."""
    while _clients:
        _clients.pop().close()


def associate(scp: SCP, contexts: list[tuple[str, list[str]]], **titles: str) -> Any:
    """An association with the SCP, established or not. `calling` and `called` are AE titles."""
    ae = AE(titles.get("calling", "SCANNER"))
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    for sop_class_uid, transfer_syntax_uids in contexts:
        ae.add_requested_context(sop_class_uid, transfer_syntax_uids)
    return ae.associate(
        "127.0.0.1",
        scp.port,
        ae_title=titles.get("called", "PREREAD"),
        evt_handlers=[(evt.EVT_CONN_OPEN, lambda event: _clients.append(event.assoc.dul.socket.socket))],
    )


def rejection(scp: SCP, called: str = "PREREAD", calling: str = "SCANNER") -> tuple[int, ...]:
    """Result, source and reason with which an association for ultrasound images is rejected.

    By a scripted peer: pynetdicom's requestor, on a busy machine, may miss the answer and say it was aborted.
    """
    with BadPeer(scp.port) as peer:
        peer.send(associate_rq(called, calling))
        kind, content = peer.receive_pdu()
    assert kind == ASSOCIATE_RJ
    return tuple(content[1:])


def send(scp: SCP, *datasets: Dataset, **titles: str) -> list[int]:
    """C-STORE ultrasound images over one association; the statuses. `titles` as of `associate`."""
    assoc = associate(scp, [(US_IMAGE, [EXPLICIT_VR_LE])], **titles)
    assert assoc.is_established
    statuses = [int(assoc.send_c_store(_with_meta(dataset)).Status) for dataset in datasets]
    assoc.release()
    return statuses


def wait_for(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Return once `condition()` is true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _with_meta(dataset: Dataset) -> Dataset:
    from pydicom.dataset import FileMetaDataset

    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_VR_LE
    return dataset
