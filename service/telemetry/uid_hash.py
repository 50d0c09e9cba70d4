"""How a UID is told apart from others in logs and traces, and not told."""

import hashlib


def uid_hash(uid: str) -> str:
    """The first 12 hexadecimal digits of the UID's SHA-256: tells entries of one study apart from others."""
    return hashlib.sha256(uid.encode()).hexdigest()[:12]
