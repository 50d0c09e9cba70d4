"""What a PACS answered to one C-STORE, and what follows from it."""

from dataclasses import dataclass

SUCCESS = 0x0000
DUPLICATE_SOP_INSTANCE = 0x0111
SOP_CLASS_NOT_SUPPORTED = 0x0122
CANNOT_UNDERSTAND = 0xC000
_OUT_OF_RESOURCES = range(0xA700, 0xA800)
_DOES_NOT_MATCH = range(0xA900, 0xAA00)
_CANNOT_UNDERSTAND = range(0xC000, 0xD000)
WARNINGS: dict[int, str] = {
    0xB000: "the PACS changed some values (coercion of data elements)",
    0xB006: "the PACS left some elements out",
    0xB007: "the PACS finds that the dataset does not match its SOP Class",
}
"""Statuses with which the object is stored all the same (PS3.4 table B.2-1)."""
_IS_THERE: dict[int, str] = {
    SUCCESS: "stored",
    DUPLICATE_SOP_INSTANCE: "the PACS says that it has an object under this SOP Instance UID already",
}
_REASONS: dict[int, str] = {
    0x0110: "processing failure",
    0x0117: "it finds the SOP Instance UID invalid",
    0x0122: "it does not store this SOP Class",
    0x0124: "we are not authorized: allow our AE title there",
    0x0210: "it saw the message ID twice",
    0x0211: "it did not recognise the operation",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One object and the C-STORE status that answered it. `detail` explains the status to a person."""

    sop_instance_uid: str
    status: int
    accepted: bool
    detail: str

    @property
    def is_there(self) -> bool:
        """Whether the PACS has it by its own words: stored now, or before under the same UID."""
        return self.accepted or self.status == DUPLICATE_SOP_INSTANCE

    @property
    def retryable(self) -> bool:
        """Whether the PACS was out of resources (0xA7xx), so that a later attempt may succeed."""
        return self.status in _OUT_OF_RESOURCES


def outcome(sop_instance_uid: str, status: int) -> Sent:
    """The outcome that `status` means (PS3.4 B.2.3, PS3.7 annex C)."""
    accepted = status == SUCCESS or status in WARNINGS
    return Sent(sop_instance_uid, status, accepted, f"{_explain(status)} (status 0x{status:04X})")


def _explain(status: int) -> str:
    if status in _IS_THERE:
        return _IS_THERE[status]
    if status in WARNINGS:
        return f"stored, but {WARNINGS[status]}"
    if status in _OUT_OF_RESOURCES:
        return "the PACS is out of resources: check its disk; it will be tried again"
    if status in _DOES_NOT_MATCH:
        return "the PACS finds that the dataset does not match its SOP Class"
    if status in _CANNOT_UNDERSTAND:
        return "the PACS cannot understand the dataset: its log says why"
    return f"the PACS rejected it: {_REASONS.get(status, 'its log says why')}"
