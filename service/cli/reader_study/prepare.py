"""Choose images, have a classifier draw its heatmaps, and put both where readers will see them."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from engines.classifier import Score
from engines.data.examples import Example, read_pixels
from engines.evaluation.evaluate import manifest_of
from engines.open_engine import open_classifier
from engines.progress import Progress, Report
from service.cli.reader_study.study import ReaderStudy
from service.dicom.colour_map import blend
from service.errors import ConfigurationError

TRUTH = "truth.csv"
_LABELS = ("benign", "malignant")


def prepare(
    classifier: str, examples: Sequence[Example], count: int, out: Path, washout_days: float, report: Report
) -> ReaderStudy:
    """Write a study of at most `count` images, one of a patient, as many benign as malignant where there are.

    Raises ConfigurationError where `out` is not empty; CatalogError, WeightsError, DataError.
    """
    if out.exists() and any(out.iterdir()):
        raise ConfigurationError(f"{out} is not empty: name a new folder")
    chosen = _chosen(examples, count)
    for folder in ("images", "heatmaps"):
        (out / folder).mkdir(parents=True)
    manifest = manifest_of(classifier)
    with open_classifier(manifest) as opened, (out / TRUTH).open("w", encoding="utf-8", newline="") as truth:
        rows = csv.writer(truth)
        rows.writerow(["image", "patient", "label", "probability"])
        for number, example in enumerate(chosen):
            name, gray = f"{number + 1:04d}", read_pixels(example).gray
            (score,) = opened.classify([gray])
            Image.fromarray(gray).save(out / "images" / f"{name}.png")
            _heatmap(gray, score).save(out / "heatmaps" / f"{name}.png")
            rows.writerow([name, example.patient, _LABELS[example.label], f"{score.probability:.6f}"])
            report(Progress("prepare", number + 1, len(chosen)))
    names = tuple(f"{number + 1:04d}" for number in range(len(chosen)))
    study = ReaderStudy(out, f"{manifest.name} {manifest.version}", washout_days, names)
    study.write()
    return study


def _chosen(examples: Sequence[Example], count: int) -> list[Example]:
    """Drawn by a fixed seed, mixed: a reader must not know a label by its place."""
    dice = random.Random(0)  # noqa: S311 - no secret
    of_patient: dict[str, list[Example]] = {}
    for example in examples:
        of_patient.setdefault(example.patient, []).append(example)
    single = [dice.choice(theirs) for _, theirs in sorted(of_patient.items())]
    dice.shuffle(single)
    by_label = [[example for example in single if example.label == label] for label in (0, 1)]
    half = min(count // 2, *(len(one) for one in by_label))
    if not half:
        raise ConfigurationError("a reader study needs benign and malignant images of at least two patients")
    chosen = by_label[0][:half] + by_label[1][:half]
    dice.shuffle(chosen)
    return chosen


def _heatmap(gray: np.ndarray, score: Score) -> Image.Image:
    return Image.fromarray(blend(np.repeat(gray[..., np.newaxis], 3, axis=2), score.heatmap))
