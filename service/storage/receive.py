"""Enter one received instance: after this commits, the instance may be acknowledged."""

from service.storage.instances import Recorded
from service.storage.ledger import Ledger
from service.study.model import ReceivedInstance


def record_received(ledger: Ledger, instance: ReceivedInstance) -> Recorded:
    """Enter an instance and its study in one transaction. An instance that is known changes nothing.

    Raises ConflictingInstance when other bytes are kept under its UID, LedgerUnavailable when the database
    does not answer.
    """
    with ledger.begin() as tx:
        tx.studies.ensure(instance)
        recorded = tx.instances.record(instance)
        if recorded is Recorded.NEW:
            tx.studies.instance_received(instance)
    return recorded
