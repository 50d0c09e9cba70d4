from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends import cuda
from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.backends.tensorrt import TensorRtEngine
from engines.errors import GpuError, InputError, PlanError, WeightsError
from engines.plans.vendor import Vendor
from engines.spec import IMAGES
from tests.contracts.engine import EngineContract, MakeImages
from tests.unit.engines.backends.fake_gpu import FakeCuda, fake_vendor
from tests.unit.engines.builders import SIZE


@pytest.fixture(autouse=True)
def gpu(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    runtime = FakeCuda()
    monkeypatch.setattr(cuda, "_runtime", lambda: runtime)
    return runtime


@pytest.fixture
def vendor() -> Vendor:
    return fake_vendor()


@pytest.fixture
def engine(tiny_onnx: Path, vendor: Vendor) -> Engine:
    return TensorRtEngine(tiny_onnx, vendor)


@pytest.fixture
def images() -> MakeImages:
    def make(count: int) -> NDArray[np.float32]:
        return np.random.default_rng(0).random((count, 1, SIZE, SIZE), dtype=np.float32)

    return make


class TestOnFakeGpu(EngineContract):
    pass


def test_batches_of_every_profile_get_their_own_answers(
    engine: Engine, tiny_onnx: Path, images: MakeImages
) -> None:
    with engine, OnnxRuntimeEngine(tiny_onnx) as reference:
        for count in (1, 4, 5, 8, 2):
            got = engine.infer({IMAGES: images(count)})
            expected = reference.infer({IMAGES: images(count)})
            for name, values in expected.items():
                np.testing.assert_array_equal(got[name], values)


def test_a_batch_that_no_profile_takes_is_refused(engine: Engine, images: MakeImages) -> None:
    with engine, pytest.raises(InputError, match=r"\(1, 1, 32, 32\) to \(4, .* or .* got images \(9, 1"):
        engine.infer({IMAGES: images(9)})


def test_images_that_are_not_contiguous_are_taken(engine: Engine, images: MakeImages) -> None:
    turned = images(2).transpose(0, 1, 3, 2)
    with engine:
        got, expected = engine.infer({IMAGES: turned}), engine.infer({IMAGES: turned.copy()})
    np.testing.assert_array_equal(got["logits"], expected["logits"])


def test_a_closed_engine_holds_no_gpu_memory(engine: Engine, gpu: FakeCuda, images: MakeImages) -> None:
    with engine:
        engine.infer({IMAGES: images(2)})
        assert gpu.memory
    assert not gpu.memory
    assert not gpu.streams


def test_a_plan_of_another_version_does_not_load(tmp_path: Path, vendor: Vendor, gpu: FakeCuda) -> None:
    path = tmp_path / "model.plan"
    path.write_bytes(b"no plan")
    with pytest.raises(PlanError, match="magic tag does not match; build it anew"):
        TensorRtEngine(path, vendor).open()
    assert not gpu.streams


def test_a_missing_plan_does_not_open(tmp_path: Path, vendor: Vendor) -> None:
    with pytest.raises(WeightsError, match="build it"):
        TensorRtEngine(tmp_path / "model.plan", vendor).open()


def test_without_a_driver_nothing_opens(engine: Engine, gpu: FakeCuda) -> None:
    gpu.failing.add("cudaSetDevice")
    with pytest.raises(GpuError, match="insufficient"):
        engine.open()


def test_a_run_that_fails_says_what_tensorrt_said(engine: Engine, vendor: Vendor, images: MakeImages) -> None:
    with engine:
        vendor.api.Runtime.engines[-1].context.runs = False
        vendor.log.errors.append("an illegal memory access was encountered")
        with pytest.raises(GpuError, match="illegal memory access"):
            engine.infer({IMAGES: images(1)})


def test_work_that_fails_on_the_stream_is_not_returned_as_an_answer(
    engine: Engine, gpu: FakeCuda, images: MakeImages
) -> None:
    with engine:
        gpu.failing.add("cudaStreamSynchronize")
        with pytest.raises(GpuError, match="cudaStreamSynchronize"):
            engine.infer({IMAGES: images(1)})
