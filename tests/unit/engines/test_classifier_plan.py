from dataclasses import replace
from pathlib import Path

import pytest

from engines.choice import Backend, EngineChoice
from engines.classifier_plan import built_plan, classifier_plan
from engines.errors import PlanError
from engines.manifest import Manifest
from engines.plans.gpu import ANY_GPU, Gpu
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Flavour, Vendor, installed_vendor
from engines.precision import Precision
from tests.unit.engines.answering_gpu import answering_gpu
from tests.unit.engines.plans.vendors import tensorrt_rtx

H200 = Gpu("NVIDIA H200", "9.0")


@pytest.fixture
def choice(tmp_path: Path) -> EngineChoice:
    return EngineChoice(Backend.TENSORRT, plan_folder=tmp_path / "plans")


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    built: list[Path] = []

    def build(onnx: Path) -> bytes:
        built.append(onnx)
        return onnx.read_bytes()

    answering_gpu(monkeypatch, build, Flavour.TENSORRT_RTX)
    return built


def test_a_plan_is_built_once_and_found_again(
    tiny_manifest: Manifest, choice: EngineChoice, builds: list[Path]
) -> None:
    vendor = installed_vendor()
    assert built_plan(tiny_manifest, choice, vendor, H200) is None
    first = classifier_plan(tiny_manifest, choice, vendor, H200)
    again = classifier_plan(tiny_manifest, replace(choice, build_missing=False), vendor, H200)
    assert first == again == built_plan(tiny_manifest, choice, vendor, H200)
    assert len(builds) == 1


@pytest.mark.parametrize(
    "other",
    [{"precision": Precision.FP16}, {"profile": BatchProfile(1, 2, 4)}],
    ids=["precision", "batches"],
)
def test_another_precision_or_batch_is_another_plan(
    tiny_manifest: Manifest, choice: EngineChoice, builds: list[Path], other: dict[str, object]
) -> None:
    classifier_plan(tiny_manifest, choice, installed_vendor(), H200)
    assert built_plan(tiny_manifest, replace(choice, **other), installed_vendor(), H200) is None  # type: ignore[arg-type]


def test_a_plan_for_any_gpu_is_taken_where_there_is_none_for_this_one(
    tiny_manifest: Manifest, choice: EngineChoice, builds: list[Path]
) -> None:
    for_any = classifier_plan(tiny_manifest, choice, installed_vendor(), ANY_GPU)
    assert classifier_plan(tiny_manifest, choice, installed_vendor(), H200) == for_any
    assert len(builds) == 1


def test_a_missing_plan_that_may_not_be_built_names_the_command(
    tiny_manifest: Manifest, choice: EngineChoice, builds: list[Path]
) -> None:
    with pytest.raises(PlanError, match="preread engine build tiny --precision fp32"):
        classifier_plan(tiny_manifest, replace(choice, build_missing=False), installed_vendor(), H200)
    assert builds == []


def test_a_folder_that_cannot_be_written_is_named(
    tiny_manifest: Manifest, choice: EngineChoice, builds: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    blocked = replace(choice, plan_folder=tmp_path / "file" / "plans")
    with pytest.raises(PlanError, match=r"file/plans: .*give it space and rights"):
        classifier_plan(tiny_manifest, blocked, installed_vendor(), H200)


def test_tensorrt_rtx_builds_the_plan_without_a_gpu(tiny_manifest: Manifest, choice: EngineChoice) -> None:
    vendor: Vendor = tensorrt_rtx()
    told: list[float] = []
    plan = classifier_plan(tiny_manifest, choice, vendor, ANY_GPU, lambda _phase, share: told.append(share))
    assert plan.stat().st_size > 1000
    assert told == sorted(told)
    assert told
