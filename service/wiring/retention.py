"""What is removed after its time, as the settings say."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from service.accept.quarantine.expiry import QuarantineExpiry
from service.config.retention import RetentionSettings
from service.storage.ledger.ledger import Ledger
from service.storage.retention.images import ImageRetention
from service.storage.retention.studies import StudyRetention
from service.storage.store.port import InstanceStore


@dataclass(frozen=True, slots=True)
class Retentions:
    """None where the settings keep everything."""

    images: ImageRetention | None
    studies: StudyRetention | None
    quarantine: QuarantineExpiry | None
    make_room: Callable[[], None]
    """Remove images of delivered studies while less space is free than is kept. Raises as `turn`."""

    def turn(self) -> None:
        """Remove everything that is due: whole studies first, or their images would be listed one by one.

        Raises LedgerUnavailable, StoreUnavailable, OutOfSpace.
        """
        for one in (self.studies, self.images, self.quarantine):
            if one is not None:
                one.turn()


def open_retentions(settings: RetentionSettings, ledger: Ledger, store: InstanceStore) -> Retentions:
    """What these settings ask for."""
    days = settings
    at_once = ImageRetention(ledger, store, 0, setting="retention.keep_free_bytes")
    return Retentions(
        ImageRetention(ledger, store, days.images_days) if days.images_days else None,
        StudyRetention(ledger, store, days.studies_days) if days.studies_days else None,
        QuarantineExpiry(store, days.quarantine_days) if days.quarantine_days else None,
        partial(at_once.make_room, settings.keep_free_bytes),
    )
