import os
import sys

import numpy as np
import pytest

from engines.backends import cuda
from engines.backends.cuda import PinnedMemory, Stream, current_gpu, memory_info
from engines.errors import GpuError, LibraryError
from engines.plans.gpu import Gpu
from tests.unit.engines.backends.fake_gpu import FakeCuda


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    runtime = FakeCuda()
    monkeypatch.setattr(cuda, "_runtime", lambda: runtime)
    return runtime


def test_without_the_bindings_the_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(LibraryError, match=r"pip install 'preread\[gpu\]'"):
        Stream()


def test_without_a_driver_the_real_bindings_give_a_typed_error() -> None:
    try:
        gpu = current_gpu()
    except LibraryError as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason), pytrace=False)
        pytest.skip(str(reason))
    except GpuError as reason:
        assert "nvidia-smi" in str(reason)
    else:
        pytest.skip(f"this machine has a driver and a GPU, {gpu.name}")


def test_a_call_that_fails_is_named_with_the_driver_s_words(fake: FakeCuda) -> None:
    fake.failing.add("cudaSetDevice")
    with pytest.raises(GpuError, match="cudaSetDevice failed: CUDA driver version is insufficient"):
        Stream()


def test_the_gpu_is_described_as_the_driver_does(fake: FakeCuda) -> None:
    assert current_gpu() == Gpu("NVIDIA H200", "9.0")


def test_the_gpu_says_how_much_memory_is_free(fake: FakeCuda) -> None:
    assert memory_info() == (1000, 2000)


def test_pinned_memory_is_seen_as_an_array(fake: FakeCuda) -> None:
    memory = PinnedMemory(fake, 24)
    memory.view((2, 3), np.dtype(np.float32))[...] = [[1, 2, 3], [4, 5, 6]]
    np.testing.assert_array_equal(memory.view((3,), np.dtype(np.float32)), [1, 2, 3])
    memory.free()
    memory.free()
    assert not fake.pinned


def test_an_array_larger_than_its_memory_is_refused(fake: FakeCuda) -> None:
    with pytest.raises(GpuError, match="does not fit into 24 bytes"):
        PinnedMemory(fake, 24).view((7,), np.dtype(np.float32))


def test_copies_carry_bytes_there_and_back(fake: FakeCuda) -> None:
    stream = Stream()
    gpu, there, back = stream.gpu_memory(4), stream.pinned_memory(4), stream.pinned_memory(4)
    there.view((4,), np.dtype(np.uint8))[...] = [1, 2, 3, 4]
    stream.copy_in(gpu, there, 4)
    stream.copy_out(back, gpu, 4)
    stream.wait()
    assert back.view((4,), np.dtype(np.uint8)).tolist() == [1, 2, 3, 4]


def test_a_closed_stream_has_freed_everything(fake: FakeCuda) -> None:
    stream = Stream()
    for size in (10, 20):
        stream.gpu_memory(size)
        stream.pinned_memory(size)
    stream.close()
    assert not fake.memory
    assert not fake.pinned
    assert not fake.streams
