"""Writes down who has seen and done what."""

import threading
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from service.access.person import Person
from service.access.records import Action, AuditEvent
from service.storage.ledger.ledger import Ledger

REPEATED_AFTER = timedelta(minutes=10)
"""Looking at the same thing again is told once in this time, however often a page asks."""
_LOOKING = frozenset({Action.LISTED, Action.VIEWED, Action.LOOKED_UP, Action.REFUSED})
_MOST_REMEMBERED = 10_000


class Trail:
    """One per process: each remembers by itself what it has told already."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._told: OrderedDict[tuple[str, ...], datetime] = OrderedDict()
        self._lock = threading.Lock()

    def note(
        self,
        person: Person,
        action: Action,
        study_instance_uid: str = "",
        detail: str = "",
        *,
        succeeded: bool = True,
    ) -> None:
        """Enter it, before it is done. Raises LedgerUnavailable: what cannot be written down is not done."""
        now = datetime.now(UTC)
        # What is no UID may be anything that somebody typed.
        study = study_instance_uid[:64] if study_instance_uid.replace(".", "").isdigit() else ""
        who, role, address = person.name, person.role, person.address[:64]
        if action in _LOOKING and not self._is_news((who, address, action, study, detail), now):
            return
        event = AuditEvent(now, action, who, role, address, study, detail, succeeded)
        with self._ledger.begin() as tx:
            tx.audit.add(event)

    def _is_news(self, key: tuple[str, ...], now: datetime) -> bool:
        with self._lock:
            told = self._told.get(key)
            if told is not None and now - told < REPEATED_AFTER:
                return False
            self._told[key] = now
            self._told.move_to_end(key)
            while len(self._told) > _MOST_REMEMBERED:
                self._told.popitem(last=False)
            return True
