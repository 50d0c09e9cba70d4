"""A pool that does the work when it is asked for the result: no threads, the same order every time."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from service.study.model import Priority


class InlinePool(Executor):
    """Runs what it is given at once, on the caller's thread."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


INLINE_POOLS = dict.fromkeys(Priority, InlinePool())
"""What a worker reads images on, in unit tests."""
