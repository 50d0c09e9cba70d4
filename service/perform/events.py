"""What a worklist manager tells of its workitems by itself (PS3.4 table CC.2.4-1), as DICOM JSON."""

import json
from dataclasses import dataclass
from typing import Any

CANCEL_REQUESTED = 2
"""Event Type ID of UPS Cancel Requested."""
_WORKITEM, _TYPE, _REQUESTING_AE, _REASON = "00001000", "00001002", "00741236", "00741238"


@dataclass(frozen=True, slots=True)
class UpsEvent:
    """One report. `requested_by` is an AE title; it and `reason` are there for requests to cancel."""

    workitem_uid: str
    type_id: int
    requested_by: str = ""
    reason: str = ""


def parse_event(message: str | bytes) -> UpsEvent | None:
    """The report; None for anything else."""
    try:
        body = json.loads(message)
        body = body[0] if isinstance(body, list) else body
        return UpsEvent(
            str(_value(body, _WORKITEM) or ""),
            int(_value(body, _TYPE)),
            str(_value(body, _REQUESTING_AE) or "").strip()[:16],
            str(_value(body, _REASON) or "")[:1024],
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None


def _value(body: dict[str, Any], tag: str) -> Any:
    return next(iter(body.get(tag, {}).get("Value", [])), None)
