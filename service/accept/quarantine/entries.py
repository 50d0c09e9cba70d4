"""What is in the quarantine: looking entries up, and letting them go with a note of who did it and why."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from service.accept.quarantine.keep import INSTANCE
from service.errors import ConfigurationError
from service.storage.port import InstanceStore
from service.storage.quarantine_key import QUARANTINE, short_id

JOURNAL_KEY = f"{QUARANTINE}journal.jsonl"
"""JSON lines: what was released and discarded, when, by whom and why. Nothing is ever removed from it."""
_FILE = re.compile(rf"{QUARANTINE}(\d{{4}}-\d\d-\d\d)/([0-9a-f-]{{36}})\.dcm")


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """One quarantined instance. The UIDs are empty where they are not known; `received_at` is ISO 8601."""

    id: str
    key: str
    received_at: str
    error: str = ""
    reason: str = "the file with the reason is missing"
    status: str = ""
    calling_ae_title: str = ""
    study_instance_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    transfer_syntax_uid: str = ""
    size_bytes: int = 0

    @property
    def short_id(self) -> str:
        """Enough of the ID for a person."""
        return short_id(self.id)


_OF_REASON = tuple(field.name for field in fields(QuarantineEntry) if field.name not in {"id", "key"})


def quarantined_keys(store: InstanceStore) -> list[str]:
    """The keys of the quarantined files, oldest day first. Raises StoreUnavailable."""
    return [key for key in store.keys(QUARANTINE) if _FILE.fullmatch(key)]


def read_entry(store: InstanceStore, key: str) -> QuarantineEntry:
    """The entry of a quarantined file. Raises StoreUnavailable, ValueError for another key."""
    match = _FILE.fullmatch(key)
    if match is None:
        raise ValueError(f"{key} is not the key of a quarantined file")
    day, entry_id = match.groups()
    values: dict[str, Any] = {"id": entry_id, "key": key, "received_at": day}
    return QuarantineEntry(**values | _reason(store, f"{key.removesuffix('.dcm')}.json"))


def find_entry(store: InstanceStore, prefix: str) -> QuarantineEntry:
    """The entry whose ID begins with `prefix`; of one that was quarantined on several days, the last.

    Raises ConfigurationError where there is none, or more than one.
    """
    found = {key.rpartition("/")[2]: key for key in quarantined_keys(store)}
    keys = [key for name, key in sorted(found.items()) if prefix and name.startswith(prefix.lower())]
    if len(keys) == 1:
        return read_entry(store, keys[0])
    if not keys:
        raise ConfigurationError(
            f"no quarantined instance has an ID that begins with {prefix!r}; `preread quarantine list` shows "
            "the IDs, and quarantine/journal.jsonl in the store what was released and discarded"
        )
    raise ConfigurationError(
        f"{len(keys)} quarantined instances have an ID that begins with {prefix!r}, such as "
        f"{', '.join(key.rpartition('/')[2].removesuffix('.dcm') for key in keys[:3])}: give more of it"
    )


def remove(store: InstanceStore, entry: QuarantineEntry, action: str, who: str, why: str) -> None:
    """Forget the entry, of whatever day; first the journal says why. Raises OutOfSpace, StoreUnavailable.

    The journal is read and written as a whole: two of these at the same moment may keep one line only.
    """
    line = {"at": datetime.now(UTC).isoformat(), "action": action, "who": who, "why": why} | asdict(entry)
    earlier = store.get(JOURNAL_KEY) if store.exists(JOURNAL_KEY) else b""
    store.put(JOURNAL_KEY, earlier + json.dumps(line).encode() + b"\n")
    for key in quarantined_keys(store):
        if key.endswith(f"/{entry.id}.dcm"):
            store.delete(key)
            store.delete(f"{key.removesuffix('.dcm')}.json")


def as_json(entries: Sequence[QuarantineEntry]) -> list[dict[str, object]]:
    """For machines."""
    return [asdict(entry) for entry in entries]


def _reason(store: InstanceStore, key: str) -> dict[str, Any]:
    try:
        reason = json.loads(store.get(key))
    except (KeyError, ValueError):
        return {}
    values = {**reason.get(INSTANCE, {}), **reason}
    return {name: values[name] for name in _OF_REASON if name in values}
