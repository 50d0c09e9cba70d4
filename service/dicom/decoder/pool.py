"""Decoder processes, lent to threads: one that dies over a frame is replaced, and nobody else notices."""

import threading
from collections import deque
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from service.dicom.decoder.process import CHILD, DecoderProcess, ProcessEnded
from service.dicom.decoder.wire import Frame

log = structlog.get_logger()

TIME_LIMIT_S = 60.0
"""For one frame, which takes under a second, a very large one some seconds."""
ATTEMPTS = 2
"""A process may have been ended for another reason than this frame: by the system, when memory was short."""


class DecoderPool:
    """At most `most` processes, started when they are needed. Any thread may ask."""

    def __init__(self, most: int, child: Path = CHILD, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._places = threading.BoundedSemaphore(most)
        self._idle: deque[DecoderProcess] = deque()
        self._child = child
        self._time_limit_s = time_limit_s

    def decode(self, frame: Frame, stream: bytes) -> NDArray[np.generic] | str:
        """The pixels, or the type of the error that the library raised.

        Raises ProcessEnded where the frame takes too long, or a second process has died over it, too.
        """
        with self._places:
            for attempt in range(1, ATTEMPTS + 1):
                process = self._take(fresh=attempt > 1)
                try:
                    answer = process.decode(frame, stream, self._time_limit_s)
                except ProcessEnded as ended:
                    log.warning(
                        "a decoder process has ended",
                        why=str(ended),
                        transfer_syntax=frame.transfer_syntax,
                        attempt=attempt,
                    )
                    if ended.was_slow or attempt == ATTEMPTS:
                        raise
                else:
                    self._idle.append(process)
                    return answer
        raise ProcessEnded(was_slow=False)  # pragma: no cover - the loop has returned or raised

    def close(self) -> None:
        """End those that are idle."""
        while (process := self._taken()) is not None:
            process.close()

    def _take(self, *, fresh: bool) -> DecoderProcess:
        taken = None if fresh else self._taken()
        return taken if taken is not None else DecoderProcess(self._child)

    def _taken(self) -> DecoderProcess | None:
        """The one that was used last: its memory is warm."""
        try:
            return self._idle.pop()
        except IndexError:
            return None
