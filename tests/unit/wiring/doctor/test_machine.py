"""Clock, limits, engine and classifiers."""

import json
import resource
import shutil
from pathlib import Path
from typing import Any

import pytest

from engines.manifest import read_manifest
from engines.recorded import ANSWERS, IMAGES, read_recorded
from service.config import Settings
from service.wiring.doctor.classifiers import look_at_classifiers
from service.wiring.doctor.clock import Kernel, kernel_clock, look_at_clock
from service.wiring.doctor.configuration import look_at_configuration
from service.wiring.doctor.gpu import look_at_gpu
from service.wiring.doctor.limits import available_bytes, look_at_files, look_at_memory
from tests.unit.engines.answering_gpu import answering_gpu, no_gpu
from tests.unit.wiring.doctor.told import RULE, check_words, only, outcomes, settings_in

SHIPPED = Path("engines/classifiers/us-mass")


@pytest.mark.parametrize(
    ("clock", "outcome"),
    [
        (None, "skipped"),
        (Kernel(False, 16.0), "warning"),
        (Kernel(True, 2.0), "warning"),
        (Kernel(True, 0.01), "ok"),
    ],
)
def test_clock_has_to_be_kept_right(clock: Kernel | None, outcome: str) -> None:
    assert only(check_words(look_at_clock(lambda: clock))).outcome == outcome


def test_kernel_is_asked_for_its_clock() -> None:
    found = kernel_clock()
    assert found is None or 0 <= found.error_s < 1e4


@pytest.mark.parametrize(
    ("soft", "outcome"), [(1024, "ok"), (resource.RLIM_INFINITY, "ok"), (256, "warning")]
)
def test_open_files_must_do_for_all_associations(soft: int, outcome: str) -> None:
    assert only(check_words([look_at_files(soft, max_associations=250)])).outcome == outcome


@pytest.mark.parametrize(("available", "outcome"), [(8 * 2**30, "ok"), (2**30, "warning"), (None, "skipped")])
def test_memory_must_do_for_each_role(available: int | None, outcome: str) -> None:
    assert only(check_words([look_at_memory(available)])).outcome == outcome


def test_least_of_machine_and_container_counts(tmp_path: Path) -> None:
    meminfo, limit, none = tmp_path / "meminfo", tmp_path / "max", tmp_path / "none"
    meminfo.write_text("MemTotal:  9000 kB\nMemAvailable:   4000 kB\n")
    limit.write_text("2048000\n")
    none.write_text("max\n")
    assert available_bytes(meminfo, (none,)) == 4_096_000
    assert available_bytes(meminfo, (none, limit)) == 2_048_000
    assert available_bytes(tmp_path / "absent", ()) is None


def with_rule(folder: Path, **infer: Any) -> Settings:
    return settings_in(folder, rules=[RULE], infer=infer)


def test_worker_on_a_cpu_has_no_gpu_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    assert outcomes(check_words(look_at_gpu(with_rule(tmp_path)))) == {"engine": ["ok"], "GPU": ["skipped"]}


def test_engine_that_cannot_be_had_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    found = only(check_words(look_at_gpu(with_rule(tmp_path, backend="tensorrt"))))
    assert (found.outcome, "would not start" in found.seen) == ("failed", True)


@pytest.mark.parametrize(("build", "outcome"), [(True, "warning"), (False, "failed")])
def test_plan_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: bool, outcome: str
) -> None:
    answering_gpu(monkeypatch)
    monkeypatch.setattr("service.wiring.doctor.gpu.memory_info", lambda _device: (2**30, 2**31))
    found = outcomes(check_words(look_at_gpu(with_rule(tmp_path, build_plans=build))))
    assert found == {"engine": ["ok"], "GPU": ["ok"], "plan of us-mass": [outcome]}


def test_plans_that_everybody_can_replace_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering_gpu(monkeypatch)
    monkeypatch.setattr("service.wiring.doctor.gpu.memory_info", lambda _device: (2**30, 2**31))
    folder = tmp_path / "data" / "plans"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert outcomes(check_words(look_at_gpu(with_rule(tmp_path))))["plans"] == ["failed"]


def test_nothing_is_asked_of_an_engine_without_rules(tmp_path: Path) -> None:
    assert only(look_at_gpu(settings_in(tmp_path))).outcome == "skipped"
    assert only(look_at_classifiers(settings_in(tmp_path))).outcome == "skipped"


def copied(folder: Path) -> Path:
    """The shipped classifier under another name."""
    copy = folder / "copy"
    shutil.copytree(SHIPPED, copy)
    manifest = copy / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('name = "us-mass"', 'name = "copy"', 1))
    return copy


def look_at_copy(folder: Path, copy: Path) -> list[str]:
    rule = RULE | {"classifiers": ["copy"]}
    settings = settings_in(
        folder, rules=[rule], infer={"classifier_folders": [str(copy.parent)], "backend": "onnxruntime"}
    )
    return outcomes(check_words(look_at_classifiers(settings)))["classifier copy"]


def test_shipped_classifier_gives_its_recorded_answers(tmp_path: Path) -> None:
    recorded = read_recorded(read_manifest(SHIPPED / "manifest.toml"))
    assert recorded is not None
    assert len(recorded.probabilities) == IMAGES
    assert max(recorded.probabilities.values()) - min(recorded.probabilities.values()) > 0.5
    assert look_at_copy(tmp_path, copied(tmp_path)) == ["ok", "ok"]


def test_classifier_that_answers_otherwise_fails(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    said = json.loads((copy / ANSWERS).read_text())
    said["probabilities"]["phantom 2"] -= 0.05
    (copy / ANSWERS).write_text(json.dumps(said))
    assert look_at_copy(tmp_path, copy) == ["ok", "failed"]


def test_classifier_with_other_weights_fails(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    with (copy / "model.onnx").open("ab") as weights:
        weights.write(b"x")
    assert look_at_copy(tmp_path, copy) == ["failed"]


def test_classifier_without_recorded_answers_is_passed_over(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    (copy / ANSWERS).unlink()
    assert look_at_copy(tmp_path, copy) == ["ok", "skipped"]


def test_answers_of_other_weights_are_none(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    (copy / ANSWERS).write_text('{"weights_sha256": "0", "probabilities": {}}')
    assert look_at_copy(tmp_path, copy) == ["ok", "warning"]


def test_configuration_that_cannot_be_used_fails(tmp_path: Path) -> None:
    wrong = settings_in(tmp_path, rules=[RULE | {"classifiers": ["us-mas"]}])
    found = only(check_words(look_at_configuration(wrong)))
    assert (found.outcome, "not installed" in found.seen) == ("failed", True)
    assert outcomes(look_at_configuration(with_rule(tmp_path)))["configuration"] == ["ok", "warning"]
