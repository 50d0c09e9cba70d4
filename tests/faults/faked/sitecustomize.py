"""Imported by every Python that has this folder on its path: a sleep that libfaketime leaves alone.

Python sleeps until a moment of the monotonic clock. libfaketime 0.9.10 takes that for one of the wall clock,
even where it is told not to fake the monotonic one, and the sleep fails with EINVAL.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep  # type: ignore[assignment]
