"""Where refused datasets go: a file for the administrator, and beside it why.

The reason file names UIDs, AE title and time; it quotes nothing else of the dataset.
"""

import json
import uuid
from dataclasses import asdict
from datetime import datetime

from service.accept.arrival import Arrival
from service.accept.status import StoreStatus
from service.errors import PrereadError
from service.storage.port import InstanceStore


class Quarantine:
    """Keeps `quarantine/<date>/<number>.dcm` and `.json` in the instance store."""

    def __init__(self, store: InstanceStore) -> None:
        self._store = store

    def put(self, arrival: Arrival, status: StoreStatus, error: PrereadError, now: datetime) -> str:
        """Keep a refused dataset and its reason; the reason's key. Raises OutOfSpace, StoreUnavailable."""
        key = f"quarantine/{now:%Y-%m-%d}/{uuid.uuid4()}"
        reason = {
            "received_at": now.isoformat(),
            "error": type(error).__name__,
            "reason": str(error),
            "status": f"0x{status:04X}",
            "size_bytes": arrival.size_bytes,
            **asdict(arrival.request),
        }
        arrival.keep_as(f"{key}.dcm")
        self._store.put(f"{key}.json", json.dumps(reason, indent=2).encode())
        return f"{key}.json"
