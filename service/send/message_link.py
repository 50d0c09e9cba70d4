"""What every way for messages has in common: its answer is the only proof there is."""

from collections.abc import Sequence

from service.storage.commitments import Reference
from service.storage.deliveries import StoredObject


class MessageLink:
    """The link port, but for storing."""

    query = "nothing"
    is_open = True

    def cannot_commit(self) -> str:
        """As in the port."""
        return "messages have no storage commitment"

    def request_commitment(self, transaction_uid: str, references: Sequence[Reference]) -> str:
        """As in the port."""
        return self.cannot_commit()

    def has_reported(self, transaction_uid: str) -> None:
        """As in the port."""

    def cannot_query(self) -> str:
        """As in the port."""
        return "messages cannot be looked for"

    def holds(self, stored: StoredObject) -> bool:
        """As in the port."""
        return False
