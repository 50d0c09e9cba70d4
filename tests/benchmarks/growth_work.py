"""A study's whole way through the ledger, as the stages write it."""

import time
from datetime import UTC, datetime
from uuid import uuid4

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.delivered import settle
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.study.messages import InferenceRequest
from service.study.model import StudyHeader
from service.study.state import AnalysisState, StudyEvent
from tests.factories import received, result

QUEUE = "inference.us-mass"
OWNER = "benchmark"


def new_study() -> str:
    """A UID that no study has."""
    return f"1.2.826.6.{uuid4().int >> 60}"


def receive_images(ledger: Ledger, uid: str, count: int) -> None:
    """One after the other, each in its own transaction."""
    for number in range(count):
        record_received(ledger, received(study_instance_uid=uid, sop_instance_uid=f"{uid}.1.{number}"))


def deliver_a_study(ledger: Ledger) -> None:
    """From its first image to the proof that its results have arrived: thirteen transactions."""
    uid = new_study()
    receive_images(ledger, uid, 3)
    _assemble_and_queue(ledger, uid)
    _infer(ledger, uid)
    _report_and_deliver(ledger, uid)


def _assemble_and_queue(ledger: Ledger, uid: str) -> None:
    header = StudyHeader(
        patient_name="Growth^Anna", patient_id=uid[-9:], accession_number=uid[-8:], modalities=("US",)
    )
    with ledger.begin() as tx:
        tx.studies.describe(uid, header)
        tx.studies.move(uid, StudyEvent.STUDY_COMPLETE, "complete")
    with ledger.begin() as tx:
        tx.studies.lock(uid)
        tx.analyses.queue(uid, 1, "us-mass", ("pacs",))
        tx.outbox.add(InferenceRequest(uid, 1, "us-mass"))
        tx.studies.move(uid, StudyEvent.WORK_QUEUED, "queued")


def _infer(ledger: Ledger, uid: str) -> None:
    with ledger.begin() as tx:
        lease = tx.leases.take(uid, 1, QUEUE)
    with ledger.begin() as tx:
        assert tx.leases.holds(lease)
        tx.analyses.finish(uid, 1, "us-mass", AnalysisState.SCORED, "scored", result(study_instance_uid=uid))
        tx.studies.move(uid, StudyEvent.ANALYSES_FINISHED, "inferred")
    with ledger.begin() as tx:
        tx.leases.release(lease, "", strike=False)


def _report_and_deliver(ledger: Ledger, uid: str) -> None:
    with ledger.begin() as tx:
        stored = StoredObject(
            f"{uid}.9", uid, 1, "us-mass", "sr", "1.2", f"{uid}.8", f"objects/{uid}", datetime.now(UTC)
        )
        tx.deliveries.add_object(stored)
        tx.deliveries.add(stored, "pacs")
        tx.studies.move(uid, StudyEvent.OBJECTS_WRITTEN, "reported")
    with ledger.begin() as tx:
        tx.deliveries.mark(stored.sop_instance_uid, "pacs", DeliveryState.DELIVERED, Proof.QUERY, "found")
        settle(tx, uid, 1)
    with ledger.begin() as tx:  # what was asked for is done
        for row in tx.outbox.claim([QUEUE], 100, OWNER, time.time(), 0.0):
            if row.body["study_instance_uid"] == uid:
                tx.outbox.delete([row.id], OWNER)


def lease_work(ledger: Ledger) -> None:
    """Messages are claimed, and given back at once."""
    with ledger.begin() as tx:
        rows = tx.outbox.claim([QUEUE], 4, OWNER, time.time(), 30.0)
    with ledger.begin() as tx:
        tx.outbox.release([row.id for row in rows], OWNER, 0.0, "")
