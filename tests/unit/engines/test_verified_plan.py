import json
from dataclasses import replace
from pathlib import Path

import pytest

from engines import verified_plan
from engines.choice import Backend, EngineChoice
from engines.errors import DisagreementError
from engines.export import export_network
from engines.manifest import Manifest
from engines.open_engine import open_engine, open_unverified
from engines.plans.cache import PlanCache
from engines.plans.verified import remember_verified, verified
from engines.verify import verify
from tests.unit.engines.answering_gpu import answering_gpu, with_reference_images
from tests.unit.engines.builders import SIZE, seeded_network


@pytest.fixture
def choice(tmp_path: Path) -> EngineChoice:
    return EngineChoice(Backend.TENSORRT, plan_folder=tmp_path / "plans")


@pytest.fixture
def manifest(tiny_manifest: Manifest) -> Manifest:
    return with_reference_images(tiny_manifest)


@pytest.fixture(scope="module")
def other_onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_network(seeded_network(7), SIZE, tmp_path_factory.mktemp("other") / "model.onnx").path


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The classifiers that were verified, in order."""
    done: list[str] = []

    def counting(manifest: Manifest, *rest: object) -> object:
        done.append(manifest.name)
        return verify(manifest, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(verified_plan, "verify", counting)
    return done


def only_plan(choice: EngineChoice) -> Path:
    (plan,) = PlanCache(choice.plan_folder).plans()
    return plan


def test_a_plan_is_verified_once(
    manifest: Manifest, choice: EngineChoice, verifications: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering_gpu(monkeypatch)
    for _ in range(2):
        open_engine(manifest, choice).close()
    assert verifications == ["tiny"]
    remembered = json.loads(verified(only_plan(choice)) or "")
    assert (remembered["images"], remembered["decisions_equal"], remembered["holds"]) == (4, 4, True)


def test_a_plan_is_verified_again_when_the_operating_point_moves(
    manifest: Manifest, choice: EngineChoice, verifications: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answering_gpu(monkeypatch)
    open_engine(manifest, choice).close()
    moved = replace(manifest, operating_point=replace(manifest.operating_point, threshold=0.9))
    object.__setattr__(moved, "folder", manifest.folder)
    open_engine(moved, choice).close()
    assert len(verifications) == 2


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}"])
def test_what_is_remembered_and_cannot_be_read_does_not_count(
    manifest: Manifest,
    choice: EngineChoice,
    verifications: list[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
) -> None:
    answering_gpu(monkeypatch)
    open_unverified(manifest, choice).close()
    remember_verified(only_plan(choice), text)
    open_engine(manifest, choice).close()
    assert verifications == ["tiny"]


def test_a_plan_in_a_folder_that_cannot_be_written_is_verified_at_every_start(
    manifest: Manifest, choice: EngineChoice, verifications: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("read-only file system")

    answering_gpu(monkeypatch)
    monkeypatch.setattr(verified_plan, "remember_verified", refuse)
    for _ in range(2):
        open_engine(manifest, choice).close()
    assert len(verifications) == 2


def test_a_plan_with_other_answers_is_not_used(
    manifest: Manifest, choice: EngineChoice, other_onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = answering_gpu(monkeypatch, lambda _: other_onnx.read_bytes())
    for _ in range(2):  # it is not remembered as good
        with pytest.raises(DisagreementError, match=r"on \d of 4 images and is not used: .*0\.png"):
            open_engine(manifest, choice)
    assert verified(only_plan(choice)) is None
    assert not gpu.memory
    assert not gpu.streams
