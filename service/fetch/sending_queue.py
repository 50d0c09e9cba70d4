"""A bound on what waits to be sent: pynetdicom (3.0) reads a file into its queue, however slow the peer."""

import queue
from typing import Any

_WAITING_PDUS = 8
_LOOK_EVERY_S = 0.1


class _BoundedQueue(queue.Queue[Any]):
    """Waits with what does not fit, as long as somebody sends."""

    def __init__(self, dul: Any) -> None:
        super().__init__(_WAITING_PDUS)
        self._dul = dul

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Return once there was room; at once where the connection has ended, and nothing will be sent."""
        while self._dul.is_alive():
            try:
                super().put(item, block, _LOOK_EVERY_S)
            except queue.Full:
                continue
            return


def bound_sending(assoc: Any) -> None:
    """Have an established association hold a few PDUs at most that are still to be sent."""
    assoc.dul.to_provider_queue = _BoundedQueue(assoc.dul)
