"""What answers a Store transaction: status code and Store Instances Response Module (PS3.18 annex I)."""

from collections.abc import Callable, Sequence
from typing import Any

from service.accept.folder.file_outcome import FileOutcome
from service.accept.stow.content_type import UnsupportedMedia
from service.dicom.file_head import FileHead
from service.errors import PrereadError, TooLarge
from service.net.multipart import BadMultipart

OK, ACCEPTED, BAD_REQUEST, CONFLICT, CONTENT_TOO_LARGE = 200, 202, 400, 409, 413
UNSUPPORTED_MEDIA_TYPE, SERVICE_UNAVAILABLE = 415, 503

_RETRIEVE_URL = {"00081190": {"vr": "UR"}}
"""Present and empty (type 2): nothing can be retrieved here."""


def status_code(outcomes: Sequence[FileOutcome]) -> int:
    """The status code of PS3.18 table 10.5.3-1, or of section 8.5 where one reason holds for all."""
    if all(one.is_kept and not one.has_warning for one in outcomes):
        return OK
    if any(one.is_kept for one in outcomes):
        return ACCEPTED
    if any(isinstance(one.error, BadMultipart) for one in outcomes):
        return BAD_REQUEST
    if all(one.may_pass for one in outcomes):
        return SERVICE_UNAVAILABLE
    return next((code for kind, code in _ONE_REASON.items() if _all_are(outcomes, kind)), CONFLICT)


def response_module(outcomes: Sequence[FileOutcome]) -> dict[str, Any]:
    """The module in the DICOM JSON Model (PS3.18 annex F)."""
    sequences = {
        "00081198": _items(outcomes, _failed),
        "00081199": _items(outcomes, _stored),
        "0008119A": _items(outcomes, _failed_without_name),
    }
    return _RETRIEVE_URL | {tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items}


_ONE_REASON: dict[type[PrereadError], int] = {
    TooLarge: CONTENT_TOO_LARGE,
    UnsupportedMedia: UNSUPPORTED_MEDIA_TYPE,
}


def _all_are(outcomes: Sequence[FileOutcome], kind: type[PrereadError]) -> bool:
    return all(isinstance(one.error, kind) for one in outcomes)


def _items(
    outcomes: Sequence[FileOutcome], item: Callable[[FileOutcome], dict[str, Any] | None]
) -> list[dict[str, Any]]:
    return [made for one in outcomes if (made := item(one)) is not None]


def _stored(one: FileOutcome) -> dict[str, Any] | None:
    """An item of Referenced SOP Sequence (0008,1199)."""
    if not one.is_kept or one.head is None:
        return None
    warning = {"00081196": _us(one.status)} if one.has_warning else {}
    return _reference(one.head) | _RETRIEVE_URL | warning


def _failed(one: FileOutcome) -> dict[str, Any] | None:
    """An item of Failed SOP Sequence (0008,1198)."""
    if one.is_kept or one.head is None:
        return None
    return _reference(one.head) | {"00081197": _us(one.status)}


def _failed_without_name(one: FileOutcome) -> dict[str, Any] | None:
    """An item of Other Failures Sequence (0008,119A)."""
    return None if one.is_kept or one.head is not None else {"00081197": _us(one.status)}


def _reference(head: FileHead) -> dict[str, Any]:
    """SOP Instance Reference Macro (PS3.3 table 10-11)."""
    return {
        "00081150": {"vr": "UI", "Value": [head.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [head.sop_instance_uid]},
    }


def _us(status: int) -> dict[str, Any]:
    return {"vr": "US", "Value": [int(status)]}
