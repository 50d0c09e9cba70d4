from pathlib import Path

import numpy as np
import pytest

from engines.backends import cuda
from engines.backends.tensorrt import TensorRtEngine
from engines.plans.vendor import Flavour, Vendor
from engines.spec import IMAGES
from tests.unit.engines.backends.fake_gpu import FakeConfig, FakeCuda, fake_vendor
from tests.unit.engines.builders import SIZE

ONE = {IMAGES: np.zeros((1, 1, SIZE, SIZE), np.float32)}


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    runtime = FakeCuda()
    monkeypatch.setattr(cuda, "_runtime", lambda: runtime)
    return runtime


@pytest.fixture
def vendor(gpu: FakeCuda) -> Vendor:
    return fake_vendor(gpu, Flavour.TENSORRT_RTX)


@pytest.fixture
def plan(tmp_path: Path, tiny_onnx: Path) -> Path:
    path = tmp_path / "model.plan"
    path.write_bytes(tiny_onnx.read_bytes())
    return path


def _config(vendor: Vendor) -> FakeConfig:
    (config,) = vendor.api.Runtime.engines[-1].given
    assert isinstance(config, FakeConfig)
    return config


@pytest.mark.parametrize(("wanted", "strategy"), [(True, "whole"), (False, "disabled")])
def test_graphs_are_left_to_the_library(
    plan: Path, vendor: Vendor, gpu: FakeCuda, wanted: bool, strategy: str
) -> None:
    with TensorRtEngine(plan, vendor, cuda_graphs=wanted) as engine:
        engine.infer(ONE)
    assert _config(vendor).cuda_graph_strategy == strategy
    assert not gpu.launched


def test_compiled_kernels_are_kept_beside_the_plan_and_given_back(plan: Path, vendor: Vendor) -> None:
    with TensorRtEngine(plan, vendor):
        kernels = _config(vendor).kernels
        assert kernels is not None
        kernels.content = b"kernels for one image"
    with TensorRtEngine(plan, vendor):
        kernels = _config(vendor).kernels
        assert kernels is not None
        assert kernels.content == b"kernels for one image"


def test_kernels_of_another_gpu_are_replaced(plan: Path, vendor: Vendor) -> None:
    kept = plan.with_suffix(".kernels")
    kept.write_bytes(b"of another GPU, and many more")
    with TensorRtEngine(plan, vendor):
        pass
    assert kept.read_bytes() == b"kernels"


def test_a_folder_that_cannot_be_written_costs_only_time(
    plan: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("engines.backends.rtx.write_whole", refuse)
    with TensorRtEngine(plan, vendor) as engine:
        engine.infer(ONE)
    assert not plan.with_suffix(".kernels").exists()
