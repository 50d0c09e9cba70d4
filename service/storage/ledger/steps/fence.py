"""Fences: what keeps a worker that stalled from entering how work ended that is another's by now."""

from collections.abc import Callable
from functools import partial

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.leases import Lease

Fence = Callable[[Transaction], bool]
"""Whether the work is still ours, asked in the very transaction that enters how it ended: until that ends,
nobody else can begin it."""


def fence_of(lease: Lease) -> Fence:
    """Ours as long as nobody has taken a newer lease."""
    return partial(_holds, lease)


def unfenced(_tx: Transaction) -> bool:
    """For who works alone."""
    return True


def _holds(lease: Lease, tx: Transaction) -> bool:
    return tx.leases.holds(lease)
