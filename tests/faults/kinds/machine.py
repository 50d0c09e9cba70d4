"""The machine itself: a disk that runs full, a clock that jumps."""

import random

from tests.faults.clock import Clock
from tests.faults.disk import SmallDisk
from tests.faults.kinds.fault import Fault
from tests.faults.site import WATERMARK_MIB


class DiskLow(Fault):
    """Less than `accept.min_free_bytes` is free, and yet something."""

    def __init__(self, disk: SmallDisk) -> None:
        super().__init__("disk low", "disk")
        self._disk = disk

    def begin(self, rng: random.Random) -> None:
        self._disk.fill(leave_mib=WATERMARK_MIB // 2)

    def end(self) -> None:
        self._disk.empty()


class DiskFull(Fault):
    """Nothing is free."""

    def __init__(self, disk: SmallDisk) -> None:
        super().__init__("disk full", "disk")
        self._disk = disk

    def begin(self, rng: random.Random) -> None:
        self._disk.fill(leave_mib=0)

    def end(self) -> None:
        self._disk.empty()


class ClockJumps(Fault):
    """The wall clock is an hour off, and then it is right again."""

    def __init__(self, clock: Clock, direction: str, offset_s: int) -> None:
        super().__init__(f"clock jumps {direction}", "clock")
        self._clock, self._offset_s = clock, offset_s

    def begin(self, rng: random.Random) -> None:
        self._clock.jump_to(self._offset_s)

    def end(self) -> None:
        self._clock.jump_to(0)
