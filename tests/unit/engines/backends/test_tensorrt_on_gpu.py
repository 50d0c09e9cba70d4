"""Plans built, run and compared on a real GPU. Skipped where there is none, in CI too: it has no GPU."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends.cuda import current_gpu
from engines.backends.port import Engine
from engines.backends.tensorrt import TensorRtEngine
from engines.catalog import find_classifiers
from engines.classifier import Classifier
from engines.errors import GpuError, LibraryError
from engines.manifest import Manifest
from engines.plans.cache import PlanCache
from engines.plans.gpu import ANY_GPU
from engines.plans.obtain import obtain_plan
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Flavour, load_vendor
from engines.precision import Precision
from tests.contracts.engine import EngineContract, MakeImages
from tests.unit.engines.builders import noise

try:
    GPU = current_gpu()
except (GpuError, LibraryError) as no_gpu:
    pytest.skip(str(no_gpu), allow_module_level=True)

PRECISIONS = (Precision.FP32, Precision.TF32)


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> PlanCache:
    return PlanCache(tmp_path_factory.mktemp("plans"))


@pytest.fixture(params=sorted(find_classifiers()))
def manifest(request: pytest.FixtureRequest) -> Manifest:
    return find_classifiers()[request.param]


@pytest.fixture(params=PRECISIONS)
def precision(request: pytest.FixtureRequest) -> Precision:
    return Precision(request.param)


@pytest.fixture(params=list(Flavour))
def engine(
    request: pytest.FixtureRequest, manifest: Manifest, precision: Precision, plans: PlanCache
) -> Engine:
    try:
        vendor = load_vendor(Flavour(request.param))
    except LibraryError as reason:
        pytest.skip(str(reason))
    target = ANY_GPU if vendor.flavour is Flavour.TENSORRT_RTX else GPU
    plan = obtain_plan(manifest.checked_weights(), target, vendor, plans, BatchProfile(1, 4, 8), precision)
    return TensorRtEngine(plan, vendor)


class TestPlanOnGpu(EngineContract):
    @pytest.fixture
    def images(self, manifest: Manifest) -> MakeImages:
        size = manifest.input.size

        def make(count: int) -> NDArray[np.float32]:
            return np.random.default_rng(0).random((count, 1, size, size), dtype=np.float32)

        return make


def test_a_plan_scores_as_onnx_runtime_does(engine: Engine, manifest: Manifest) -> None:
    pictures = [noise(seed=seed) for seed in range(12)]
    with Classifier.open(manifest) as reference:
        expected = reference.classify(pictures)
    with engine:
        got = Classifier(manifest, engine).classify(pictures)
    for ours, theirs in zip(got, expected, strict=True):
        assert abs(ours.probability - theirs.probability) <= manifest.tolerance.probability
        assert np.abs(ours.heatmap - theirs.heatmap).max() <= manifest.tolerance.heatmap
