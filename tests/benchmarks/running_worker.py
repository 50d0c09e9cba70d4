"""The role `infer` on a thread of this process, given studies and timed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

import structlog

from service.config import Settings
from service.infer.worker import Worker
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.fence import Fence
from service.study.state import StudyState
from service.telemetry.logs import configure_logs
from service.wiring.infer import run_infer
from tests.benchmarks.harness.rounds import Timed
from tests.benchmarks.studies import queue

_LOOK_S = 1.0


class RunningWorker:
    """Use in a `with`."""

    def __init__(self, settings: Settings, ledger: Ledger, classifier: str) -> None:
        self._settings = settings
        self._ledger = ledger
        self._classifier = classifier
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._watch = _Watch(Worker.handle)
        self._thread = threading.Thread(target=self._run, name="worker")

    def __enter__(self) -> Self:
        """Start it."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it once the studies in hand are done."""
        self._stop.set()
        self._thread.join()

    def work(self, studies: Sequence[str]) -> Timed:
        """Queue complete studies; the time from the first delivery to the last finished study.

        Raises RuntimeError when one does not come to its result.
        """
        self._watch.expect(len(studies))
        queue(self._ledger, studies, self._classifier)
        while not self._watch.is_done(_LOOK_S):
            if not self._thread.is_alive():
                raise RuntimeError("the worker has ended") from self._failure
        with self._ledger.read() as tx:
            found = [tx.studies.find(uid) for uid in studies]
        wrong = [study.reason for study in found if study and study.state is not StudyState.INFERRED]
        if wrong:
            raise RuntimeError(f"{len(wrong)} of {len(studies)} studies have no result: {wrong[0]}")
        return Timed(self._watch.seconds)

    def _run(self) -> None:
        try:
            with patch.object(Worker, "handle", self._watch.as_method()):
                run_infer(self._settings, self._stop)
        except Exception as error:  # the thread's outermost edge: `work` raises it on
            self._failure = error


class _Watch:
    """When the first of the expected studies was begun and the last one finished."""

    def __init__(self, handle: Callable[[Worker, dict[str, Any], Fence], None]) -> None:
        self._handle = handle
        self._changed = threading.Condition()
        self._begun: list[float] = []
        self._ended: list[float] = []
        self._expected = 0

    def expect(self, count: int) -> None:
        with self._changed:
            self._begun, self._ended, self._expected = [], [], count

    def is_done(self, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self._ended) >= self._expected, timeout_s)

    @property
    def seconds(self) -> float:
        return max(self._ended) - min(self._begun)

    def as_method(self) -> Callable[[Worker, dict[str, Any], Fence], None]:
        def handle(worker: Worker, body: dict[str, Any], fence: Fence) -> None:
            begun = time.perf_counter()
            try:
                self._handle(worker, body, fence)
            finally:
                with self._changed:
                    self._begun.append(begun)
                    self._ended.append(time.perf_counter())
                    self._changed.notify_all()

        return handle


@contextmanager
def logs_to(path: Path) -> Iterator[None]:
    """Write the service's logs to `path` inside, as JSON, as under a service manager."""
    before = structlog.get_config()
    with path.open("a", encoding="utf-8") as file:
        with redirect_stderr(file):
            configure_logs("json")
        try:
            yield
        finally:
            structlog.configure(**before)
