"""One quarantined instance, as the file with its reason tells it."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from service.accept.quarantine.keep import INSTANCE
from service.storage.store.port import InstanceStore
from service.storage.store.quarantine_key import QUARANTINE, short_id

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


def id_of(key: str) -> str | None:
    """The ID of a quarantined file, None for any other key."""
    match = _FILE.fullmatch(key)
    return match[2] if match else None


def read_entry(store: InstanceStore, key: str) -> QuarantineEntry:
    """The entry of a quarantined file. Raises StoreUnavailable, ValueError for another key."""
    match = _FILE.fullmatch(key)
    if match is None:
        raise ValueError(f"{key} is not the key of a quarantined file")
    day, entry_id = match.groups()
    values: dict[str, Any] = {"id": entry_id, "key": key, "received_at": day}
    return QuarantineEntry(**values | _reason(store, reason_key(key)))


def reason_key(key: str) -> str:
    """Where the reason of a quarantined file lies."""
    return f"{key.removesuffix('.dcm')}.json"


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
