"""What became of a file that came in by another way than an association."""

from dataclasses import dataclass

from service.accept.instance.status import StoreStatus
from service.dicom.file_head import FileHead
from service.errors import ConflictingInstance, PrereadError, Retryable

_WARNINGS = range(0xB000, 0xC000)
"""Statuses of instances that are kept, but (PS3.7 C.4)."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """`status` is as a C-STORE would be answered; `error` says why an instance is not kept."""

    status: int
    head: FileHead | None = None
    """None where the file's head was not readable."""
    study_instance_uid: str = ""
    """Empty where the dataset did not tell."""
    error: PrereadError | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the instance is durable."""
        return self.error is None

    @property
    def has_warning(self) -> bool:
        """Whether it is kept, but."""
        return self.status in _WARNINGS

    @property
    def may_pass(self) -> bool:
        """Whether a later attempt may succeed."""
        return isinstance(self.error, Retryable)


def error_of(status: int) -> PrereadError | None:
    """What a status of the receiver means where no error in the dataset led to it; None for what is kept."""
    if status == StoreStatus.SUCCESS or status in _WARNINGS:
        return None
    if status == StoreStatus.OUT_OF_RESOURCES:
        return Retryable(
            "the instance cannot be kept at the moment, the service's log says why: try again later"
        )
    if status == StoreStatus.DUPLICATE_SOP_INSTANCE:
        return ConflictingInstance(
            "other content is kept under this SOP Instance UID; this one is in the quarantine: see there"
        )
    return PrereadError(f"the instance is not kept (status 0x{status:04X}): the service's log says why")
