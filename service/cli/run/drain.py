"""A process that is told to stop finishes what it has in hand, but not for ever."""

import os
import threading
import time

import structlog

log = structlog.get_logger()

EXIT_NOT_DRAINED = 1
SUPERVISOR_GRACE_S = 5.0
"""How much longer the supervisor waits for a role than the role itself takes."""


def limit_drain(stop: threading.Event, drain_s: float) -> None:
    """End this process `drain_s` seconds after `stop` is set, if it has not ended by then.

    Nothing is lost by it: as after a crash, what was in hand is done again by another process.
    """
    threading.Thread(target=_end_in_time, args=(stop, drain_s), name="drain limit", daemon=True).start()


def _end_in_time(stop: threading.Event, drain_s: float) -> None:
    stop.wait()
    time.sleep(drain_s)
    log.error("not everything was finished in time; what is left is done again", drain_s=drain_s)
    os._exit(EXIT_NOT_DRAINED)  # threads that hang would hold up an orderly end
