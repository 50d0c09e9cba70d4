"""A study whose results are on their way: in the ledger, and their bytes in a store."""

from datetime import UTC, datetime

from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.commitment_requests import CommitmentRequest
from service.storage.ledger.tables.commitments import Reference
from service.storage.ledger.tables.deliveries import Delivery, DeliveryState, Proof, StoredObject
from service.storage.store.port import InstanceStore
from service.study.messages import DeliveryRequest
from service.study.model import Study
from service.study.state import StudyEvent
from tests.factories import STUDY, received
from tests.fakes.datasets import part10, us_dataset

SR_CLASS = "1.2.840.10008.5.1.4.1.1.88.34"
SC_CLASS = "1.2.840.10008.5.1.4.1.1.7"
SR, HEATMAP = "1.5.0", "1.5.1"
REQUEST = DeliveryRequest(STUDY, 1, "pacs").to_json()
TRANSACTION = "2.25.77"
REFERENCES = (Reference(SC_CLASS, HEATMAP), Reference(SR_CLASS, SR))


def report_study(ledger: Ledger, store: InstanceStore) -> None:
    """A study whose report and heatmap wait to be sent to `pacs`."""
    record_received(ledger, received())
    with ledger.begin() as tx:
        move_to_reported(tx)
        for uid, kind, sop_class_uid in ((SR, "sr", SR_CLASS), (HEATMAP, "heatmap", SC_CLASS)):
            stored = StoredObject(
                uid, STUDY, 1, "us-mass", kind, sop_class_uid, "1.4", f"objects/{uid}", datetime.now(UTC)
            )
            tx.deliveries.add_object(stored)
            tx.deliveries.add(stored, "pacs")
            dataset = us_dataset(
                SOPClassUID=sop_class_uid,
                SOPInstanceUID=uid,
                StudyInstanceUID=STUDY,
                SeriesInstanceUID="1.4",
            )
            store.put(stored.key, part10(dataset))


def move_to_reported(tx: Transaction) -> None:
    """The study was analysed, and its objects are written."""
    for event in (
        StudyEvent.STUDY_COMPLETE,
        StudyEvent.WORK_QUEUED,
        StudyEvent.ANALYSES_FINISHED,
        StudyEvent.OBJECTS_WRITTEN,
    ):
        tx.studies.move(STUDY, event, "test")


def ask_for_commitment(ledger: Ledger) -> None:
    """Both objects were sent, and storage commitment was asked for."""
    request = CommitmentRequest(TRANSACTION, STUDY, 1, "pacs", REFERENCES, datetime.now(UTC))
    with ledger.begin() as tx:
        for uid in (SR, HEATMAP):
            tx.deliveries.mark(uid, "pacs", DeliveryState.SENT, Proof.NONE, "stored (status 0x0000)")
        tx.commitment_requests.add(request)


def study_in(ledger: Ledger) -> Study:
    """The study as it stands."""
    with ledger.read() as tx:
        study = tx.studies.find(STUDY)
    assert study is not None
    return study


def deliveries_in(ledger: Ledger) -> dict[str, Delivery]:
    """Its deliveries, by SOP Instance UID."""
    with ledger.read() as tx:
        return {one.sop_instance_uid: one for one in tx.deliveries.of_study(STUDY, 1)}
