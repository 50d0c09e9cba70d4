"""Loops that go on until they are told to stop, whatever one turn of them meets."""

import threading
from collections.abc import Callable
from functools import partial

import structlog

from service.errors import Retryable
from service.telemetry.health import LOOPS

log = structlog.get_logger()


def repeat(name: str, work: Callable[[], object], interval_s: float, stop: threading.Event) -> None:
    """Call `work` every `interval_s` seconds until `stop` is set. A failing turn is logged under `name`.

    What passes by itself, such as a database that is away, is logged when it begins and when it is over.
    """
    trouble = ""
    with LOOPS.running(name, interval_s) as turn:
        while not stop.is_set():
            turn()
            try:
                work()
                trouble = _say(trouble, "", name)
            except Retryable as error:
                trouble = _say(trouble, str(error), name)
            except Exception:
                log.exception("a turn of a loop failed; it is tried again", loop=name)
            stop.wait(interval_s)


def _say(before: str, now: str, loop: str) -> str:
    if now and not before:
        log.error("a loop waits", loop=loop, reason=now)
    elif before and not now:
        log.info("a loop goes on", loop=loop)
    return now


def start_repeating(
    name: str, work: Callable[[], object], interval_s: float, stop: threading.Event
) -> threading.Thread:
    """`repeat` on a thread."""
    return start(name, partial(repeat, name, work, interval_s, stop), stop)


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
