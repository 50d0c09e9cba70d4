"""What a sender asks of a destination, the same by DIMSE and by STOW-RS."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from service.config import Destination
from service.send.outcome import Sent
from service.storage.ledger.tables.commitments import Reference
from service.storage.ledger.tables.deliveries import Proof, StoredObject


class Link(Protocol):
    """A destination that answers just now. Every method raises PeerUnavailable once it does not."""

    status_proof: Proof
    """What its answer to storing proves, where nothing stronger is to be had."""
    query: str
    """The service by which it is asked what it holds."""

    @property
    def is_open(self) -> bool:
        """Whether it can still be used: a refusal may have ended it."""
        ...

    def store(self, stored: StoredObject, data: bytes) -> Sent:
        """Send an object, a whole DICOM file; what became of it."""
        ...

    def cannot_commit(self) -> str:
        """Why storage commitment cannot be asked for; empty where it can."""
        ...

    def request_commitment(self, transaction_uid: str, references: Sequence[Reference]) -> str:
        """Ask for storage commitment; why it refuses, empty where it will report. Raises PeerRefused."""
        ...

    def has_reported(self, transaction_uid: str) -> None:
        """The report has come on another way: nothing more is to be expected on this one."""
        ...

    def cannot_query(self) -> str:
        """Why it cannot be asked what it holds; empty where it can."""
        ...

    def holds(self, stored: StoredObject) -> bool:
        """Whether it finds the object. Raises PeerRefused where it does not say."""
        ...


OpenLink = Callable[[Destination, Collection[str]], AbstractContextManager[Link]]
"""Opens a link for objects of these SOP Class UIDs. Raises PeerUnavailable where there is none to be had."""
