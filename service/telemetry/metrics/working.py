"""The loop of every worker: reading images, writing reports, delivering them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.telemetry.metrics.definition import WORK_S, Stage

STAGE = Stage("Work (roles `infer` and `send`)")

QUEUE = (
    "a queue of the configuration: `inference.<classifier>`, the same with `.urgent`, `report`, "
    "`assessment` or `delivery.<destination>`"
)

WORK = STAGE.counter(
    "preread_work_total",
    "Pieces of work that a worker has ended. `done`, and `refused` with a reason in the ledger, are final, "
    "and so is `dead_letter`, until a person acts; `retried` waits for a peer or a server, `struck` has "
    "met a mistake or a lost engine; `overtaken` and `newer` were left to others.",
    {
        "queue": QUEUE,
        "outcome": "`done`, `refused`, `retried`, `struck`, `dead_letter`, `overtaken` or `newer`",
    },
)
WORK_SECONDS = STAGE.histogram(
    "preread_work_seconds",
    "Time that a worker had one piece of work in hand, in seconds.",
    WORK_S,
    {"queue": QUEUE},
)
IN_HAND = STAGE.gauge(
    "preread_work_in_hand", "Pieces of work that are leased and in hand now.", {"queue": QUEUE}
)


@contextmanager
def in_hand(queue: str) -> Iterator[None]:
    """A worker works on something."""
    began = time.monotonic()
    with IN_HAND.labels(queue).track_inprogress():
        try:
            yield
        finally:
            WORK_SECONDS.labels(queue).observe(time.monotonic() - began)
