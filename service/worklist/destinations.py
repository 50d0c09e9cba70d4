"""Where the newest result objects of a study stand, destination by destination."""

from collections.abc import Sequence

from service.storage.ledger.tables.deliveries import Delivery, DeliveryState, StoredObject
from service.worklist.entries import DestinationEntry

_WORST_FIRST = (
    DeliveryState.REJECTED,
    DeliveryState.HELD,
    DeliveryState.WAITING,
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
)


def destination_entries(
    objects: Sequence[StoredObject], deliveries: Sequence[Delivery]
) -> tuple[DestinationEntry, ...]:
    """One entry per destination of the newest revision that has objects, by name."""
    newest = max((stored.revision for stored in objects), default=0)
    uids = {stored.sop_instance_uid for stored in objects if stored.revision == newest}
    current = [delivery for delivery in deliveries if delivery.sop_instance_uid in uids]
    names = sorted({delivery.destination for delivery in current})
    return tuple(_entry([d for d in current if d.destination == name]) for name in names)


def _entry(deliveries: Sequence[Delivery]) -> DestinationEntry:
    worst = min(deliveries, key=lambda delivery: _WORST_FIRST.index(delivery.state))
    return DestinationEntry(
        destination=worst.destination,
        state=worst.state,
        delivered=sum(delivery.state is DeliveryState.DELIVERED for delivery in deliveries),
        total=len(deliveries),
        proof=min((delivery.proof for delivery in deliveries), key=lambda proof: proof.strength),
        detail=worst.detail,
        updated_at=max(delivery.updated_at for delivery in deliveries),
    )
