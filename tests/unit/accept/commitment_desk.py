"""What the tests of commitment share: a ledger, a store, and the DIMSE-N services over them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from service.accept.association.n_services import NServices
from service.accept.commitment.held import HeldCommitments
from service.accept.commitment.report import CommitmentReports
from service.accept.commitment.reporter import CommitmentReporter, SendReport
from service.accept.commitment.scp import CommitmentSCP
from service.accept.commitment.truth import CommitmentTruth
from service.accept.fallback.scp import PynetdicomSCP
from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import DirectIntake
from service.accept.procedure_steps import ProcedureStepSCP
from service.accept.scp import StorageSCP
from service.config import AcceptSettings
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.commitments import Commitment
from service.storage.store.memory import MemoryStore
from service.study.model import ReceivedInstance
from tests.factories import received
from tests.unit.accept.doubles import close_clients

SCPS: dict[str, type[StorageSCP] | type[PynetdicomSCP]] = {"own": StorageSCP, "pynetdicom": PynetdicomSCP}


class CommitmentDesk:
    """A service with a real ledger. Its clock can be put on: what is `hours` old, say."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}")
        self.ledger.upgrade()
        self.store = MemoryStore(2**30)
        self.ahead = timedelta()
        self.is_settling = False
        self.held = HeldCommitments()
        self.truth = CommitmentTruth(self.ledger, self.store, lambda: self.is_settling, self.now)
        self.settings = AcceptSettings(min_free_bytes=0, bind="127.0.0.1", **settings)
        self.services = NServices(
            ProcedureStepSCP(self.ledger).handlers()
            | CommitmentSCP(self.ledger, self.truth, self.held).handlers()
            | CommitmentReports(self.ledger).handlers()
        )

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def keep(self, **values: Any) -> ReceivedInstance:
        """An instance that was received: in the ledger and in the store."""
        instance = received(**values)
        self.store.put(instance.key, b"bytes")
        record_received(self.ledger, instance)
        return instance

    def reporter(self, send: SendReport) -> CommitmentReporter:
        return CommitmentReporter(self.ledger, self.truth, self.held, send, self.now)

    def commitments(self) -> list[Commitment]:
        """All requests, oldest first."""
        with self.ledger.read() as tx:
            found = [tx.commitments.find(number) for number in range(1, 10)]
        return [commitment for commitment in found if commitment is not None]

    @contextmanager
    def listening(self) -> Iterator[StorageSCP | PynetdicomSCP]:
        """The SCP on a free port."""
        intake = DirectIntake(partial(record_received, self.ledger))
        receiver = InstanceReceiver(self.store, intake, self.settings)
        scp = SCPS[self.settings.receiver](self.settings, receiver, port=0, services=self.services)
        scp.start()
        try:
            yield scp
        finally:
            scp.stop(grace_s=5.0)
            close_clients()
