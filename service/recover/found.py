"""What making the ledger again has come to."""

from dataclasses import asdict, dataclass, field
from typing import Any

LISTED = 1000
"""Files with a fault that are named; all are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that was not entered, and why. `is_unread`: the store did not give it, and may do so later."""

    key: str
    reason: str
    is_unread: bool = False


@dataclass(slots=True)
class Found:
    """Numbers of studies unless they say otherwise."""

    studies: int = 0
    analysed_again: int = 0
    """Entered as if they had just been received; results that were written before are sent again."""
    kept: int = 0
    """Entered in the state `kept`."""
    kept_without_report: int = 0
    """Of these, the ones whose results the store does not have: they were not analysed, perhaps not yet."""
    caught_up: int = 0
    """In the ledger, and further on in the store."""
    taken_up: int = 0
    """In the ledger in the state `kept`, and asked for now."""
    asked_again: int = 0
    """Under way in the ledger: what they wait for was asked for again."""
    results_only: int = 0
    """Studies with results and without images in the store: they are not entered."""
    instances_entered: int = 0
    instances_known: int = 0
    instances_quarantined: int = 0
    fault_count: int = 0
    faults: list[Fault] = field(default_factory=list)

    def add_fault(self, fault: Fault) -> None:
        """Count a file that was not entered, and name it where not too many are."""
        self.fault_count += 1
        if len(self.faults) < LISTED:
            self.faults.append(fault)

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self)
