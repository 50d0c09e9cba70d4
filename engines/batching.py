"""Batches filled from many callers: up to a size or a deadline, and urgent work at once."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engines.errors import EngineClosed, EngineError, GpuError
from engines.pair import Tensors, stacked

Outputs = Mapping[str, NDArray[np.float32]]
"""By name; of one image without the batch dimension."""
Run = Callable[[Tensors], Outputs]
"""A batch (n, ...) of each input to every output (n, ...). Raises EngineError."""
OnBatch = Callable[[int, float], object]
"""Hears of each batch that was run: its images, and the seconds that it took."""


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """When a batch is full enough to run.

    `largest`: images, 1 or more. `deadline_s`: how long the oldest image waits for company, in seconds, 0 or
    more. While every engine is busy images gather anyway, so a deadline only matters when little comes.
    """

    largest: int = 8
    deadline_s: float = 0.01

    def __post_init__(self) -> None:
        if self.largest < 1 or self.deadline_s < 0:
            raise ValueError(f"a batch holds 1 image or more and waits 0 s or more, got {self}")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    tensors: Tensors
    future: Future[Outputs] = field(default_factory=Future)
    since_s: float = field(default_factory=time.monotonic)


class Batcher:
    """Runs images on one or more engines, each on a thread of its own. Any thread may submit.

    Several engines on one GPU overlap the copies of one batch with the work on another.
    """

    def __init__(
        self, engines: Sequence[Run], policy: BatchPolicy, on_batch: OnBatch = lambda images, seconds: None
    ) -> None:
        self._policy = policy
        self._on_batch = on_batch
        self._changed = threading.Condition()
        self._urgent: deque[_Waiting] = deque()
        self._routine: deque[_Waiting] = deque()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, args=(run,), name="batches", daemon=True) for run in engines
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, tensors: Tensors, urgent: bool = False) -> Future[Outputs]:
        """The answer to come for one image, its tensors without a batch dimension. It raises the engine's
        error when this image alone, or the GPU, is at fault.

        Raises EngineClosed after `close`.
        """
        waiting = _Waiting(tensors)
        with self._changed:
            if self._closed:
                raise EngineClosed("the classifier is closed; open it anew")
            (self._urgent if urgent else self._routine).append(waiting)
            self._changed.notify()
        return waiting.future

    def close(self) -> None:
        """Answer what was submitted, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self, run: Run) -> None:
        while batch := self._next_batch():
            _answer(partial(self._run, run), batch)

    def _run(self, run: Run, tensors: Tensors) -> Outputs:
        began = time.monotonic()
        outputs = run(tensors)
        self._on_batch(len(next(iter(outputs.values()), ())), time.monotonic() - began)
        return outputs

    def _next_batch(self) -> list[_Waiting]:
        """Wait for a batch; an empty one when there will be no more."""
        with self._changed:
            while not self._is_due():
                if self._closed and not self._routine:
                    return []
                self._changed.wait(self._patience_s())
            waiting = self._urgent or self._routine  # never mixed: company would make the urgent ones slower
            return [waiting.popleft() for _ in range(min(self._policy.largest, len(waiting)))]

    def _is_due(self) -> bool:
        if self._urgent or len(self._routine) >= self._policy.largest:
            return True
        patience_s = self._patience_s()
        return patience_s is not None and (patience_s <= 0 or self._closed)

    def _patience_s(self) -> float | None:
        """Seconds until the oldest image has waited long enough; None while nothing waits."""
        if not self._routine:
            return None
        return self._routine[0].since_s + self._policy.deadline_s - time.monotonic()


def _answer(run: Run, batch: Sequence[_Waiting]) -> None:
    """Run a batch and answer everyone in it. One that fails is halved, so that a bad image fails alone."""
    try:
        answers = run(stacked([waiting.tensors for waiting in batch]))
    except GpuError as error:  # nothing runs on this GPU any more: halving would only repeat it
        _fail(batch, error)
    except EngineError as error:
        if len(batch) == 1:
            return _fail(batch, error)
        middle = len(batch) // 2
        _answer(run, batch[:middle])
        _answer(run, batch[middle:])
    except Exception as error:  # the thread's outermost edge: whoever waits must hear of it
        _fail(batch, error)
    else:
        for index, waiting in enumerate(batch):
            waiting.future.set_result({name: values[index] for name, values in answers.items()})
    return None


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        waiting.future.set_exception(error)
