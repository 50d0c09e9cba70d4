"""Where refused datasets go: a file for the administrator, and beside it why.

The reason file names UIDs, AE title and time; it quotes nothing else of the dataset.
"""

import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

from service.accept.part10 import part10_file
from service.accept.status import StoreStatus
from service.errors import PrereadError
from service.storage.port import InstanceStore


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """What a C-STORE request says beside its dataset."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str


class Quarantine:
    """Keeps `quarantine/<date>/<number>.dcm` and `.json` in the instance store."""

    def __init__(self, store: InstanceStore) -> None:
        self._store = store

    def put(
        self,
        encoded_dataset: bytes,
        request: StoreRequest,
        status: StoreStatus,
        error: PrereadError,
        now: datetime,
    ) -> str:
        """Keep a refused dataset and its reason; the reason's key. Raises OutOfSpace, StoreUnavailable."""
        key = f"quarantine/{now:%Y-%m-%d}/{uuid.uuid4()}"
        reason = {
            "received_at": now.isoformat(),
            "error": type(error).__name__,
            "reason": str(error),
            "status": f"0x{status:04X}",
            "size_bytes": len(encoded_dataset),
            **asdict(request),
        }
        self._store.put(
            f"{key}.dcm",
            part10_file(
                encoded_dataset,
                request.sop_class_uid,
                request.sop_instance_uid,
                request.transfer_syntax_uid,
                request.calling_ae_title,
            ),
        )
        self._store.put(f"{key}.json", json.dumps(reason, indent=2).encode())
        return f"{key}.json"
