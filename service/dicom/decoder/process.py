"""A decoder process, as whoever asks it sees it."""

import fcntl
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from service.dicom.decoder.wire import BrokenOff, Frame, receive_answer, send_frame

CHILD = Path(__file__).with_name("child.py")
_PIPE_BYTES = 1024**2
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE")
"""Of the environment. The others may hold secrets, which a decoder has no use for."""


class ProcessEnded(Exception):  # noqa: N818 - what happened
    """The process is gone, and with it its answer. `was_slow`: because it was given up."""

    def __init__(self, was_slow: bool) -> None:
        super().__init__("too slow" if was_slow else "died")
        self.was_slow = was_slow


class DecoderProcess:
    """One thread at a time may ask it. After ProcessEnded it is of no use."""

    def __init__(self, child: Path = CHILD) -> None:
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(child)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept | threads,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the service, which finishes what it has in hand
        )
        self._to, self._from = _pipes(self._process)
        self._gave_up = False

    def decode(self, frame: Frame, stream: bytes, limit_s: float) -> NDArray[np.generic] | str:
        """The pixels, or the type of the error that the library raised. Raises ProcessEnded."""
        watchdog = threading.Timer(limit_s, self._give_up)
        watchdog.daemon = True
        watchdog.start()
        try:
            send_frame(self._to, frame, stream)
            return receive_answer(self._from, frame)
        except (OSError, BrokenOff):
            self.close()
            raise ProcessEnded(self._gave_up) from None
        finally:
            watchdog.cancel()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        for pipe in (self._to, self._from):
            with suppress(OSError):  # what was still to be written
                pipe.close()
        self._process.wait()

    def _give_up(self) -> None:
        self._gave_up = True
        self._process.kill()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise OSError("a process without pipes")
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError, AttributeError):  # longer ones are faster, and not allowed everywhere
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return process.stdin, process.stdout
