from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends import cuda, tensorrt_lane
from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.backends.tensorrt import TensorRtEngine
from engines.errors import GpuError, InputError, PlanError, WeightsError
from engines.plans.vendor import Vendor
from engines.spec import IMAGES, LOGITS
from tests.contracts.engine import EngineContract, MakeImages
from tests.unit.engines.backends.fake_gpu import WORKSPACE, FakeCuda, fake_vendor
from tests.unit.engines.builders import SIZE


@pytest.fixture(autouse=True)
def gpu(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    runtime = FakeCuda()
    monkeypatch.setattr(cuda, "_runtime", lambda: runtime)
    return runtime


@pytest.fixture
def vendor(gpu: FakeCuda) -> Vendor:
    return fake_vendor(gpu)


@pytest.fixture
def engine(tiny_onnx: Path, vendor: Vendor) -> Engine:
    return TensorRtEngine(tiny_onnx, vendor)


@pytest.fixture
def second(tiny_onnx: Path, vendor: Vendor) -> Engine:
    return TensorRtEngine(tiny_onnx, vendor)


@pytest.fixture
def images() -> MakeImages:
    def make(count: int) -> NDArray[np.float32]:
        return np.random.default_rng(0).random((count, 1, SIZE, SIZE), dtype=np.float32)

    return make


class TestOnFakeGpu(EngineContract):
    pass


class TestOnFakeGpuWithoutGraphs(EngineContract):
    @pytest.fixture
    def engine(self, tiny_onnx: Path, vendor: Vendor) -> Engine:
        return TensorRtEngine(tiny_onnx, vendor, cuda_graphs=False)


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
        assert gpu.pinned
        assert gpu.graphs
    assert not (gpu.memory or gpu.pinned or gpu.graphs or gpu.streams)


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


def test_a_run_that_fails_says_what_tensorrt_said(
    tiny_onnx: Path, vendor: Vendor, images: MakeImages
) -> None:
    with TensorRtEngine(tiny_onnx, vendor, cuda_graphs=False) as engine:
        vendor.api.Runtime.engines[-1].contexts[0].runs = False
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


def test_memory_is_taken_once_for_the_largest_batch(
    engine: Engine, gpu: FakeCuda, images: MakeImages
) -> None:
    with engine:
        before = set(gpu.memory) | set(gpu.pinned)
        for count in (1, 8, 3):
            engine.infer({IMAGES: images(count)})
        added = [len(gpu.memory[address]) for address in set(gpu.memory) - before]
    assert added == [WORKSPACE]


def test_a_batch_that_comes_again_is_one_launch(engine: Engine, gpu: FakeCuda, images: MakeImages) -> None:
    with engine:
        for count in (2, 8, 2, 8):
            engine.infer({IMAGES: images(count)})
    assert gpu.launched[:2] == gpu.launched[2:]
    assert len(set(gpu.launched)) == 2


def test_graphs_are_bounded_and_other_batches_run_without(
    engine: Engine, gpu: FakeCuda, images: MakeImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorrt_lane, "MOST_GRAPHS", 2)
    with engine:
        answers = [engine.infer({IMAGES: images(count)})[LOGITS] for count in (1, 2, 3, 4, 3)]
        assert len(gpu.graphs) == 2
    np.testing.assert_array_equal(answers[2], answers[4])
    assert len(gpu.launched) == 2


@pytest.mark.parametrize("function", ["cudaStreamBeginCapture", "cudaGraphInstantiate", "cudaMalloc"])
def test_a_refused_capture_is_logged_once_and_inference_goes_on(
    engine: Engine, gpu: FakeCuda, images: MakeImages, caplog: pytest.LogCaptureFixture, function: str
) -> None:
    with engine:
        gpu.failing.add(function)
        for _ in range(3):
            assert engine.infer({IMAGES: images(2)})[LOGITS].shape == (2, 2)
        assert not gpu.capturing
        assert not gpu.graphs
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "inference runs without CUDA graphs"
    ]


def test_a_plan_that_cannot_be_recorded_runs_without(
    engine: Engine, vendor: Vendor, gpu: FakeCuda, images: MakeImages
) -> None:
    with engine:
        vendor.api.Runtime.engines[-1].uncapturable = True
        answer = engine.infer({IMAGES: images(2)})[LOGITS]
        np.testing.assert_array_equal(engine.infer({IMAGES: images(2)})[LOGITS], answer)
        assert not gpu.capturing
    assert not gpu.launched


def test_without_graphs_nothing_is_recorded(
    tiny_onnx: Path, vendor: Vendor, gpu: FakeCuda, images: MakeImages
) -> None:
    with TensorRtEngine(tiny_onnx, vendor, cuda_graphs=False) as engine:
        engine.infer({IMAGES: images(2)})
    assert not gpu.launched
    assert len(vendor.api.Runtime.engines[-1].contexts) == 1


def test_two_lanes_of_one_plan_have_streams_of_their_own(
    tiny_onnx: Path, vendor: Vendor, gpu: FakeCuda
) -> None:
    with TensorRtEngine(tiny_onnx, vendor), TensorRtEngine(tiny_onnx, vendor):
        assert len(gpu.streams) == 2
