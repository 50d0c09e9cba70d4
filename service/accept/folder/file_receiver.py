"""DICOM files that come by HTTP or in a folder: received as instances of an association are."""

import structlog

from service.accept.association.contexts import OTHER_SOP_CLASSES, Supported, supported_contexts
from service.accept.folder.file_outcome import FileOutcome, error_of
from service.accept.instance.arrival import Arrival
from service.accept.instance.receiver import InstanceReceiver
from service.accept.instance.request import StoreRequest
from service.accept.instance.sending import Sending
from service.accept.instance.status import StoreStatus, status_of
from service.dicom.file_head import FileHead, FileHeadReader
from service.errors import PrereadError, Refused, UIDMismatch

log = structlog.get_logger()

TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122
"""Failure Reason of PS3.18 table I.2-2."""
OTHER_STUDY = 0xC409
"""Failure Reason of our own, in the range that PS3.18 table I.2-2 leaves for it."""


class FileReceiver:
    """Takes files of what associations may bring, too. Threads may share one."""

    def __init__(self, receiver: InstanceReceiver, extra_sop_classes: tuple[str, ...] = ()) -> None:
        self._receiver = receiver
        supported = supported_contexts(extra_sop_classes)
        self._supported = {uid: supported[uid] for uid in supported.keys() - OTHER_SOP_CLASSES.keys()}

    def sending(self) -> Sending:
        """What comes now in one go, such as in one request."""
        return Sending(self._receiver)

    def begin(self, sending: Sending, calling_ae_title: str, study_instance_uid: str = "") -> "IncomingFile":
        """Begin to receive one file of `sending`. With a Study Instance UID, it must belong to that study."""
        return IncomingFile(sending, self._supported, calling_ae_title, study_instance_uid)


class IncomingFile:
    """One file as it comes, never held as a whole. Write it, then `finish` or `abort` it."""

    def __init__(
        self, sending: Sending, supported: Supported, calling_ae_title: str, study_instance_uid: str
    ) -> None:
        self._sending = sending
        self._supported = supported
        self._calling_ae_title = calling_ae_title
        self._study_instance_uid = study_instance_uid
        self._reader = FileHeadReader()
        self._arrival: Arrival | None = None
        self._refusal: tuple[int, PrereadError] | None = None

    @property
    def has_failed(self) -> bool:
        """Whether what comes now makes no difference any more."""
        if self._arrival is None:
            return self._refusal is not None
        try:
            self._arrival.check()
        except PrereadError:
            return True
        return False

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes of the file; the caller may overwrite them afterwards. Raises nothing of ours."""
        if self._refusal is not None:
            return
        try:
            dataset = self._reader.feed(data)
        except Refused as refused:
            self._refusal = status_of(refused), refused
            return
        if self._arrival is None and self._reader.head is not None:
            self._begin(self._reader.head)
        if self._arrival is not None and dataset:
            self._arrival.write(dataset)

    def finish(self) -> FileOutcome:
        """The file has ended: have its instance durably, or say why not."""
        if self._arrival is None:
            return self._refused()
        study_instance_uid, error = self._study(self._arrival)
        if study_instance_uid and self._study_instance_uid not in ("", study_instance_uid):
            self._arrival.abort()
            self._refusal = (
                OTHER_STUDY,
                UIDMismatch("the instance is of another study than the one asked for"),
            )
            return self._refused()
        status = self._sending.finish(self._arrival)
        return FileOutcome(status, self._reader.head, study_instance_uid, error or error_of(status))

    def abort(self) -> None:
        """Leave nothing of it, unless it is finished."""
        if self._arrival is not None:
            self._arrival.abort()

    def _begin(self, head: FileHead) -> None:
        syntaxes = self._supported.get(head.sop_class_uid)
        if syntaxes is None:
            self._refuse(
                StoreStatus.SOP_CLASS_NOT_SUPPORTED,
                f"SOP Class {head.sop_class_uid} is not received: see accept.extra_sop_classes",
            )
        elif head.transfer_syntax_uid not in syntaxes:
            self._refuse(
                TRANSFER_SYNTAX_NOT_SUPPORTED,
                f"transfer syntax {head.transfer_syntax_uid} is not received: "
                "convert the file to one of the conformance statement",
            )
        else:
            request = StoreRequest(
                head.sop_class_uid, head.sop_instance_uid, head.transfer_syntax_uid, self._calling_ae_title
            )
            self._arrival = self._sending.begin(request)

    def _refuse(self, status: int, reason: str) -> None:
        self._refusal = status, Refused(reason)

    def _refused(self) -> FileOutcome:
        cut_off = self._reader.cut_off()
        status, error = self._refusal or (status_of(cut_off), cut_off)
        head = self._reader.head
        log.warning(
            "file refused",
            sop_instance_uid=head and head.sop_instance_uid,
            calling_ae_title=self._calling_ae_title,
            status=f"0x{status:04X}",
            error=type(error).__name__,
            reason=str(error),
        )
        return FileOutcome(status, head, error=error)

    def _study(self, arrival: Arrival) -> tuple[str, PrereadError | None]:
        """The Study Instance UID, or why the dataset cannot be kept."""
        try:
            arrival.check()
            return arrival.identity().study_instance_uid, None
        except PrereadError as error:
            return "", error
