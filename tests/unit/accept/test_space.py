import pytest

from service.accept.space import SpaceWatermark
from service.errors import OutOfSpace


class Disk:
    """A disk and a clock that a test turns."""

    def __init__(self, free: int) -> None:
        self.free, self.now, self.looks = free, 0.0, 0

    def free_bytes(self) -> int:
        self.looks += 1
        return self.free

    def clock(self) -> float:
        return self.now


def test_instance_that_would_pass_the_watermark_is_refused() -> None:
    disk = Disk(free=150)
    space = SpaceWatermark(disk.free_bytes, 100, disk.clock)
    space.reserve(50)
    with pytest.raises(OutOfSpace, match=r"accept\.min_free_bytes"):
        space.reserve(1)


def test_disk_is_looked_at_once_a_second_and_instances_between_are_counted() -> None:
    disk = Disk(free=200)
    space = SpaceWatermark(disk.free_bytes, 100, disk.clock)
    space.reserve(60)
    disk.now = 0.9
    with pytest.raises(OutOfSpace):
        space.reserve(60)
    assert disk.looks == 1


def test_space_that_was_freed_is_seen_after_a_second() -> None:
    disk = Disk(free=100)
    space = SpaceWatermark(disk.free_bytes, 100, disk.clock)
    with pytest.raises(OutOfSpace):
        space.reserve(10)
    disk.free, disk.now = 1000, 1.0
    space.reserve(10)
