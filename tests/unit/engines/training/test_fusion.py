"""A network that looks at ultrasound and chest CT together, on generated pairs of which neither tells all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.batching import BatchPolicy
from engines.data.examples import Example, read_pixels
from engines.data.formats import read_folds
from engines.errors import DataError
from engines.evaluation.auc import auc
from engines.evaluation.evaluate import evaluate
from engines.evaluation.figures import find
from engines.manifest import read_manifest
from engines.networks.catalog import ARCHITECTURES
from engines.networks.fusion import FusionNetwork
from engines.networks.network import MeanHead
from engines.open_engine import open_classifier
from engines.precision import Precision
from engines.quantise.run import quantise
from engines.reference import reference_images
from engines.serving import ServedClassifier
from engines.training.run import train
from engines.verify import verify
from tests.unit.engines.builders import CHANNELS, decided_text, lesion_image, tiny_network
from tests.unit.engines.training.recipes import RECIPE, write_recipe

COMPANION = '[companion]\nmodalities = ["CT"]\nbody_parts = ["CHEST"]\ndays = 7\n'
FUSION = (
    RECIPE.replace('folder = "bus-bra"', 'folder = "pairs"\nform = "folder"')
    .replace('"tiny"\nweights', '"tiny_fusion"\nweights')
    .replace("epochs = 2", "epochs = 25")
    .replace("outside = 0.1\n", "")
)


def tiny_fusion(weights: str | None = None, dropout: float = 0.0) -> FusionNetwork:
    ultrasound, ct = (tiny_network().features for _ in range(2))
    return FusionNetwork(ultrasound, ct, MeanHead(2 * CHANNELS, dropout))


def write_pairs(root: Path, patients: int = 100) -> Path:
    """Malignant where both images of a patient show a dark disc: each alone says no more than perhaps."""
    folder = root / "pairs"
    folder.mkdir()
    rows = ["image,companion,label,patient"]
    for patient in range(patients):
        dark = (patient % 2 == 0, patient // 2 % 2 == 0)
        for name, is_dark in zip(("us", "ct"), dark, strict=True):
            gray, _ = lesion_image(is_dark, 2 * patient + (name == "ct"))
            Image.fromarray(gray).save(folder / f"{patient}-{name}.png")
        label = "malignant" if all(dark) else "benign"
        rows.append(f"{patient}-us.png,{patient}-ct.png,{label},P{patient}")
    (folder / "table.csv").write_text("\n".join(rows))
    return root


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, pairs: Path) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("training")
    recipe = write_recipe(folder, FUSION)
    (folder / "tiny.manifest.toml").write_text(decided_text() + COMPANION)
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny_fusion", tiny_fusion)
        yield train(recipe, pairs, folder / "out")
    torch.set_num_threads(threads)


def held_out(pairs: Path) -> list[Example]:
    return read_folds("folder", pairs / "pairs")[5]


def auc_of(trained: Path, examples: list[Example]) -> float:
    with open_classifier(read_manifest(trained / "manifest.toml")) as classifier:
        scores = classifier.classify([read_pixels(example).given for example in examples])
    labels = np.array([example.label for example in examples])
    return auc(np.array([score.logit for score in scores]), labels)


def test_the_classifier_tells_by_both_images_together(trained: Path, pairs: Path) -> None:
    examples = held_out(pairs)
    malignant = next(one for one in examples if one.label == 1)
    same_ct = [replace(one, companion=malignant.companion) for one in examples]
    same_ultrasound = [replace(one, image=malignant.image) for one in examples]
    assert auc_of(trained, examples) > 0.95
    assert auc_of(trained, same_ct) < 0.93
    assert auc_of(trained, same_ultrasound) < 0.93


def test_it_is_evaluated_like_any_other(trained: Path, pairs: Path, tmp_path: Path) -> None:
    assert find(evaluate(trained, pairs, "test", results=tmp_path), "AUC").value > 0.95


def test_a_worker_submits_pairs(trained: Path, pairs: Path) -> None:
    manifest = read_manifest(trained / "manifest.toml")
    given = [read_pixels(example).given for example in held_out(pairs)[:3]]
    with open_classifier(manifest) as classifier:
        expected = [score.probability for score in classifier.classify(given)]
    with OnnxRuntimeEngine(manifest.checked_weights()) as engine:
        served = ServedClassifier(manifest, [engine], BatchPolicy(largest=2, deadline_s=0))
        served.warm_up()
        pending = [served.submit(one) for one in given]
        got = [one.result().probability for one in pending]
        served.close()
    assert got == pytest.approx(expected, abs=1e-5)


def test_engines_are_verified_on_pairs(trained: Path) -> None:
    manifest = read_manifest(trained / "manifest.toml")
    assert manifest.companion is not None
    assert manifest.companion.modalities == ("CT",)
    images = reference_images(manifest)[:4]
    with OnnxRuntimeEngine(manifest.checked_weights()) as engine:
        assert verify(manifest, engine, Precision.FP32, images, batch=2).holds


@pytest.mark.parametrize("columns", ["image,label,patient", "image,companion,label,patient"])
def test_images_and_networks_that_do_not_fit_are_refused(
    tmp_path: Path, pairs: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ARCHITECTURES, "tiny", tiny_network)
    monkeypatch.setitem(ARCHITECTURES, "tiny_fusion", tiny_fusion)
    is_pair = "companion" in columns
    recipe = write_recipe(tmp_path, FUSION.replace("tiny_fusion", "tiny") if is_pair else FUSION)
    data = tmp_path / "pairs"
    data.symlink_to(pairs / "pairs") if is_pair else _without_companions(pairs / "pairs", data)
    with pytest.raises(DataError, match="two images of a patient" if not is_pair else "looks at one image"):
        train(recipe, tmp_path, tmp_path / "out")


def _without_companions(pairs: Path, folder: Path) -> None:
    folder.mkdir()
    for image in pairs.glob("*.png"):
        (folder / image.name).symlink_to(image)
    lines = (pairs / "table.csv").read_text().splitlines()
    table = [",".join(value for at, value in enumerate(line.split(",")) if at != 1) for line in lines]
    (folder / "table.csv").write_text("\n".join(table))


def test_pairs_are_not_quantised(trained: Path, pairs: Path) -> None:
    with pytest.raises(DataError, match="looks at pairs of images"):
        quantise(trained, pairs)
