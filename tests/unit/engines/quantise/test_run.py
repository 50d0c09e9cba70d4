import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.errors import DataError, WeightsError
from engines.evaluation.figures import find, read_figures
from engines.evaluation.measured import Measured, write_measured
from engines.judgement import Calibration, OperatingPoint, Rate
from engines.manifest import FILE, Manifest, read_manifest, sha256_of
from engines.manifest_tables import Weights
from engines.precision import Precision
from engines.progress import Progress
from engines.quantise import measure as judging
from engines.quantise.run import MODEL, measure, quantise
from service.cli.main import app
from tests.unit.engines.builders import decided_text
from tests.unit.engines.training.recipes import RECIPE


@pytest.fixture
def folder(tmp_path: Path, tiny_onnx: Path) -> Path:
    """A classifier's folder as training leaves it."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    shutil.copyfile(tiny_onnx, folder / "model.onnx")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    point = OperatingPoint("sensitivity 90 %", 0.4, Rate(0.9, 0.8, 1.0), Rate(0.5, 0.4, 0.6), "noise")
    weights = Weights("model.onnx", sha256_of(tiny_onnx))
    write_measured(folder / FILE, decided_text(), Measured(Calibration(1.0, 0.0), point, weights))
    return folder


def _manifest(folder: Path) -> Manifest:
    return read_manifest(folder / FILE)


def test_int8_weights_are_entered_with_what_they_cost(
    folder: Path, synthetic_data: Path, tmp_path: Path
) -> None:
    before = _manifest(folder)
    quantised = quantise(folder, synthetic_data, results=tmp_path)
    manifest = _manifest(folder)
    assert quantised.path == manifest.checked_weights(Precision.INT8) == folder / MODEL
    assert manifest.int8 is not None
    assert manifest.int8.auc_loss.value == pytest.approx(manifest.int8.auc_float32 - manifest.int8.auc)
    assert manifest.int8.auc_loss.value <= 0.005
    assert manifest.int8.measured_on == "bus-bra, fold 4 (validation), 12 images of 6 patients"
    assert (manifest.weights, manifest.calibration) == (before.weights, before.calibration)
    assert read_figures(tmp_path / "tiny-int8-validation.json") == quantised.figures


def test_quantising_twice_gives_the_same_weights(folder: Path, synthetic_data: Path, tmp_path: Path) -> None:
    quantise(folder, synthetic_data, results=tmp_path)
    first = _manifest(folder)
    quantise(folder, synthetic_data, results=tmp_path)
    assert _manifest(folder) == first


def test_nothing_is_written_where_the_auc_falls_too_far(
    folder: Path, synthetic_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "LARGEST_LOSS", -1.1)
    before = (folder / FILE).read_bytes()
    quantised = quantise(folder, synthetic_data, results=tmp_path)
    assert quantised.path is None
    assert "stay with fp32" in quantised.verdict
    assert not (folder / MODEL).exists()
    assert (folder / FILE).read_bytes() == before


def test_the_test_part_stays_unseen(folder: Path, synthetic_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(synthetic_data, data)
    for row in (data / "bus-bra" / "5-fold-cv.csv").read_text().splitlines():
        if row.endswith(",5"):
            (data / "bus-bra" / "images" / f"{row.split(',')[0]}.png").unlink()
    assert quantise(folder, data, results=tmp_path).figures


def test_progress_is_told(folder: Path, synthetic_data: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    quantise(folder, synthetic_data, seen.append, tmp_path)
    assert {"calibrate", "float32", "measure int8", "measure symmetric int8"} <= {p.phase for p in seen}
    assert all(0 <= p.done <= p.total for p in seen)


def test_a_manifest_without_a_measured_part_is_refused(
    folder: Path, synthetic_data: Path, tmp_path: Path
) -> None:
    lines = (folder / FILE).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / FILE).write_text("".join(x for x in lines if not x.startswith("# Measured")), encoding="utf-8")
    with pytest.raises(DataError, match="no measured part; put this line"):
        quantise(folder, synthetic_data, results=tmp_path)


def test_only_weights_that_are_there_can_be_measured(
    folder: Path, synthetic_data: Path, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match="no int8 weights; make them: preread quantise tiny"):
        measure(folder, synthetic_data, "test", results=tmp_path)


def test_the_command_makes_weights_that_run_and_measures_them(
    folder: Path, synthetic_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["quantise", str(folder), "--data", str(synthetic_data), "--json"]
    made = CliRunner().invoke(app, arguments)
    assert made.exit_code == 0, made.output
    assert "int8 weights in" in json.loads(made.stdout)["verdict"]
    with OnnxRuntimeEngine(_manifest(folder).checked_weights(Precision.INT8)) as engine:
        assert engine.inputs
    measured = CliRunner().invoke(app, [*arguments, "--measure", "test"])
    assert measured.exit_code == 0, measured.output
    figures = read_figures(tmp_path / "build" / "results" / "tiny-int8-test.json")
    assert find(figures, "AUC in int8").how.endswith("12 images of 6 patients")
