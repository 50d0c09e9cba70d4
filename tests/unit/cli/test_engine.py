import json
from pathlib import Path
from typing import Any

import pytest

from engines.errors import LibraryError
from engines.export import export_network
from engines.plans import vendor
from engines.plans.vendor import Flavour
from service.errors import ConfigurationError, Permanent
from tests.unit.cli.conftest import Run
from tests.unit.engines.answering_gpu import answering_gpu, no_gpu, with_reference_images
from tests.unit.engines.builders import SIZE, classifier_folder, seeded_network


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_network(seeded_network(), SIZE, tmp_path_factory.mktemp("tiny") / "model.onnx").path


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, configuration: Path, onnx: Path) -> None:
    """The only classifier that rules name is a tiny one, in a folder of the operator's."""
    with_reference_images(classifier_folder(tmp_path / "mine" / "tiny", onnx))
    text = configuration.read_text().replace("[us-mass]", "[tiny]")
    folders = json.dumps([str(tmp_path / "mine")])
    configuration.write_text(f"{text}\ninfer: {{classifier_folders: {folders}}}\n")


def told(run: Run, *arguments: str) -> Any:
    return json.loads(run("engine", *arguments, "--json").stdout)


def test_list_says_what_can_run_here_and_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    listing = told(run, "list")
    here = {one["backend"]: one for one in listing["backends"]}
    assert (here["tensorrt"]["here"], here["onnxruntime"]["here"]) == (False, True)
    assert "insufficient" in here["tensorrt"]["detail"]
    assert {"classifier": "tiny", "precisions": ["fp32", "tf32", "fp16"]} in listing["classifiers"]
    assert listing["plans"] == []
    assert "no TensorRT plans in" in run("engine", "list").output.replace("\n", " ")


def test_build_makes_a_verified_plan_that_list_shows(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering_gpu(monkeypatch)
    (built,) = told(run, "build")
    assert (built["classifier"], built["precision"], built["gpu"]) == ("tiny", "fp32", "NVIDIA H200")
    assert (built["verified"], Path(built["plan"]).is_file()) == (True, True)
    (plan,) = told(run, "list")["plans"]
    assert (plan["classifier"], plan["verified"], plan["largest_batch"]) == ("tiny", True, 32)
    assert "Plans in" in run("engine", "list").output


def test_build_takes_several_precisions(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering_gpu(monkeypatch)
    built = told(run, "build", "tiny", "--precision", "fp32", "--precision", "fp16")
    assert [one["precision"] for one in built] == ["fp32", "fp16"]


def test_build_without_a_gpu_makes_a_plan_for_any_and_says_that_it_is_not_verified(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_gpu(monkeypatch, Flavour.TENSORRT_RTX)
    (built,) = told(run, "build")
    assert (built["gpu"], built["verified"]) == ("any", False)
    assert "to be verified where one answers" in built["note"]
    assert "built for any GPU" in run("engine", "build").output


def test_build_that_fails_says_why_and_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering_gpu(monkeypatch)
    result = run("engine", "build", "--precision", "int8", "--precision", "fp32", "--json")
    assert result.exit_code == 1
    failed, built = json.loads(result.stdout)
    assert (failed["plan"], "no int8 weights" in failed["note"]) == (None, True)
    assert built["verified"]


def test_build_without_tensorrt_names_the_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(flavour: Flavour) -> None:
        raise LibraryError(f"{flavour} does not import")

    monkeypatch.setattr(vendor, "load_vendor", missing)
    result = run("engine", "build")
    assert (result.exit_code, "preread[rtx]" in result.output.replace("\n", " ")) == (1, True)


def test_verify_compares_all_that_can_run_here(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering_gpu(monkeypatch)
    run("engine", "build", "--precision", "fp16")
    result = run("engine", "verify")
    assert (result.exit_code, "4/4" in result.output) == (0, True)
    rows = told(run, "verify")
    assert [(one["backend"], one["precision"]) for one in rows] == [
        ("tensorrt", "fp16"),
        ("onnxruntime", "fp32"),
    ]
    assert all(one["holds"] and one["failures"] == [] and one["images"] == 4 for one in rows)


def test_verify_fails_on_a_plan_with_other_answers(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = export_network(seeded_network(7), SIZE, tmp_path / "other.onnx").path
    answering_gpu(monkeypatch, lambda _: other.read_bytes())
    assert run("engine", "build").exit_code == 1
    result = run("engine", "verify", "--backend", "tensorrt")
    assert result.exit_code == 1
    assert "0.png: " in result.output


def test_verify_of_what_was_asked_for_and_is_not_there_fails(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering_gpu(monkeypatch)
    result = run("engine", "verify", "--backend", "tensorrt", "--precision", "fp16", "--json")
    (row,) = json.loads(result.stdout)
    assert (result.exit_code, row["holds"]) == (1, False)
    assert "preread engine build tiny --precision fp16" in row["failures"][0]


def test_verify_names_the_backends_that_it_left_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    output = " ".join(run("engine", "verify").output.split())
    assert "not verified: tensorrt cannot run here, cudaGetDeviceProperties failed" in output


def test_verify_of_nothing_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    result = run("engine", "verify", "--precision", "tf32")
    assert isinstance(result.exception, Permanent)


@pytest.mark.parametrize(
    "arguments", [("verify", "tyni"), ("build", "tyni"), ("verify", "--backend", "auto")]
)
def test_a_name_that_is_not_there_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    assert isinstance(run("engine", *arguments).exception, ConfigurationError)
