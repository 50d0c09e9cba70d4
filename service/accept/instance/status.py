"""The C-STORE statuses that this SCP answers, and which error leads to which."""

from enum import IntEnum

from service.errors import (
    ConflictingInstance,
    MissingAttribute,
    NotDicom,
    PrereadError,
    Retryable,
    TooLarge,
    UIDMismatch,
    UnsafeUID,
)


class StoreStatus(IntEnum):
    """C-STORE statuses: PS3.4 table B.2-1 for the storage service, PS3.7 annex C for all services."""

    SUCCESS = 0x0000
    """The instance is durable (PS3.7 C.1.1)."""
    PROCESSING_FAILURE = 0x0110
    """Something went wrong here that nobody foresaw (PS3.7 C.5.20)."""
    DUPLICATE_SOP_INSTANCE = 0x0111
    """Other bytes are already kept under this SOP Instance UID (PS3.7 C.5.6)."""
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    """The SOP Class was not agreed for this context (PS3.7 C.5.22)."""
    NOT_AUTHORIZED = 0x0124
    """The peer may not store here (PS3.7 C.5.24)."""
    OUT_OF_RESOURCES = 0xA700
    """Not kept; a later attempt may succeed (PS3.4 B.2.3)."""
    DATASET_DOES_NOT_MATCH_SOP_CLASS = 0xA900
    """The dataset's UIDs differ from the request's (PS3.4 B.2.3)."""
    CANNOT_UNDERSTAND = 0xC000
    """The dataset cannot be read, or lacks what names it (PS3.4 B.2.3)."""


STATUS_OF: dict[type[PrereadError], StoreStatus] = {
    Retryable: StoreStatus.OUT_OF_RESOURCES,
    TooLarge: StoreStatus.OUT_OF_RESOURCES,
    UIDMismatch: StoreStatus.DATASET_DOES_NOT_MATCH_SOP_CLASS,
    NotDicom: StoreStatus.CANNOT_UNDERSTAND,
    MissingAttribute: StoreStatus.CANNOT_UNDERSTAND,
    UnsafeUID: StoreStatus.CANNOT_UNDERSTAND,
    ConflictingInstance: StoreStatus.DUPLICATE_SOP_INSTANCE,
    PrereadError: StoreStatus.PROCESSING_FAILURE,
}
"""The one table; the nearest base class counts. All that may pass by itself is answered with 0xA700, the only
failure after which senders try again."""


def status_of(error: PrereadError) -> StoreStatus:
    """The status that answers `error`."""
    return next(STATUS_OF[base] for base in type(error).__mro__ if base in STATUS_OF)
