from pathlib import Path

import pytest

from engines.errors import ManifestError, WeightsError
from engines.manifest import Manifest, read_manifest
from engines.manifest_tables import Priors
from engines.precision import Precision
from tests.unit.engines.builders import manifest_text, write_manifest


def _read(tmp_path: Path, text: str) -> Manifest:
    return read_manifest(write_manifest(tmp_path / "tiny", text))


def test_a_manifest_says_what_its_file_says(tmp_path: Path) -> None:
    manifest = _read(tmp_path, manifest_text())
    assert manifest.name == "tiny"
    assert manifest.criteria.modalities == ("US",)
    assert manifest.input.size == 32
    assert manifest.operating_point.sensitivity.low == 0.8
    assert manifest.folder == tmp_path / "tiny"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[input]", "[input]\nside = 3", "'side'; allowed: size, channels, scaling"),
        ("size = 32\n", "", "'size' is missing"),
        ("size = 32", 'size = "32"', "expected int"),
        ('scaling = "unit"', 'scaling = "mean"', "scaling"),
        ("channels = 1", "channels = 3", "channels"),
        ('"benign", "malignant"', '"malignant", "benign"', "classes"),
        ('category = "3"', 'category = "2"', "BI-RADS"),
        ("high = 0.95\n", "high = 0.9\n", "BI-RADS"),
        ("threshold = 0.3", "threshold = 30.0", "threshold"),
        ("value = 0.9,", "value = 0.99,", "rate"),
        ("slope = 1.5", "slope = -1.5", "slope"),
        ('file = "model.onnx"', 'file = "../model.onnx"', "folder"),
        ("slope = 1.5", "slope = ", "manifest.toml"),
        ('name = "tiny"', 'name = "tiny"\nfolder = "/"', "folder"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_key_named(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    text = manifest_text()
    assert old in text
    with pytest.raises(ManifestError, match=named):
        _read(tmp_path, text.replace(old, new, 1))


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "manifest.toml")


def test_weights_that_are_missing_do_not_load(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="train it"):
        _read(tmp_path, manifest_text()).checked_weights()


def test_weights_with_another_hash_do_not_load(tiny_manifest: Manifest) -> None:
    path = tiny_manifest.checked_weights()
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(WeightsError, match="SHA-256"):
        tiny_manifest.checked_weights()


@pytest.mark.parametrize(
    ("probability", "category"),
    [
        (0.0, "3"),
        (0.02, "3"),
        (0.021, "4A"),
        (0.1, "4A"),
        (0.101, "4B"),
        (0.5, "4B"),
        (0.501, "4C"),
        (0.949, "4C"),
        (0.95, "5"),
        (1.0, "5"),
    ],
)
def test_a_probability_gets_the_category_of_its_likelihood(
    tmp_path: Path, probability: float, category: str
) -> None:
    assert _read(tmp_path, manifest_text()).suggested_category(probability) == category


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_gets_no_category(tmp_path: Path, probability: float) -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        _read(tmp_path, manifest_text()).suggested_category(probability)


def test_a_probability_at_the_threshold_is_positive(tmp_path: Path) -> None:
    manifest = _read(tmp_path, manifest_text())
    assert manifest.is_positive(0.3)
    assert not manifest.is_positive(0.2999)


INT8 = """
[int8]
file = "model-int8.onnx"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
auc_float32 = 0.9
auc = 0.901
auc_loss = { value = -0.001, low = -0.004, high = 0.002 }
equal_decisions = { value = 0.99, low = 0.97, high = 1.0 }
measured_on = "noise"
"""


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.TF32, Precision.FP16])
def test_every_precision_but_int8_takes_the_float32_file(
    tiny_manifest: Manifest, precision: Precision
) -> None:
    assert tiny_manifest.checked_weights(precision) == tiny_manifest.folder / "model.onnx"


def test_a_classifier_without_int8_weights_says_how_to_make_them(tiny_manifest: Manifest) -> None:
    with pytest.raises(WeightsError, match="preread quantise tiny, or use fp32"):
        tiny_manifest.checked_weights(Precision.INT8)


def test_int8_weights_are_checked_as_the_others_are(tmp_path: Path) -> None:
    manifest = _read(tmp_path, manifest_text() + INT8)
    with pytest.raises(WeightsError, match="quantise it"):
        manifest.checked_weights(Precision.INT8)
    (manifest.folder / "model-int8.onnx").write_bytes(b"other")
    with pytest.raises(WeightsError, match=r"model-int8\.onnx have SHA-256"):
        manifest.checked_weights(Precision.INT8)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('file = "model-int8.onnx"', 'file = "../model-int8.onnx"', "int8.file"),
        ("low = -0.004", "low = 0.004", "difference"),
        ("auc = 0.901\n", "", "'auc' is missing"),
        ("[int8]", "[int8]\nbits = 8", "'bits'; allowed: file, sha256"),
    ],
)
def test_a_wrong_int8_table_is_refused(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert old in INT8
    with pytest.raises(ManifestError, match=named):
        _read(tmp_path, manifest_text() + INT8.replace(old, new))


def test_a_manifest_may_ask_for_priors(tmp_path: Path) -> None:
    asked = '\n[priors]\ncount = 2\nyears = 5\nmodalities = ["MG"]\n'
    assert _read(tmp_path, manifest_text() + asked).priors == Priors(2, 5, ("MG",))
    assert _read(tmp_path, manifest_text()).priors is None


def test_a_manifest_that_asks_for_no_prior_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"priors\.count .* leave \[priors\] out"):
        _read(tmp_path, manifest_text() + "\n[priors]\ncount = 0\nyears = 5\n")


POINT = """
[[points]]
name = "high specificity"
threshold = 0.8
sensitivity = { value = 0.5, low = 0.4, high = 0.6 }
specificity = { value = 0.95, low = 0.9, high = 0.99 }
measured_on = "noise"
"""


def test_another_operating_point_can_be_chosen(tmp_path: Path) -> None:
    manifest = _read(tmp_path, manifest_text() + POINT)
    assert manifest.is_positive(0.5)
    strict = manifest.at("high specificity")
    assert (strict.is_positive(0.5), strict.is_positive(0.8)) == (False, True)
    assert strict.folder == manifest.folder
    assert manifest.at("sensitivity 90 %").operating_point == manifest.operating_point
    with pytest.raises(
        ManifestError, match="no operating point 'high'; there are: sensitivity 90 %, high specificity"
    ):
        manifest.at("high")
