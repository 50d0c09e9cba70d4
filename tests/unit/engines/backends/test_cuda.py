import os
import sys

import pytest

from engines.backends import cuda
from engines.backends.cuda import Buffer, Stream, current_gpu
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


def test_a_buffer_grows_and_holds_one_piece_of_memory(fake: FakeCuda) -> None:
    buffer = Buffer(fake)
    buffer.reserve(100)
    first = buffer.address
    buffer.reserve(50)
    assert buffer.address == first
    buffer.reserve(200)
    assert [len(memory) for memory in fake.memory.values()] == [200]
    buffer.free()
    buffer.free()
    assert not fake.memory


def test_a_closed_stream_has_freed_everything(fake: FakeCuda) -> None:
    stream = Stream()
    for size in (10, 20):
        stream.new_buffer().reserve(size)
    stream.close()
    assert not fake.memory
    assert not fake.streams
