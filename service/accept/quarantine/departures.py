"""What was released and discarded, when, by whom and why: one small file each, none of which ever changes."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from service.accept.quarantine.entry import QuarantineEntry
from service.storage.store.port import InstanceStore

DEPARTURES = "quarantine-journal/"
"""Outside the quarantine, whose listing would take longer with each of them."""


def remember(store: InstanceStore, entry: QuarantineEntry, action: str, who: str, why: str) -> None:
    """Keep what became of an entry; once, also where a process is killed and it is done again.

    Raises OutOfSpace, StoreUnavailable.
    """
    note = {"at": datetime.now(UTC).isoformat(), "action": action, "who": who, "why": why} | asdict(entry)
    store.put(_key(entry, action), json.dumps(note, indent=2).encode())


def departures(store: InstanceStore, offset: int, limit: int) -> tuple[list[Mapping[str, Any]], int]:
    """Up to `limit` of them from `offset` on, those that were quarantined last first; and how many there are.

    Raises StoreUnavailable.
    """
    keys = store.keys(DEPARTURES)[::-1]
    return [json.loads(store.get(key)) for key in keys[offset : offset + limit]], len(keys)


def _key(entry: QuarantineEntry, action: str) -> str:
    """By when it was received: the same bytes may come again another time, and leave again."""
    received_at = re.sub(r"[^0-9]", "", entry.received_at)
    return f"{DEPARTURES}{entry.received_at[:10]}/{received_at}-{entry.id}-{action}.json"
