"""The states of a workitem (PS3.4 table CC.1.1-2), what may be changed, and what a final state needs."""

import re
from enum import Enum
from typing import Protocol

from pydicom.dataset import Dataset


class Refusal(Enum):
    """Statuses of PS3.4 CC.2.1.4 and CC.2.6.4, and what PS3.18 alone refuses."""

    NO_LONGER_UPDATED = 0xC300
    WRONG_TRANSACTION = 0xC301
    ALREADY_IN_PROGRESS = 0xC302
    NOT_TO_SCHEDULED = 0xC303
    FINAL_STATE_NOT_MET = 0xC304
    NOT_YET_IN_PROGRESS = 0xC310
    ALREADY_CANCELED = 0xB304
    ALREADY_COMPLETED = 0xB306
    NO_TRANSACTION = 1
    NOT_ALLOWED = 2
    INVALID = 3


ANSWERS = {
    Refusal.NO_LONGER_UPDATED: (
        409,
        "The submitted request is inconsistent with the current state of the Workitem.",
    ),
    Refusal.WRONG_TRANSACTION: (409, "The Transaction UID is incorrect."),
    Refusal.ALREADY_IN_PROGRESS: (409, "The Workitem is already IN PROGRESS."),
    Refusal.NOT_TO_SCHEDULED: (
        409,
        "The submitted request is inconsistent with the current state of the Workitem.",
    ),
    Refusal.FINAL_STATE_NOT_MET: (409, "The Workitem has not met the final state requirements."),
    Refusal.NOT_YET_IN_PROGRESS: (409, "The target URI did not reference a claimed Workitem."),
    Refusal.ALREADY_CANCELED: (200, "The UPS is already in the requested state of CANCELED."),
    Refusal.ALREADY_COMPLETED: (200, "The UPS is already in the requested state of COMPLETED."),
    Refusal.NO_TRANSACTION: (400, "The Transaction UID is missing."),
    Refusal.NOT_ALLOWED: (400, "An attribute may not be set."),
    Refusal.INVALID: (400, "A value is not valid."),
}
"""HTTP status and Warning header (PS3.18 11.6.3, 11.7.3)."""

_MAY_BE_SET = {
    "SpecificCharacterSet",
    "TransactionUID",
    "ProcedureStepProgressInformationSequence",
    "UnifiedProcedureStepPerformedProcedureSequence",
}
"""Of what a performer may set (PS3.4 table CC.2.5-3, N-SET), what one needs."""
_DT = re.compile(r"\d{14}(\.\d{1,6})?([+-]\d{4})?")
_PERFORMED = (
    "PerformedStationNameCodeSequence",
    "PerformedProcedureStepStartDateTime",
    "PerformedProcedureStepEndDateTime",
    "PerformedWorkitemCodeSequence",
    "OutputInformationSequence",
)
"""Final state code P: needed for COMPLETED."""


class Locked(Protocol):
    """What holds the lock."""

    transaction_uid: str


def change_state(  # noqa: C901, PLR0911 - the cells of one table
    attributes: Dataset, lock: Locked, action: Dataset
) -> Refusal | None:
    """One cell of table CC.1.1-2."""
    wanted, given = action.get("ProcedureStepState"), action.get("TransactionUID")
    if set(one.keyword for one in action) != {"ProcedureStepState", "TransactionUID"} or not given:
        return Refusal.NO_TRANSACTION
    state = attributes.ProcedureStepState
    if wanted == "IN PROGRESS":
        if state == "SCHEDULED":
            lock.transaction_uid, attributes.ProcedureStepState = given, wanted
            return None
        if given != lock.transaction_uid:
            return Refusal.WRONG_TRANSACTION
        return Refusal.ALREADY_IN_PROGRESS if state == wanted else Refusal.NO_LONGER_UPDATED
    if wanted not in ("COMPLETED", "CANCELED"):
        return Refusal.NOT_TO_SCHEDULED
    if state == "SCHEDULED":
        return Refusal.NOT_YET_IN_PROGRESS
    if given != lock.transaction_uid:
        return Refusal.WRONG_TRANSACTION
    if state == wanted:
        return Refusal.ALREADY_COMPLETED if state == "COMPLETED" else Refusal.ALREADY_CANCELED
    if state != "IN PROGRESS":
        return Refusal.NO_LONGER_UPDATED
    if not _may_end(attributes, wanted):
        return Refusal.FINAL_STATE_NOT_MET
    attributes.ProcedureStepState = wanted
    return None


def update(  # noqa: PLR0911 - the cells of one table
    attributes: Dataset, lock: str, given: str | None, changes: Dataset
) -> Refusal | None:
    """N-SET by its performer. Sequences are replaced as a whole."""
    state = attributes.ProcedureStepState
    if state in ("COMPLETED", "CANCELED"):
        return Refusal.NO_LONGER_UPDATED
    if state == "IN PROGRESS" and not given:
        return Refusal.NO_TRANSACTION
    if given != lock:
        return Refusal.WRONG_TRANSACTION if state == "IN PROGRESS" else Refusal.NOT_YET_IN_PROGRESS
    if changes.get("TransactionUID", given) != given:
        return Refusal.WRONG_TRANSACTION
    if not set(one.keyword for one in changes) <= _MAY_BE_SET:
        return Refusal.NOT_ALLOWED
    if not _is_valid(changes):
        return Refusal.INVALID
    for element in changes:
        if element.keyword != "TransactionUID":
            attributes[element.tag] = element
    return None


def _may_end(attributes: Dataset, wanted: str) -> bool:
    if wanted == "COMPLETED":
        performed = attributes.get("UnifiedProcedureStepPerformedProcedureSequence")
        return bool(performed) and all(performed[0].get(keyword) for keyword in _PERFORMED)
    told = attributes.get("ProcedureStepProgressInformationSequence")
    return bool(told) and bool(told[0].get("ProcedureStepDiscontinuationReasonCodeSequence"))


def _is_valid(item: Dataset) -> bool:
    """Codes are whole, moments are DT, texts are not too long, references name both UIDs."""
    for element in item:
        if element.VR == "SQ":
            if not all(_is_valid(one) for one in element.value):
                return False
            if element.keyword.endswith("CodeSequence") and not all(map(_is_code, element.value)):
                return False
        elif (element.VR == "DT" and not _DT.fullmatch(str(element.value))) or (
            element.VR == "ST" and len(str(element.value)) > 1024
        ):
            return False
    needed = ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID")
    return not any(keyword in item for keyword in needed) or all(item.get(keyword) for keyword in needed)


def _is_code(item: Dataset) -> bool:
    return all(item.get(keyword) for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"))
