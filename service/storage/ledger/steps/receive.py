"""Enter received instances: each SOP Instance UID once, and its study with it, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

from service.errors import ConflictingInstance
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.steps.conflicts import Displaced, resolve
from service.storage.ledger.tables.instances import Recorded
from service.study.model import ReceivedInstance

FIRST_IS_KEPT = (
    "this SOP Instance UID was received before with other content; the first one is kept. "
    "If the image was corrected, the sender has to give it a new SOP Instance UID"
)


def record_received(ledger: Ledger, instance: ReceivedInstance) -> Recorded:
    """Enter one instance: after this, it may be acknowledged. One that is known changes nothing.

    Raises ConflictingInstance when other bytes are kept under its UID, LedgerUnavailable when the database
    does not answer.
    """
    heard = ledger.heard.new([instance])
    with ledger.begin() as tx:
        new = _record_study(tx, [instance], instance.received_at)
        if tx.instances.conflicting([instance]):
            raise ConflictingInstance(FIRST_IS_KEPT)
        tx.senders.enter(heard)
    ledger.heard.entered(heard)
    return Recorded.NEW if new else Recorded.KNOWN


def record_all(
    ledger: Ledger,
    instances: Sequence[ReceivedInstance],
    now: datetime,
    *,
    replace: bool = False,
    explain: Callable[[Displaced], object] = lambda displaced: None,
) -> list[Displaced]:
    """Enter acknowledged instances, each SOP Instance UID with one content. Returns those without a place.

    Of two contents the one that was received first is entered; with `replace` it is the last one, whose study
    then is a new revision. `explain` is told of those without a place before anything is entered for good:
    what it raises undoes everything. From `now` on the studies count as quiet: instances may have waited for
    the database, and others of the same study may wait still. Raises LedgerUnavailable.
    """
    heard = ledger.heard.new(instances)
    with ledger.begin() as tx:
        displaced = enter_all(tx, instances, now, replace=replace, explain=explain)
        tx.senders.enter(heard)
    ledger.heard.entered(heard)
    return displaced


def enter_all(
    tx: Transaction,
    instances: Sequence[ReceivedInstance],
    now: datetime,
    *,
    replace: bool,
    explain: Callable[[Displaced], object],
) -> list[Displaced]:
    """`record_all` within a transaction."""
    # Studies in one order everywhere: two processes that lock the same ones must not wait for each other.
    ordered = sorted(instances, key=_study)
    for _, of_study in groupby(ordered, key=_study):
        _record_study(tx, list(of_study), now)
    displaced = resolve(tx, instances, now, replace=replace)
    for one in displaced:
        explain(one)
    return displaced


def unless_entered(ledger: Ledger, instance: ReceivedInstance, act: Callable[[], object]) -> None:
    """Call `act` if other bytes than the instance's, or none, are entered under its UID.

    Until `act` has returned, nobody enters others there. Raises LedgerUnavailable.
    """
    with ledger.begin() as tx:
        kept = tx.instances.find(instance.sop_instance_uid)
        if kept is not None:
            tx.studies.lock(kept.study_instance_uid)
            kept = tx.instances.find(instance.sop_instance_uid)
        if kept is None or kept.key != instance.key:
            act()


def _record_study(tx: Transaction, instances: Sequence[ReceivedInstance], now: datetime) -> int:
    """Enter instances of one study; how many were new."""
    first = instances[0]
    is_new_study = tx.studies.ensure(first)
    # Before the instances, whose foreign key takes a weaker lock: two processes that both want the stronger
    # one afterwards would wait for each other.
    tx.studies.lock(first.study_instance_uid)
    new = tx.instances.add(instances)
    if new:
        tx.studies.instances_received(first.study_instance_uid, new, now)
    elif is_new_study:
        tx.studies.forget_empty(first.study_instance_uid)
    return new


def _study(instance: ReceivedInstance) -> str:
    return instance.study_instance_uid
