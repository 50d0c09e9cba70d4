"""The leases of a worker: taken before work begins, given back with how it went."""

from dataclasses import dataclass

from service.enqueue.port import Envelope
from service.errors import InvalidMessage, Overtaken
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.tables.leases import Lease
from service.study.messages import InferenceRequest, read_message
from service.study.model import Priority


@dataclass(frozen=True, slots=True)
class Leasing:
    """Every method raises LedgerUnavailable; calling it again is harmless."""

    ledger: Ledger

    def take(self, envelope: Envelope) -> Lease:
        """Begin what a message asks for. Raises InvalidMessage, NewerMessage, Overtaken."""
        request = read_message(envelope.body)
        with self.ledger.begin() as tx:
            if isinstance(request, InferenceRequest) and _is_overtaken(tx, request):
                raise Overtaken("the study was made urgent: another message asks for this")
            try:
                return tx.leases.take(request.study_instance_uid, request.revision, request.work)
            except KeyError:
                raise InvalidMessage("the ledger has no such study: another installation's") from None

    def end(self, lease: Lease) -> None:
        """It is done."""
        self.give_back(lease, "")

    def give_back(self, lease: Lease, reason: str, *, strike: bool = False) -> None:
        """It is tried again. `strike`: what went wrong counts against the work itself."""
        with self.ledger.begin() as tx:
            tx.leases.release(lease, reason, strike=strike)

    def bury(self, lease: Lease, reason: str) -> bool:
        """Nobody tries it again by himself. False where it is another's by now."""
        with self.ledger.begin() as tx:
            return tx.leases.bury(lease, reason)


def _is_overtaken(tx: Transaction, request: InferenceRequest) -> bool:
    """Whether this is the routine message that was left behind when its study was made urgent.

    To begin it would take the work away from whoever works on the urgent one.
    """
    if request.priority == Priority.URGENT:
        return False
    return tx.analyses.is_overtaken(request.study_instance_uid, request.revision, request.classifier)
