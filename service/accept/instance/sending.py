"""What one sender brings in one go: over an association, in a request, in a sweep of a folder."""

import time
from dataclasses import dataclass, field
from time import perf_counter

import structlog

from service.accept.instance.arrival import Arrival
from service.accept.instance.receiver import InstanceReceiver
from service.accept.instance.request import StoreRequest
from service.accept.instance.status import StoreStatus
from service.telemetry.metrics.answers import Answers
from service.telemetry.metrics.scanners import SCANNERS
from service.telemetry.traces import arrivals
from service.telemetry.traces.port import NOTHING, Span
from service.telemetry.traces.spans import RECEIVE
from service.telemetry.traces.tracing import TRACES
from service.telemetry.uid_hash import uid_hash

log = structlog.get_logger()


@dataclass(slots=True)
class _Part:
    """What came of one study."""

    instances: int = 0
    size_bytes: int = 0
    began_ns: int = field(default_factory=time.time_ns)


class Sending:
    """Receives as `receiver` does, counts, and knows which studies came. One thread uses it."""

    def __init__(self, receiver: InstanceReceiver) -> None:
        self._receiver = receiver
        self._calling_ae_title = ""
        self._studies: dict[str, _Part] = {}
        self._received = self._refused = self._size_bytes = 0
        self._answers: Answers | None = None
        self._span: Span = NOTHING

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
            self._count(arrival.identity().study_instance_uid, arrival.size_bytes)
            answers.kept(arrival.size_bytes, perf_counter() - began)
        else:
            self._refused += 1
            answers.refused(status.name)
        return status

    def released(self) -> None:
        """The sender has said that this was all: its studies may be complete."""
        for study_instance_uid, part in sorted(self._studies.items(), key=_uid):
            self._remember(study_instance_uid, part)
            self._receiver.released(study_instance_uid)

    def ended(self) -> None:
        """It is over, one way or another: one line of the log for all instances."""
        if self._answers is not None:
            self._answers.ended()
            self._answers = None
        if self._received or self._refused:
            with TRACES.at(self._span) as span:
                span.set(
                    scanner=SCANNERS.label(self._calling_ae_title),
                    instances=self._received,
                    refused=self._refused,
                    bytes=self._size_bytes,
                    studies=tuple(map(uid_hash, sorted(self._studies))) if span is not NOTHING else (),
                )
                log.info(
                    "instances received",
                    calling_ae_title=self._calling_ae_title,
                    instances=self._received,
                    refused=self._refused,
                    size_bytes=self._size_bytes,
                    studies=len(self._studies),
                )

    def _count(self, study_instance_uid: str, size_bytes: int) -> None:
        part = self._studies.get(study_instance_uid)
        if part is None:
            part = self._studies[study_instance_uid] = _Part()
        part.instances += 1
        part.size_bytes += size_bytes
        self._received += 1
        self._size_bytes += size_bytes

    def _remember(self, study_instance_uid: str, part: _Part) -> None:
        """For the study's trace, which is known once the ledger has the instances."""
        if link := self._span.traceparent:
            scanner = SCANNERS.label(self._calling_ae_title)
            what = arrivals.Arrival(link, scanner, part.instances, part.size_bytes, part.began_ns)
            arrivals.ARRIVALS.put(study_instance_uid, what)

    def _count_for(self, calling_ae_title: str) -> Answers:
        if self._answers is not None:
            self._answers.ended()
        elif self._span is NOTHING:
            self._span = TRACES.alone(RECEIVE)
        self._answers = Answers(calling_ae_title)
        return self._answers


def _uid(of_study: tuple[str, _Part]) -> str:
    return of_study[0]
