from pathlib import Path

import pytest

from engines.errors import PlanError
from engines.plans import obtain
from engines.plans.cache import PlanCache
from engines.plans.gpu import ANY_GPU
from engines.plans.obtain import obtain_plan
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Flavour, Vendor
from engines.precision import Precision
from tests.unit.engines.plans.vendors import tensorrt_rtx

FAKE = Vendor(Flavour.TENSORRT_RTX, "1.7", None, None)


def test_a_plan_that_is_there_is_not_built_again(
    tmp_path: Path, tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Path] = []

    def build(onnx: Path, *_: object, **__: object) -> bytes:
        built.append(onnx)
        return b"plan"

    monkeypatch.setattr(obtain, "build_plan", build)
    for _ in range(2):
        obtain_plan(tiny_onnx, ANY_GPU, FAKE, PlanCache(tmp_path), BatchProfile(), Precision.FP32)
    assert built == [tiny_onnx]


def test_a_graph_that_changed_gets_another_plan(
    tmp_path: Path, tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obtain, "build_plan", lambda onnx, *_, **__: onnx.read_bytes())
    path, cache = tmp_path / "model.onnx", PlanCache(tmp_path / "plans")
    plans = []
    for graph in (b"one", b"two"):
        path.write_bytes(graph)
        plans.append(obtain_plan(path, ANY_GPU, FAKE, cache, BatchProfile(), Precision.FP32).read_bytes())
    assert plans == [b"one", b"two"]


def test_a_graph_is_built_into_the_cache(tmp_path: Path, tiny_onnx: Path) -> None:
    vendor, cache = tensorrt_rtx(), PlanCache(tmp_path)
    heard: list[tuple[str, float]] = []
    plan = obtain_plan(
        tiny_onnx,
        ANY_GPU,
        vendor,
        cache,
        BatchProfile(1, 2, 4),
        Precision.TF32,
        lambda *said: heard.append(said),
    )
    assert plan.parent == tmp_path
    assert plan.stat().st_size > 1000
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert 0.5 < shares[-1] <= 1


def test_a_missing_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="check the path"):
        obtain_plan(
            tmp_path / "model.onnx", ANY_GPU, FAKE, PlanCache(tmp_path), BatchProfile(), Precision.FP32
        )
