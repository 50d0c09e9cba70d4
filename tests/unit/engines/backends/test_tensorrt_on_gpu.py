"""Plans built, run and compared on a real GPU. Skipped where there is none, in CI too: it has no GPU.

`pytest -s tests/unit/engines/backends/test_tensorrt_on_gpu.py` also prints times.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends.cuda import Stream, current_gpu, memory_info
from engines.backends.cuda_graph import capture
from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.backends.tensorrt import TensorRtEngine
from engines.catalog import find_classifiers
from engines.errors import GpuError, LibraryError, PlanError, WeightsError
from engines.manifest import Manifest
from engines.plans.cache import PlanCache
from engines.plans.gpu import ANY_GPU
from engines.plans.obtain import obtain_plan
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Flavour, Vendor, load_vendor
from engines.precision import Precision
from engines.spec import HEATMAP, IMAGES, LOGITS
from tests.contracts.engine import EngineContract, MakeImages

try:
    GPU = current_gpu()
except (GpuError, LibraryError) as no_gpu:
    pytest.skip(str(no_gpu), allow_module_level=True)

PROFILE = BatchProfile(1, 8, 32)
ALLOWED = {
    Precision.FP32: (0.001, 0.01),
    Precision.TF32: (0.01, 0.05),
    Precision.FP16: (0.01, 0.05),
    Precision.INT8: (0.15, 0.5),
}
"""Distance from ONNX Runtime on the CPU in float32, of probability and share of the heatmap, on noise."""
SPREAD = {Precision.FP32: 1e-4, Precision.TF32: 2e-2, Precision.FP16: 2e-2, Precision.INT8: 1e-1}
"""Share of the largest value by which an answer may move with its batch: other kernels round otherwise."""
MIB = 2**20


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> PlanCache:
    return PlanCache(tmp_path_factory.mktemp("plans"))


@pytest.fixture(params=sorted(find_classifiers()))
def manifest(request: pytest.FixtureRequest) -> Manifest:
    return find_classifiers()[request.param]


@pytest.fixture(params=list(ALLOWED))
def precision(request: pytest.FixtureRequest) -> Precision:
    return Precision(request.param)


@pytest.fixture(params=list(Flavour))
def vendor(request: pytest.FixtureRequest) -> Vendor:
    try:
        return load_vendor(Flavour(request.param))
    except LibraryError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def plan(manifest: Manifest, precision: Precision, vendor: Vendor, plans: PlanCache) -> Path:
    try:
        onnx = manifest.checked_weights(precision)
    except WeightsError as reason:
        pytest.skip(str(reason))
    target = ANY_GPU if vendor.flavour is Flavour.TENSORRT_RTX else GPU
    path = obtain_plan(onnx, target, vendor, plans, PROFILE, precision)
    if vendor.why_not(GPU):
        with pytest.raises(PlanError), TensorRtEngine(path, vendor):
            pass
        pytest.skip(vendor.why_not(GPU))
    return path


@pytest.fixture
def engine(plan: Path, vendor: Vendor) -> Engine:
    return TensorRtEngine(plan, vendor)


@pytest.fixture
def images(manifest: Manifest) -> MakeImages:
    size = manifest.input.size

    def make(count: int) -> NDArray[np.float32]:
        return np.random.default_rng(0).random((count, 1, size, size), dtype=np.float32)

    return make


class TestPlanOnGpu(EngineContract):
    @pytest.fixture(autouse=True)
    def rounding(self, precision: Precision) -> None:
        self.tolerance = SPREAD[precision]

    @pytest.fixture
    def second(self, plan: Path, vendor: Vendor) -> Engine:
        return TensorRtEngine(plan, vendor)


def test_a_plan_scores_as_onnx_runtime_does(
    engine: Engine, manifest: Manifest, precision: Precision, images: MakeImages
) -> None:
    with OnnxRuntimeEngine(manifest.checked_weights()) as reference:
        expected = reference.infer({IMAGES: images(12)})
    with engine:
        got = engine.infer({IMAGES: images(12)})
    probability = np.abs(_probability(got[LOGITS]) - _probability(expected[LOGITS])).max()
    heatmap = np.abs(got[HEATMAP] - expected[HEATMAP]).max() / np.abs(expected[HEATMAP]).max()
    print(f"\n{manifest.name} {precision}: probability off by {probability:.2g}, heatmap by {heatmap:.2g}")
    assert probability <= ALLOWED[precision][0]
    assert heatmap <= ALLOWED[precision][1]


def _probability(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    share: NDArray[np.float32] = odds / odds.sum(axis=1, keepdims=True)
    return share


def test_graphs_change_no_answer(
    plan: Path, vendor: Vendor, images: MakeImages, precision: Precision
) -> None:
    with (
        TensorRtEngine(plan, vendor) as with_graphs,
        TensorRtEngine(plan, vendor, cuda_graphs=False) as without,
    ):
        for count in (1, 8, 3, 8, 1, 32, 3):
            got, expected = (one.infer({IMAGES: images(count)}) for one in (with_graphs, without))
            for name in (LOGITS, HEATMAP):
                atol = SPREAD[precision] * float(np.abs(expected[name]).max())
                np.testing.assert_allclose(got[name], expected[name], rtol=0, atol=atol)


def test_our_own_recording_works_or_is_refused_without_harm(
    plan: Path, vendor: Vendor, images: MakeImages, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TensorRtEngine(plan, vendor, cuda_graphs=False) as without:
        expected = {count: without.infer({IMAGES: images(count)})[LOGITS] for count in (1, 8)}
    monkeypatch.setattr(Vendor, "captures_graphs", property(lambda _: False))
    with TensorRtEngine(plan, vendor) as recorded:
        for count in (1, 8, 1, 8, 1):
            got = recorded.infer({IMAGES: images(count)})[LOGITS]
            atol = SPREAD[precision] * float(np.abs(expected[count]).max())
            np.testing.assert_allclose(got, expected[count], rtol=0, atol=atol)


def test_copies_can_be_recorded_and_launched() -> None:
    stream = Stream()
    gpu, there, back = stream.gpu_memory(4), stream.pinned_memory(4), stream.pinned_memory(4)

    def work() -> None:
        stream.copy_in(gpu, there, 4)
        stream.copy_out(back, gpu, 4)

    graph = capture(stream, work)
    for value in (7, 9):
        there.view((4,), np.dtype(np.uint8))[...] = value
        graph.launch()
        stream.wait()
        assert back.view((4,), np.dtype(np.uint8)).tolist() == [value] * 4
    graph.destroy()
    stream.close()


def test_memory_comes_back_when_an_engine_is_closed(engine: Engine, images: MakeImages) -> None:
    free = []
    for _ in range(8):
        with engine:
            engine.infer({IMAGES: images(8)})
        free.append(memory_info()[0])
    print(f"\nfree after each close, MiB: {[size // MIB for size in free]}")
    assert free[2] - free[-1] < 16 * MIB  # the first rounds load libraries that stay


def test_times_are_printed(
    plan: Path, vendor: Vendor, manifest: Manifest, precision: Precision, images: MakeImages
) -> None:
    print(f"\n{GPU.name}, {vendor.flavour} {vendor.version}, {manifest.name} {precision}")
    for graphs in (False, True):
        with TensorRtEngine(plan, vendor, cuda_graphs=graphs) as one:
            for count in (1, 8, 32):
                seconds = _median_s(one, images(count))
                figures = f"{seconds * 1e3:.3f} ms, {count / seconds:.0f} images/s"
                print(f"  graphs {graphs}, batch {count}: {figures}")
    for lanes in (1, 2):
        print(f"  {lanes} lane(s), batch 8: {_throughput(plan, vendor, images(8), lanes):.0f} images/s")


def _median_s(engine: Engine, batch: NDArray[np.float32]) -> float:
    times = []
    for _ in range(60):
        start = time.perf_counter()
        engine.infer({IMAGES: batch})
        times.append(time.perf_counter() - start)
    return statistics.median(times[10:])


def _throughput(plan: Path, vendor: Vendor, batch: NDArray[np.float32], lanes: int) -> float:
    def work(engine: Engine) -> None:
        for _ in range(200):
            assert engine.infer({IMAGES: batch})[LOGITS].shape == (len(batch), 2)

    engines = [TensorRtEngine(plan, vendor) for _ in range(lanes)]
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(lambda engine: engine.open(), engines))
        list(pool.map(lambda engine: engine.infer({IMAGES: batch}), engines))
        start = time.perf_counter()
        list(pool.map(work, engines))
        seconds = time.perf_counter() - start
    for engine in engines:
        engine.close()
    return lanes * 200 * len(batch) / seconds
