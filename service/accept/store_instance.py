"""What a C-STORE does: bytes durable, entry in the ledger, then 0x0000 - in this order, or not at all."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from service.accept.part10 import part10_file
from service.accept.quarantine import Quarantine, StoreRequest
from service.accept.space import SpaceWatermark
from service.accept.status import StoreStatus, status_of
from service.config import AcceptSettings
from service.dicom.identity import Identity, read_identity
from service.errors import ConflictingInstance, PrereadError, Retryable, TooLarge, UIDMismatch
from service.storage.port import InstanceStore
from service.study.model import ReceivedInstance

log = structlog.get_logger()

Record = Callable[[ReceivedInstance], object]
"""Enters an instance in the ledger and returns once that is durable.

Raises ConflictingInstance when other bytes are acknowledged under its SOP Instance UID, LedgerUnavailable.
"""


class InstanceReceiver:
    """Receives instances. Threads may share one."""

    def __init__(self, store: InstanceStore, record: Record, settings: AcceptSettings) -> None:
        self._store = store
        self._record = record
        self._max_instance_bytes = settings.max_instance_bytes
        self._space = SpaceWatermark(store.free_bytes, settings.min_free_bytes)
        self._quarantine = Quarantine(store)

    def receive(
        self,
        encoded_dataset: bytes,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        calling_ae_title: str,
    ) -> StoreStatus:
        """Keep one instance and say with which status to answer its C-STORE.

        The UIDs are the ones of the request. What is not kept for a reason that lies in the dataset goes to
        the quarantine; what is not kept for want of resources is left to the sender.
        """
        request = StoreRequest(sop_class_uid, sop_instance_uid, transfer_syntax_uid, calling_ae_title)
        try:
            instance = self._keep(encoded_dataset, request)
        except PrereadError as error:
            return self._refuse(encoded_dataset, request, error)
        log.info(
            "instance received",
            study_instance_uid=instance.study_instance_uid,
            sop_instance_uid=instance.sop_instance_uid,
            calling_ae_title=calling_ae_title,
            size_bytes=instance.size_bytes,
        )
        return StoreStatus.SUCCESS

    def _keep(self, encoded_dataset: bytes, request: StoreRequest) -> ReceivedInstance:
        if len(encoded_dataset) > self._max_instance_bytes:
            raise TooLarge(
                f"the dataset has over {self._max_instance_bytes} bytes (accept.max_instance_bytes)"
            )
        self._space.reserve(len(encoded_dataset))
        identity = read_identity(encoded_dataset, request.transfer_syntax_uid, self._max_instance_bytes)
        _require_match(identity, request)
        instance = _received(encoded_dataset, identity, request)
        self._store.put(
            instance.key,
            part10_file(
                encoded_dataset,
                identity.sop_class_uid,
                identity.sop_instance_uid,
                request.transfer_syntax_uid,
                request.calling_ae_title,
            ),
        )
        self._enter(instance)
        return instance

    def _enter(self, instance: ReceivedInstance) -> None:
        try:
            self._record(instance)
        except ConflictingInstance:
            # Its key holds the digest of its bytes, so it is not the key of the instance that is kept.
            self._store.delete(instance.key)
            raise

    def _refuse(self, encoded_dataset: bytes, request: StoreRequest, error: PrereadError) -> StoreStatus:
        status = status_of(error)
        log.warning(
            "instance refused",
            sop_instance_uid=request.sop_instance_uid,
            calling_ae_title=request.calling_ae_title,
            status=f"0x{status:04X}",
            error=type(error).__name__,
            reason=str(error),
            quarantined_as=self._set_aside(encoded_dataset, request, status, error),
        )
        return status

    def _set_aside(
        self, encoded_dataset: bytes, request: StoreRequest, status: StoreStatus, error: PrereadError
    ) -> str:
        """The quarantine's key, empty where nothing was kept there."""
        if isinstance(error, Retryable | TooLarge):
            return ""  # the sender tries again; a dataset over the bound is not complete here
        try:
            return self._quarantine.put(encoded_dataset, request, status, error, datetime.now(UTC))
        except Retryable as failure:
            log.error("refused instance could not be quarantined", reason=str(failure))
            return ""


def _received(encoded_dataset: bytes, identity: Identity, request: StoreRequest) -> ReceivedInstance:
    """The entry of an instance. Size and SHA-256 are of the dataset as it came, not of the file around it."""
    sha256 = hashlib.sha256(encoded_dataset).hexdigest()
    return ReceivedInstance(
        study_instance_uid=identity.study_instance_uid,
        series_instance_uid=identity.series_instance_uid,
        sop_instance_uid=identity.sop_instance_uid,
        sop_class_uid=identity.sop_class_uid,
        transfer_syntax_uid=request.transfer_syntax_uid,
        key=f"instances/{identity.study_instance_uid}/{identity.sop_instance_uid}-{sha256[:16]}.dcm",
        sha256=sha256,
        size_bytes=len(encoded_dataset),
        calling_ae_title=request.calling_ae_title,
        received_at=datetime.now(UTC),
    )


def _require_match(identity: Identity, request: StoreRequest) -> None:
    """Raises UIDMismatch unless dataset and request name the same instance (PS3.4 B.2.3)."""
    if identity.sop_class_uid != request.sop_class_uid:
        raise UIDMismatch(
            "SOP Class UID (0008,0016) of the dataset is not the Affected SOP Class UID of the request"
        )
    if identity.sop_instance_uid != request.sop_instance_uid:
        raise UIDMismatch(
            "SOP Instance UID (0008,0018) of the dataset is not the Affected one of the request"
        )
