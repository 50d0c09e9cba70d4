"""Ways without an association, on which nobody can ask for storage commitment."""

from collections.abc import Sequence

from service.storage.ledger.tables.commitments import Reference


class NoCommitment:
    """That part of the link port."""

    no_commitment: str
    """Why there is none."""
    is_open = True

    def cannot_commit(self) -> str:
        """As in the port."""
        return self.no_commitment

    def request_commitment(self, transaction_uid: str, references: Sequence[Reference]) -> str:
        """As in the port."""
        return self.no_commitment

    def has_reported(self, transaction_uid: str) -> None:
        """As in the port."""
