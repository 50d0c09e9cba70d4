"""Loops that go on until they are told to stop, whatever one turn of them meets."""

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()


def repeat(work: Callable[[], object], interval_s: float, stop: threading.Event) -> None:
    """Call `work` every `interval_s` seconds until `stop` is set. A failing turn is logged."""
    while not stop.is_set():
        try:
            work()
        except Exception:
            log.exception("a turn of a loop failed; it is tried again", loop=work.__qualname__)
        stop.wait(interval_s)


def start(name: str, work: Callable[[], object], on_failure: threading.Event) -> threading.Thread:
    """Run `work` on a thread. If an exception ends it, `on_failure` is set so that the process ends too."""

    def run() -> None:
        try:
            work()
        except Exception:
            log.exception("a thread of this process failed; the process stops", thread=name)
            on_failure.set()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
