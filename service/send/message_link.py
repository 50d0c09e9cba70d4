"""What every way for messages has in common: its answer is the only proof there is."""

from service.send.no_commitment import NoCommitment
from service.storage.ledger.tables.deliveries import StoredObject


class MessageLink(NoCommitment):
    """The link port, but for storing."""

    query = "nothing"
    no_commitment = "messages have no storage commitment"

    def cannot_query(self) -> str:
        """As in the port."""
        return "messages cannot be looked for"

    def holds(self, stored: StoredObject) -> bool:
        """As in the port."""
        return False
