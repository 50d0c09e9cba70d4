from pathlib import Path
from typing import Self

import pytest

from engines.plans.gpu import Gpu
from engines.plans.timing import TimingCache
from engines.plans.vendor import Flavour, Vendor

H200 = Gpu("NVIDIA H200", "9.0")


class Measurements:
    """A timing cache: kernels by letter."""

    def __init__(self, kernels: bytes) -> None:
        self.kernels = set(kernels)

    def combine(self, other: Self, ignore_mismatch: bool) -> bool:
        self.kernels |= other.kernels
        return not ignore_mismatch

    def serialize(self) -> bytes:
        return bytes(sorted(self.kernels))


class Config:
    def __init__(self) -> None:
        self.cache: Measurements | None = None

    def create_timing_cache(self, content: bytes) -> Measurements | None:
        return None if content == b"torn" else Measurements(content)

    def set_timing_cache(self, cache: Measurements, ignore_mismatch: bool) -> bool:
        self.cache = cache
        return not ignore_mismatch

    def get_timing_cache(self) -> Measurements | None:
        return self.cache

    def measure(self, kernels: bytes) -> None:
        assert self.cache is not None
        self.cache.kernels |= set(kernels)


def _build(timing: TimingCache, kernels: bytes) -> Config:
    config = Config()
    timing.give(config)
    config.measure(kernels)
    timing.take(config)
    return config


@pytest.fixture
def timing(tmp_path: Path) -> TimingCache:
    return TimingCache(tmp_path / "plans" / "a.timing")


def test_the_next_build_starts_from_what_the_last_measured(timing: TimingCache) -> None:
    _build(timing, b"ab")
    config = Config()
    timing.give(config)
    assert config.cache is not None
    assert config.cache.serialize() == b"ab"


def test_builds_side_by_side_keep_what_both_measured(timing: TimingCache, tmp_path: Path) -> None:
    slow = Config()
    timing.give(slow)
    _build(timing, b"ab")
    slow.measure(b"c")
    timing.take(slow)
    assert (tmp_path / "plans" / "a.timing").read_bytes() == b"abc"


def test_a_file_that_does_not_fit_is_replaced(timing: TimingCache, tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "a.timing").write_bytes(b"torn")
    _build(timing, b"a")
    assert (tmp_path / "plans" / "a.timing").read_bytes() == b"a"


def test_each_gpu_flavour_and_version_has_a_file_of_its_own(tmp_path: Path) -> None:
    for vendor in (
        Vendor(Flavour.TENSORRT, "10.13", None, None),
        Vendor(Flavour.TENSORRT, "10.14", None, None),
    ):
        for gpu in (H200, Gpu("NVIDIA L4", "8.9")):
            _build(TimingCache.within(tmp_path, gpu, vendor), b"a")
    assert len(list(tmp_path.glob("tensorrt-*.timing"))) == 4
