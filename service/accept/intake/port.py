"""Where an instance goes that has arrived whole: what must be durable before its C-STORE is answered."""

from collections.abc import Callable
from typing import Protocol

from service.accept.instance.arrival import Arrival
from service.accept.instance.entry import named
from service.storage.journal.draft import Draft
from service.study.model import ReceivedInstance

Record = Callable[[ReceivedInstance], object]
"""Enters an instance in the ledger and returns once that is durable.

Raises LedgerUnavailable, StoreUnavailable, OutOfSpace; ConflictingInstance where other bytes under a known
SOP Instance UID are refused.
"""


class Intake(Protocol):
    """Keeps instances. Threads may share one. tests/contracts/intake.py holds adapters to it."""

    def begin(self) -> Draft | None:
        """A place for a small dataset while it arrives; None where it is to stream into the store.

        Raises OutOfSpace, StoreUnavailable.
        """
        ...

    def take(self, arrival: Arrival, instance: ReceivedInstance) -> None:
        """Have the instance, which has no digest and key yet; return once it would survive a loss of power.

        Raises OutOfSpace, StoreUnavailable, and whatever else says that it is not kept.
        """
        ...

    def released(self, study_instance_uid: str) -> None:
        """An association that brought images of this study was released: it has no more of them.

        Raises LedgerUnavailable.
        """
        ...

    def is_settling(self) -> bool:
        """Whether instances that were taken may be missing in the ledger yet."""
        ...

    def trouble(self) -> str:
        """Why they are not entered at the moment; empty where nothing is wrong."""
        ...


class DirectIntake:
    """File and ledger entry first, then the answer: for a store that is shared, such as an object store.

    A process that ends keeps nothing that others need. Nothing is received while the ledger is away.
    """

    def __init__(self, record: Record, released: Callable[[str], object] = lambda uid: None) -> None:
        self._record = record
        self._released = released

    def begin(self) -> None:
        """All stream into the store."""

    def take(self, arrival: Arrival, instance: ReceivedInstance) -> None:
        """Raises OutOfSpace, StoreUnavailable, LedgerUnavailable, ConflictingInstance."""
        instance = named(instance, arrival.digest())
        arrival.keep_as(instance.key)
        self._record(instance)

    def released(self, study_instance_uid: str) -> None:
        """Enter it at once. Raises LedgerUnavailable."""
        self._released(study_instance_uid)

    def is_settling(self) -> bool:
        """Never: they are entered when `take` returns."""
        return False

    def trouble(self) -> str:
        """None that lasts: whoever sends is told."""
        return ""
