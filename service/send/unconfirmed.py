"""Objects that a destination was sent and has not confirmed, and what one way of confirming comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.deliveries import DeliveryState, StoredObject
from service.study.messages import DeliveryRequest


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """One object. `detail` is what the destination answered when it was sent, at `sent_at`."""

    stored: StoredObject
    sent_at: datetime
    detail: str

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.stored.sop_instance_uid


@dataclass(frozen=True, slots=True)
class Step:
    """What one way has come to. Of `left` it cannot tell, and `why`; the others are entered, or wait.

    `waits` says what they wait for; it is empty where none does.
    """

    left: Sequence[Unconfirmed] = ()
    why: str = ""
    waits: str = ""


def unconfirmed(tx: Transaction, request: DeliveryRequest) -> tuple[Unconfirmed, ...]:
    """What the destination of a request has not confirmed yet, in the order of sending."""
    key = request.study_instance_uid, request.revision
    sent = {
        one.sop_instance_uid: one
        for one in tx.deliveries.of_study(*key)
        if (one.destination, one.state) == (request.destination, DeliveryState.SENT)
    }
    return tuple(
        Unconfirmed(stored, sent[stored.sop_instance_uid].updated_at, sent[stored.sop_instance_uid].detail)
        for stored in tx.deliveries.sent(*key, request.destination)
        if stored.sop_instance_uid in sent
    )
