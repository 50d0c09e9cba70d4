"""What a C-STORE does: the instance durable, then 0x0000 - in this order, or not at all."""

import traceback
from collections.abc import Callable

import structlog

from service.accept.instance.arrival import Arrival
from service.accept.instance.entry import entry_of
from service.accept.instance.request import StoreRequest
from service.accept.instance.space import space_watermark
from service.accept.instance.status import StoreStatus, status_of
from service.accept.intake.port import Intake
from service.accept.quarantine.keep import Quarantine
from service.config import AcceptSettings
from service.dicom.identity import Identity
from service.errors import PrereadError, Retryable, TooLarge, UIDMismatch
from service.storage.store.port import InstanceStore

log = structlog.get_logger()


class InstanceReceiver:
    """Receives instances. Threads may share one."""

    def __init__(
        self,
        store: InstanceStore,
        intake: Intake,
        settings: AcceptSettings,
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        """`free_bytes` tells the space that is left, where that is not what is left in the store."""
        self._store = store
        self._intake = intake
        self._max_instance_bytes = settings.max_instance_bytes
        self._space = space_watermark(settings, free_bytes or store.free_bytes)
        self._quarantine = Quarantine(store)

    def is_space_low(self) -> bool:
        """Whether nothing can be received for want of space."""
        return self._space.is_low()

    def begin(self, request: StoreRequest, max_bytes: int | None = None) -> Arrival:
        """Begin to receive one instance: write its dataset to the arrival, then `finish` or abort it.

        `max_bytes` is the sender's own bound, where it has one below `accept.max_instance_bytes`.
        """
        max_bytes = min(max_bytes or self._max_instance_bytes, self._max_instance_bytes)
        return Arrival(self._store, self._space, self._intake.begin, request, max_bytes)

    def finish(self, arrival: Arrival) -> StoreStatus:
        """Keep an instance that has arrived and say with which status to answer its C-STORE.

        What is not kept for a reason that lies in the dataset goes to the quarantine; what is not kept for
        want of resources is left to the sender.
        """
        try:
            return self._finish(arrival)
        except Exception as error:  # outermost edge: whatever happens, the peer gets an answer
            # Not the message: an unforeseen error may quote the dataset.
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error("C-STORE failed", error=type(error).__name__, file=where.filename, line=where.lineno)
            return StoreStatus.PROCESSING_FAILURE
        finally:
            arrival.abort()

    def released(self, study_instance_uid: str) -> None:
        """A sender of this study has no more of it. Raises nothing: the quiet period remains."""
        try:
            self._intake.released(study_instance_uid)
        except Retryable as error:
            log.warning("release not entered", study_instance_uid=study_instance_uid, reason=str(error))

    def receive(
        self,
        encoded_dataset: bytes,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        calling_ae_title: str,
    ) -> StoreStatus:
        """`begin`, write and `finish` for a dataset that is in memory. The UIDs are the request's."""
        arrival = self.begin(
            StoreRequest(sop_class_uid, sop_instance_uid, transfer_syntax_uid, calling_ae_title)
        )
        arrival.write(encoded_dataset)
        return self.finish(arrival)

    def _finish(self, arrival: Arrival) -> StoreStatus:
        try:
            self._keep(arrival)
        except PrereadError as error:
            return self._refuse(arrival, error)
        return StoreStatus.SUCCESS

    def _keep(self, arrival: Arrival) -> None:
        arrival.check()
        identity = arrival.identity()
        _require_match(identity, arrival.request)
        self._intake.take(arrival, entry_of(arrival.request, identity, arrival.size_bytes))

    def _refuse(self, arrival: Arrival, error: PrereadError) -> StoreStatus:
        status = status_of(error)
        log.warning(
            "instance refused",
            sop_instance_uid=arrival.request.sop_instance_uid,
            calling_ae_title=arrival.request.calling_ae_title,
            status=f"0x{status:04X}",
            error=type(error).__name__,
            reason=str(error),
            quarantined_as=self._set_aside(arrival, status, error),
        )
        return status

    def _set_aside(self, arrival: Arrival, status: StoreStatus, error: PrereadError) -> str:
        """The quarantine's key, empty where nothing was kept there."""
        if isinstance(error, Retryable | TooLarge):
            return ""  # the sender tries again; a dataset over the bound is not complete here
        try:
            # A conflicting instance moves there: its key holds the digest of its bytes, so it is not the key
            # of the instance that is kept.
            return self._quarantine.put(arrival, status, error)
        except (
            Retryable,
            KeyError,
        ) as failure:  # KeyError: another association has just moved the same bytes
            log.error("refused instance could not be quarantined", reason=str(failure))
            self._discard(arrival)
            return ""

    def _discard(self, arrival: Arrival) -> None:
        try:
            arrival.discard()
        except Retryable as failure:
            log.error("refused instance could not be deleted", reason=str(failure))


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
