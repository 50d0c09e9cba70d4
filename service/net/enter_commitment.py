"""A destination's report of storage commitment enters the ledger, whichever association it came on."""

import time
from datetime import UTC, datetime

import structlog

from service.errors import Refused
from service.net.storage_commitment import CommitmentReport
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.steps.delivered import settle
from service.storage.ledger.tables.commitment_requests import CommitmentRequest
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.telemetry.traces.spans import COMMITMENT
from service.telemetry.traces.tracing import TRACES

log = structlog.get_logger()


class UnknownTransaction(Refused):
    """A report is about a request that we never made."""


def enter_report(ledger: Ledger, report: CommitmentReport) -> None:
    """Enter what a report says of the objects that its request named; twice is as good as once.

    Committed objects are delivered; those that are not are sent again. With the last one its study is
    delivered. Raises UnknownTransaction, LedgerUnavailable.
    """
    began_ns = time.time_ns()
    with ledger.begin() as tx:
        request = tx.commitment_requests.find(report.transaction_uid)
        if request is None:
            raise UnknownTransaction("the Transaction UID is none of ours")
        named = [reference.sop_instance_uid for reference in request.references]
        committed = [uid for uid in named if uid in report.committed]
        for uid in committed:
            _commit(tx, request, uid)
        for uid in named:
            if uid in report.failed:
                detail = f"{request.destination} does not keep it, and gets it again: {report.failed[uid]}"
                tx.deliveries.take_back(uid, request.destination, detail)
        said = f"reported {len(committed)} of {len(named)} objects as committed"
        tx.commitment_requests.end(request.transaction_uid, datetime.now(UTC), said)
        settle(tx, request.study_instance_uid, request.revision)
    TRACES.tell(
        COMMITMENT,
        request.study_instance_uid,
        request.revision,
        began_ns,
        destination=request.destination,
        committed=len(committed),
        failed=len(named) - len(committed),
    )
    log.info(
        "storage commitment received",
        study_instance_uid=request.study_instance_uid,
        destination=request.destination,
        committed=len(committed),
        failed=len(named) - len(committed),
    )


def _commit(tx: Transaction, request: CommitmentRequest, sop_instance_uid: str) -> None:
    tx.deliveries.mark(
        sop_instance_uid,
        request.destination,
        DeliveryState.DELIVERED,
        Proof.COMMITMENT,
        "the destination has committed itself to keep it",
    )
