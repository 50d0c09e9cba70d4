"""Steps through the stages without processes or servers, for the tests of what joins them to the ledger."""

import dataclasses
import warnings
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydicom.dataset import Dataset

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import DirectIntake
from service.assemble.assembler import Assembler
from service.assemble.headers import Headers
from service.cli.demo.phantom import phantom_study
from service.config import AcceptSettings, AssembleSettings, Rule
from service.dicom.predicates import keywords
from service.enqueue.enqueuer import Enqueuer
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_all, record_received
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance, Study

US_TO_PACS = Rule.model_validate(
    {
        "name": "us",
        "when": {"Modality": "US"},
        "classifiers": ["us-mass"],
        "destinations": ["pacs"],
        "priority": "urgent",
    }
)

AT_ONCE = AssembleSettings(quiet_period_s=1e-6)


@cache
def _phantom() -> list[Dataset]:
    return phantom_study(1)


def phantom() -> list[Dataset]:
    """The phantom study, left and right image; drawn once, since that takes seconds."""
    return deepcopy(_phantom())


def in_one_series(study: Sequence[Dataset]) -> None:
    """Number the images through as those of the first one's series, as scanners send them."""
    for number, ds in enumerate(study, start=1):
        ds.SeriesInstanceUID, ds.SeriesNumber, ds.InstanceNumber = study[0].SeriesInstanceUID, 1, number


def receive(
    ledger: Ledger,
    store: InstanceStore,
    datasets: Sequence[Dataset],
    *,
    replace: bool = False,
    at: datetime | None = None,
) -> str:
    """What the SCP does with each dataset, now or `at` a moment. Returns the study's UID.

    With `replace` it takes the place of what is known under its UID.
    """

    def record(received: ReceivedInstance) -> None:
        instance = dataclasses.replace(received, received_at=at or received.received_at)
        if replace:
            record_all(ledger, [instance], datetime.now(UTC), replace=True)
        else:
            record_received(ledger, instance)

    receiver = InstanceReceiver(store, DirectIntake(record), AcceptSettings(min_free_bytes=0))
    for ds in datasets:
        status = receiver.receive(
            encoded(ds), ds.SOPClassUID, ds.SOPInstanceUID, ds.file_meta.TransferSyntaxUID, "SCANNER"
        )
        assert status == 0
    return str(datasets[0].StudyInstanceUID)


def encoded(ds: Dataset) -> bytes:
    """The dataset as it goes over the network."""
    from pynetdicom.dsutils import encode

    syntax = ds.file_meta.TransferSyntaxUID
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some tests send what pydicom warns of
        data = encode(ds, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
    assert data is not None
    return bytes(data)


def assemble(ledger: Ledger, store: InstanceStore) -> int:
    """Treat every study as quiet."""
    return Assembler(ledger, Headers(store, ()), AT_ONCE).assemble_complete()


def enqueue(ledger: Ledger, store: InstanceStore, *rules: Rule) -> int:
    """Route every assembled study."""
    return Enqueuer(ledger, rules, headers_for(store, *rules).header_of).enqueue_assembled()


def headers_for(store: InstanceStore, *rules: Rule) -> Headers:
    """The headers as these rules look at them."""
    return Headers(store, keywords(rule.when for rule in rules))


def messages(ledger: Ledger, queue: str) -> list[dict[str, Any]]:
    """Take what waits in a queue."""
    with ledger.begin() as tx:
        rows = tx.outbox.claim([queue], 100, "test", 0.0, 0.0)
        tx.outbox.delete([row.id for row in rows], "test")
    return [row.body for row in rows]


def study_of(ledger: Ledger, study_instance_uid: str) -> Study:
    """The study, which must be there."""
    with ledger.read() as tx:
        study = tx.studies.find(study_instance_uid)
    assert study is not None
    return study
