"""What answers a Store transaction of STOW-RS that brought one instance (PS3.18 10.5.3, PS3.3 C.17.6)."""

import json

from service.send.outcome import SUCCESS, Sent, outcome

_OK, _ACCEPTED, _CONFLICT, _UNAVAILABLE = 200, 202, 409, 503
_STORED, _FAILED, _FAILURE_REASON, _WARNING_REASON = "00081199", "00081198", "00081197", "00081196"
PROCESSING_FAILURE = 0x0110


def read_store_response(sop_instance_uid: str, code: int, answer: bytes) -> Sent | None:
    """What the Store Instances Response Module says of the one instance; None where there is no module."""
    if code not in (_OK, _ACCEPTED, _CONFLICT, _UNAVAILABLE):
        return None
    try:
        module = json.loads(answer)
        if _STORED not in module:
            reason = module[_FAILED]["Value"][0][_FAILURE_REASON]["Value"][0]
        elif _WARNING_REASON in module[_STORED]["Value"][0]:
            reason = module[_STORED]["Value"][0][_WARNING_REASON]["Value"][0]
        else:
            reason = SUCCESS
        return outcome(sop_instance_uid, int(reason))
    except (ValueError, LookupError, TypeError):
        return None


def unexplained(sop_instance_uid: str, code: int, answer: bytes) -> Sent:
    """The outcome where there is none: the answer is told as it is."""
    words = answer.decode("utf-8", errors="replace").strip()[:200]
    return Sent(sop_instance_uid, PROCESSING_FAILURE, accepted=False, detail=f"HTTP status {code}: {words}")
