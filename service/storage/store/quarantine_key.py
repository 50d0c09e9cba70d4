"""Where in the instance store something goes that loses its place, or never gets one."""

import uuid
from datetime import UTC, datetime

QUARANTINE = "quarantine/"
_NAMESPACE = uuid.UUID("0a2b7b0e-6f0c-4a55-9d0c-3a8f4f1f6a51")


def quarantine_id(sop_instance_uid: str, digest: str) -> str:
    """The UUID of these bytes under this UID.

    What is set aside twice, after a crash or since its sender has tried again, is one entry.
    """
    return str(uuid.uuid5(_NAMESPACE, f"{sop_instance_uid} {digest}"))


def quarantine_key(sop_instance_uid: str, digest: str, received_at: datetime) -> str:
    """The key without its ending: `.dcm` is the file, `.json` its reason."""
    day = received_at.astimezone(UTC)
    return f"{QUARANTINE}{day:%Y-%m-%d}/{quarantine_id(sop_instance_uid, digest)}"


def short_id(entry_id: str) -> str:
    """Enough of an ID for a person: eight digits."""
    return entry_id[:8]
