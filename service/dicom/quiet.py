"""Silence for third-party warnings about values that are not as the Standard wants them."""

import threading
import warnings
from contextlib import AbstractContextManager


def quiet() -> AbstractContextManager[None]:
    """Ignore warnings inside the block.

    pydicom and Pillow warn about odd values, and quote them; what matters of it is checked and said by this
    package, without the values. Blocks nest, and may overlap on several threads. One inside another costs
    next to nothing, so whoever reads many attributes opens one round them all.
    """
    return _silence


class _Silence(AbstractContextManager[None]):
    """Warnings are ignored from when the first enters until the last has left.

    Were each block to save and restore the filters by itself, one thread's end would undo another's silence.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._ignoring = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._ignoring = warnings.catch_warnings(action="ignore")
                self._ignoring.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._ignoring.__exit__(None, None, None)


_silence = _Silence()
