"""What senders brought of studies, told in the studies' traces once the ledger knows of which revision it is.

Kept in the memory of the process that received it: one that ends before tells nothing of it.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from service.telemetry.traces.spans import RECEIVED
from service.telemetry.traces.tracing import TRACES

MOST_STUDIES = 1000
"""While the ledger is away: what came of the first ones is forgotten then."""
MOST_ARRIVALS = 16
"""Of one study: that of further ones is in their own traces only."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one sender brought of a study. `link` is the traceparent of its `receive`."""

    link: str
    scanner: str
    instances: int
    size_bytes: int
    began_ns: int


class Arrivals:
    """Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_study: OrderedDict[str, list[Arrival]] = OrderedDict()

    def put(self, study_instance_uid: str, arrival: Arrival) -> None:
        """Tell this later."""
        with self._lock:
            arrivals = self._by_study.setdefault(study_instance_uid, [])
            if len(arrivals) < MOST_ARRIVALS:
                arrivals.append(arrival)
            if len(self._by_study) > MOST_STUDIES:
                self._by_study.popitem(last=False)

    def has(self, study_instance_uid: str) -> bool:
        """Whether there is something to tell."""
        with self._lock:
            return study_instance_uid in self._by_study

    def tell(self, study_instance_uid: str, revision: int) -> None:
        """What came of the study belongs to this revision."""
        with self._lock:
            arrivals = self._by_study.pop(study_instance_uid, [])
        for one in arrivals:
            TRACES.tell(
                RECEIVED,
                study_instance_uid,
                revision,
                one.began_ns,
                [one.link],
                scanner=one.scanner,
                instances=one.instances,
                bytes=one.size_bytes,
            )


ARRIVALS = Arrivals()
"""Of this process."""
