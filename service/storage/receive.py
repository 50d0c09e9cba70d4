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
        # Before the instance, whose foreign key takes a weaker lock: two associations that both want the
        # stronger one afterwards would wait for each other.
        tx.studies.lock(instance.study_instance_uid)
        recorded = tx.instances.record(instance)
        if recorded is Recorded.NEW:
            tx.studies.instance_received(instance)
    return recorded
