"""Where refused and displaced datasets go: a file for the administrator, and beside it why.

The reason file names UIDs, AE title and time; it quotes nothing else of the dataset.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from service.accept.instance.arrival import Arrival
from service.accept.instance.status import StoreStatus
from service.errors import ConflictingInstance, PrereadError
from service.storage.ledger.steps.conflicts import Displaced
from service.storage.store.port import InstanceStore
from service.storage.store.quarantine_key import QUARANTINE, quarantine_id, quarantine_key
from service.study.model import ReceivedInstance

INSTANCE = "instance"
"""Of the reason: the ledger's entry, where the dataset had or could have had one."""


class Quarantine:
    """Keeps `quarantine/<date>/<ID>.dcm` and `.json` in the instance store."""

    def __init__(self, store: InstanceStore) -> None:
        self._store = store

    def put(self, arrival: Arrival, status: StoreStatus, error: PrereadError) -> str:
        """Keep a refused dataset and its reason; the reason's key. Raises OutOfSpace, StoreUnavailable."""
        now = datetime.now(UTC)
        key = quarantine_key(arrival.request.sop_instance_uid, arrival.digest(), now)
        arrival.keep_as(f"{key}.dcm")
        request = asdict(arrival.request)
        self._explain(key, status, error, received_at=now, size_bytes=arrival.size_bytes, **request)
        return f"{key}.json"

    def explain(self, displaced: Displaced) -> None:
        """Say why an instance goes here that is in the store; `move` it then.

        Raises OutOfSpace, StoreUnavailable.
        """
        instance = displaced.instance
        self._explain(
            _key(instance),
            StoreStatus.SUCCESS,
            ConflictingInstance(displaced.reason),
            received_at=instance.received_at,
            size_bytes=instance.size_bytes,
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.sop_instance_uid,
            transfer_syntax_uid=instance.transfer_syntax_uid,
            calling_ae_title=instance.calling_ae_title,
            **{INSTANCE: asdict(instance) | {"received_at": instance.received_at.isoformat()}},
        )

    def move(self, instance: ReceivedInstance) -> None:
        """Have the file of an explained instance here; nothing happens where it is not in its place.

        Raises OutOfSpace, StoreUnavailable.
        """
        with suppress(KeyError):  # moved before, by a process that was killed
            self._store.move(instance.key, f"{_key(instance)}.dcm")

    def have_back(self, instance: ReceivedInstance) -> None:
        """Have the file of an instance in its place that is entered again, if it was moved here meanwhile.

        Raises OutOfSpace, StoreUnavailable.
        """
        if self._store.exists(instance.key):
            return
        file = f"/{quarantine_id(instance.sop_instance_uid, instance.digest)}.dcm"
        for key in self._store.keys(QUARANTINE):
            if key.endswith(file):
                self._store.move(key, instance.key)
                self._store.delete(f"{key.removesuffix('.dcm')}.json")
                return

    def unmoved(self) -> Iterator[ReceivedInstance]:
        """Instances that are explained here and whose files are not here. Raises StoreUnavailable."""
        keys = set(self._store.keys(QUARANTINE))
        for key in sorted(keys):
            name, dot, ending = key.rpartition(".")
            if ending == "json" and f"{name}{dot}dcm" not in keys:
                instance = self._instance(key)
                if instance is not None and self._store.exists(instance.key):
                    yield instance

    @staticmethod
    def key_of(instance: ReceivedInstance) -> str:
        """The key of its reason."""
        return f"{_key(instance)}.json"

    def _instance(self, key: str) -> ReceivedInstance | None:
        try:
            values = json.loads(self._store.get(key))[INSTANCE]
            values["received_at"] = datetime.fromisoformat(values["received_at"])
            return ReceivedInstance(**values)
        except (KeyError, TypeError, ValueError):
            return None  # of a refused dataset, or no longer there

    def _explain(
        self, key: str, status: StoreStatus, error: PrereadError, received_at: datetime, **values: Any
    ) -> None:
        reason = {
            "received_at": received_at.isoformat(),
            "error": type(error).__name__,
            "reason": str(error),
            "status": f"0x{status:04X}",
            **values,
        }
        self._store.put(f"{key}.json", json.dumps(reason, indent=2).encode())


def _key(instance: ReceivedInstance) -> str:
    return quarantine_key(instance.sop_instance_uid, instance.digest, instance.received_at)
