"""What one sender brings in one go: over an association, in a request, in a sweep of a folder."""

from time import perf_counter

import structlog

from service.accept.instance.arrival import Arrival
from service.accept.instance.receiver import InstanceReceiver
from service.accept.instance.request import StoreRequest
from service.accept.instance.status import StoreStatus
from service.telemetry.metrics.answers import Answers

log = structlog.get_logger()


class Sending:
    """Receives as `receiver` does, counts, and knows which studies came. One thread uses it."""

    def __init__(self, receiver: InstanceReceiver) -> None:
        self._receiver = receiver
        self._calling_ae_title = ""
        self._studies: set[str] = set()
        self._received = self._refused = self._size_bytes = 0
        self._answers: Answers | None = None

    def begin(self, request: StoreRequest, max_bytes: int | None = None) -> Arrival:
        """Begin to receive one instance: write its dataset to the arrival, then `finish` or abort it."""
        if self._answers is None or request.calling_ae_title != self._calling_ae_title:
            self._calling_ae_title = request.calling_ae_title
            self._count_for(request.calling_ae_title)
        return self._receiver.begin(request, max_bytes)

    def finish(self, arrival: Arrival) -> StoreStatus:
        """Keep an instance that has arrived; the status that answers its C-STORE."""
        answers = self._answers or self._count_for(arrival.request.calling_ae_title)
        began = perf_counter()
        status = self._receiver.finish(arrival)
        if status is StoreStatus.SUCCESS:
            self._studies.add(arrival.identity().study_instance_uid)
            self._received += 1
            self._size_bytes += arrival.size_bytes
            answers.kept(arrival.size_bytes, perf_counter() - began)
        else:
            self._refused += 1
            answers.refused(status.name)
        return status

    def released(self) -> None:
        """The sender has said that this was all: its studies may be complete."""
        for study_instance_uid in sorted(self._studies):
            self._receiver.released(study_instance_uid)

    def ended(self) -> None:
        """It is over, one way or another: one line of the log for all instances."""
        if self._answers is not None:
            self._answers.ended()
            self._answers = None
        if self._received or self._refused:
            log.info(
                "instances received",
                calling_ae_title=self._calling_ae_title,
                instances=self._received,
                refused=self._refused,
                size_bytes=self._size_bytes,
                studies=len(self._studies),
            )

    def _count_for(self, calling_ae_title: str) -> Answers:
        if self._answers is not None:
            self._answers.ended()
        self._answers = Answers(calling_ae_title)
        return self._answers
