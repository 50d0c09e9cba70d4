"""Quarantined instances that nobody looked after are deleted after their time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from service.accept.quarantine.entries import QuarantineEntries
from service.accept.quarantine.entry import QuarantineEntry
from service.storage.store.port import InstanceStore


class QuarantineExpiry:
    """An entry is due `days` after the last day on which it was quarantined."""

    def __init__(
        self, store: InstanceStore, days: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._days = days
        self._now = now

    def due(self) -> list[QuarantineEntry]:
        """What is due. Raises StoreUnavailable."""
        return self._due(QuarantineEntries(self._store))

    def turn(self) -> None:
        """Delete what is due; the quarantine's journal says so. Raises OutOfSpace, StoreUnavailable."""
        entries = QuarantineEntries(self._store)
        for entry in self._due(entries):
            entries.remove(entry, "expired", "preread", f"{self._days} days over (retention.quarantine_days)")

    def _due(self, entries: QuarantineEntries) -> list[QuarantineEntry]:
        return entries.before((self._now() - timedelta(days=self._days)).date().isoformat())
