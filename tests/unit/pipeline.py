"""Steps through the stages without processes or servers, for the tests of what joins them to the ledger."""

import warnings
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any

from pydicom.dataset import Dataset

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import DirectIntake
from service.assemble.assembler import Assembler
from service.cli.demo.phantom import phantom_study
from service.config import AcceptSettings, AssembleSettings, Rule
from service.dicom.predicates import keywords
from service.enqueue.enqueuer import Enqueuer
from service.storage.ledger import Ledger
from service.storage.memory import MemoryStore
from service.storage.receive import record_received
from service.study.model import Study
from service.wiring.assemble import read_headers

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


def receive(ledger: Ledger, store: MemoryStore, datasets: Sequence[Dataset]) -> str:
    """What the SCP does with each dataset. Returns the study's UID."""
    receiver = InstanceReceiver(
        store,
        DirectIntake(lambda instance: record_received(ledger, instance)),
        AcceptSettings(min_free_bytes=0),
    )
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


def assemble(ledger: Ledger, store: MemoryStore) -> int:
    """Treat every study as quiet."""
    return Assembler(ledger, store, AT_ONCE).assemble_complete()


def enqueue(ledger: Ledger, store: MemoryStore, *rules: Rule) -> int:
    """Route every assembled study."""
    wanted = keywords(rule.when for rule in rules)
    return Enqueuer(
        ledger, rules, lambda instances: read_headers(store, wanted, instances)
    ).enqueue_assembled()


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
