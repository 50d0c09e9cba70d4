import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends.port import Arrays
from engines.classifier import Classifier
from engines.errors import EngineClosed, InputError, WeightsError
from engines.manifest import Manifest, read_manifest
from engines.open_engine import open_classifier
from engines.spec import DYNAMIC, EMBEDDING, HEATMAP, LOGITS, TensorSpec
from tests.unit.engines.builders import CHANNELS, SIZE, manifest_text, noise, write_manifest


class FixedEngine:
    """Answers every image with the same heatmap; counts the batches."""

    inputs = (TensorSpec("images", (DYNAMIC, 1, SIZE, SIZE), "float32"),)
    outputs = tuple(TensorSpec(name, (DYNAMIC, DYNAMIC), "float32") for name in (LOGITS, HEATMAP, EMBEDDING))

    def __init__(self, heatmap: NDArray[np.float32]) -> None:
        self.heatmap = heatmap
        self.batches: list[int] = []

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def infer(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        count = len(arrays["images"])
        self.batches.append(count)
        return {
            LOGITS: np.tile(np.array([1.0, 3.0], np.float32), (count, 1)),
            HEATMAP: np.tile(self.heatmap, (count, 1, 1)),
            EMBEDDING: np.zeros((count, 4), np.float32),
        }

    def __enter__(self) -> "FixedEngine":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _with_heatmap(
    tmp_path: Path, heatmap: NDArray[np.float32], batch: int = 8
) -> tuple[Classifier, FixedEngine]:
    engine = FixedEngine(heatmap)
    return Classifier(read_manifest(write_manifest(tmp_path, manifest_text())), engine, batch), engine


def test_a_score_has_the_image_s_geometry_and_stays_in_range(tiny_manifest: Manifest) -> None:
    images = [noise(40, 60, seed=1), noise(77, 33, seed=2)]
    with open_classifier(tiny_manifest) as classifier:
        scores = classifier.classify(images)
    for image, score in zip(images, scores, strict=True):
        assert score.heatmap.shape == image.shape
        assert score.heatmap.dtype == score.embedding.dtype == np.float32
        assert 0.0 <= score.heatmap.min() <= score.heatmap.max() <= 1.0
        assert score.embedding.shape == (CHANNELS,)
        assert score.probability == tiny_manifest.calibration.probability(score.logit)


def test_images_are_scored_alike_alone_and_in_batches(tiny_manifest: Manifest) -> None:
    images = [noise(seed=seed) for seed in range(5)]
    with open_classifier(tiny_manifest, largest_batch=2) as classifier:
        together = classifier.classify(images)
        alone = [classifier.classify([image])[0] for image in images]
    assert [s.logit for s in together] == pytest.approx([s.logit for s in alone], abs=1e-5)
    assert len({s.logit for s in together}) == len(images)


def test_batches_are_no_larger_than_allowed(tmp_path: Path) -> None:
    classifier, engine = _with_heatmap(tmp_path, np.ones((4, 4), np.float32), batch=3)
    assert len(classifier.classify([noise()] * 7)) == 7
    assert engine.batches == [3, 3, 1]


def test_no_images_get_no_scores(tiny_manifest: Manifest) -> None:
    with open_classifier(tiny_manifest) as classifier:
        assert classifier.classify([]) == []


def test_a_heatmap_is_scaled_to_its_own_maximum(tmp_path: Path) -> None:
    heatmap = np.zeros((4, 4), np.float32)
    heatmap[1, 2] = 0.02
    classifier, _ = _with_heatmap(tmp_path, heatmap)
    assert classifier.classify([noise(SIZE, SIZE)])[0].heatmap.max() == pytest.approx(1.0)


@pytest.mark.parametrize("residue", [0.0, 1e-9])
def test_a_heatmap_without_evidence_stays_black(tmp_path: Path, residue: float) -> None:
    classifier, _ = _with_heatmap(tmp_path, np.full((4, 4), residue, np.float32))
    assert not classifier.classify([noise()])[0].heatmap.any()


def test_a_closed_classifier_refuses(tiny_manifest: Manifest) -> None:
    classifier = open_classifier(tiny_manifest)
    classifier.close()
    with pytest.raises(EngineClosed):
        classifier.classify([noise()])


def test_a_colour_image_is_refused(tiny_manifest: Manifest) -> None:
    with open_classifier(tiny_manifest) as classifier, pytest.raises(InputError, match="gray"):
        classifier.classify([np.zeros((40, 40, 3), np.uint8)])


def test_a_classifier_without_weights_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights"):
        open_classifier(read_manifest(write_manifest(tmp_path, manifest_text())))


def test_a_graph_of_another_size_does_not_open(tiny_manifest: Manifest) -> None:
    text = (tiny_manifest.folder / "manifest.toml").read_text().replace("size = 32", "size = 64")
    with pytest.raises(WeightsError, match="64"):
        open_classifier(read_manifest(write_manifest(tiny_manifest.folder, text)))


def test_classifying_needs_no_pytorch() -> None:
    code = "import sys, engines.classifier, engines.catalog; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
