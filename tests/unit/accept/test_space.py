import pytest

from service.accept.instance.space import LOOK_EVERY_S, SpaceWatermark, space_watermark
from service.config import AcceptSettings
from service.errors import OutOfSpace, StoreUnavailable


class Disk:
    """Free space that a test sets, and a clock that it turns."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.failure: Exception | None = None
        self.now, self.looks = 0.0, 0

    def free_bytes(self) -> int:
        self.looks += 1
        if self.failure is not None:
            raise self.failure
        return self.free

    def clock(self) -> float:
        return self.now


def watermark(disk: Disk) -> SpaceWatermark:
    return SpaceWatermark(disk.free_bytes, 100, 150, disk.clock)


def low_after(mark: SpaceWatermark, disk: Disk, free: int) -> bool:
    disk.free = free
    disk.now += LOOK_EVERY_S
    return mark.is_low()


def test_instance_that_would_pass_the_watermark_is_refused() -> None:
    space = watermark(Disk(free=150))
    space.reserve(50)
    with pytest.raises(OutOfSpace, match=r"accept\.min_free_bytes"):
        space.reserve(1)


def test_disk_is_looked_at_once_a_second_and_instances_between_are_counted() -> None:
    disk = Disk(free=200)
    space = watermark(disk)
    space.reserve(60)
    disk.now = 0.9
    with pytest.raises(OutOfSpace):
        space.reserve(60)
    assert disk.looks == 1


def test_after_a_refusal_nothing_is_taken_before_there_is_enough_again() -> None:
    disk = Disk(free=100)
    space = watermark(disk)
    with pytest.raises(OutOfSpace):
        space.reserve(10)
    for free, taken in ((149, False), (150, True)):
        disk.free, disk.now = free, disk.now + LOOK_EVERY_S
        if taken:
            space.reserve(10)
        else:
            with pytest.raises(OutOfSpace, match=r"accept\.resume_free_bytes"):
                space.reserve(10)


def test_low_begins_below_one_mark_and_ends_at_the_other() -> None:
    disk = Disk(0)
    mark = watermark(disk)
    seen = [low_after(mark, disk, free) for free in (151, 120, 100, 99, 100, 149, 150, 120, 99)]
    assert seen == [False, False, False, True, True, True, False, False, True]


def test_store_that_does_not_tell_its_space_has_none_until_it_does() -> None:
    disk = Disk(1000)
    mark = watermark(disk)
    disk.failure = StoreUnavailable("the disk does not answer")
    assert low_after(mark, disk, 1000)
    with pytest.raises(StoreUnavailable, match="does not answer"):
        mark.reserve(1)
    disk.failure = None
    assert not low_after(mark, disk, 1000)


@pytest.mark.parametrize(
    ("resume", "free", "low"), [(None, 1249, True), (None, 1250, False), (2000, 1999, True)]
)
def test_resume_mark_is_a_quarter_above_unless_it_is_set(resume: int | None, free: int, low: bool) -> None:
    disk = Disk(0)
    mark = space_watermark(AcceptSettings(min_free_bytes=1000, resume_free_bytes=resume), disk.free_bytes)
    mark._clock = disk.clock
    assert mark.is_low()
    assert low_after(mark, disk, free) is low
