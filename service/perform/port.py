"""What performing asks of a worklist manager, and of whoever fetches the input."""

from collections.abc import Callable
from typing import Protocol

from pydicom.dataset import Dataset

from service.study.workitem import Workitem, WorkitemCode, WorkitemInput

SCHEDULED, IN_PROGRESS, COMPLETED, CANCELED = "SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED"
"""States of a workitem at its manager (PS3.4 table CC.1.1-1)."""
GONE = ""
"""It has no such workitem, or none any more."""


class Manager(Protocol):
    """A worklist manager. All methods raise PeerUnavailable when it is away or answers nonsense."""

    def scheduled(self, code: WorkitemCode) -> tuple[Workitem, ...]:
        """Workitems with this code that wait for a performer, and whose input is there; without the input."""
        ...

    def find(self, workitem_uid: str) -> Workitem | None:
        """One workitem with its input; None where it has none."""
        ...

    def claim(self, workitem_uid: str, transaction_uid: str) -> None:
        """Make it ours. Raises NotOurs where it is not there to be taken."""
        ...

    def update(self, workitem_uid: str, transaction_uid: str, changes: Dataset) -> None:
        """Enter attributes. Raises NotOurs."""
        ...

    def end(self, workitem_uid: str, transaction_uid: str, state: str) -> None:
        """COMPLETED or CANCELED. Raises NotOurs."""
        ...


class Inputs(Protocol):
    """Fetches what workitems are about."""

    def fetch(self, what: WorkitemInput, progress: Callable[[int, int], object]) -> str:
        """Have it sent to us; why not all of it came, empty where it did. Raises nothing of the PACS.

        `progress` hears how many instances have come so far, and of how many.
        """
        ...
