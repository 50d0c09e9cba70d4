"""Other bytes under a known SOP Instance UID: one content is entered, the other one goes to the quarantine.

The reason is there before the ledger changes, the file moves afterwards. So whatever ends the process in
between, a reason without a file tells what is still to be moved; every step may be done twice.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from service.accept.quarantine.keep import Quarantine
from service.errors import Retryable
from service.storage.ledger.steps.conflicts import Displaced
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance

log = structlog.get_logger()


class LedgerEntries(Protocol):
    """What is asked of the ledger. All raise LedgerUnavailable."""

    def record(
        self, instances: Sequence[ReceivedInstance], explain: Callable[[Displaced], object]
    ) -> list[Displaced]:
        """Enter instances in one transaction; those without a place, told to `explain` before its end."""
        ...

    def unless_entered(self, instance: ReceivedInstance, act: Callable[[], object]) -> None:
        """Call `act` unless the instance is the one entered under its UID; nobody enters it meanwhile."""
        ...

    def released(self, study_instance_uid: str) -> None:
        """Enter that an association which brought images of this study was released."""
        ...


class Entering:
    """Enters instances whose files are in the store. Threads may share one."""

    def __init__(self, entries: LedgerEntries, store: InstanceStore) -> None:
        self._entries = entries
        self._store = store
        self._quarantine = Quarantine(store)
        self._is_unfinished = True  # until looked at: an earlier process may have been killed

    def enter(self, instances: Sequence[ReceivedInstance]) -> list[Displaced]:
        """Enter instances; those of them, or of those entered before, that went to the quarantine.

        Raises LedgerUnavailable, StoreUnavailable, OutOfSpace; then it is to be called again.
        """
        self._finish()
        displaced = self._entries.record(instances, self._quarantine.explain)
        try:
            for one in displaced:
                self._move(one.instance)
                self._quarantine.have_back(one.entered)
        except Retryable:
            self._is_unfinished = True
            raise
        for one in displaced:
            _warn(one)
        return displaced

    def enter_one(self, instance: ReceivedInstance) -> None:
        """As `enter`."""
        self.enter([instance])

    def _finish(self) -> None:
        """Move what an earlier attempt has left where it was."""
        if not self._is_unfinished:
            return
        for instance in self._quarantine.unmoved():
            self._move(instance)
        self._is_unfinished = False

    def _move(self, instance: ReceivedInstance) -> None:
        self._entries.unless_entered(instance, lambda: self._quarantine.move(instance))


def _warn(one: Displaced) -> None:
    log.warning(
        "instance replaced" if one.is_replaced else "instance quarantined",
        sop_instance_uid=one.instance.sop_instance_uid,
        calling_ae_title=one.instance.calling_ae_title,
        reason=one.reason,
        quarantined_as=Quarantine.key_of(one.instance),
    )
