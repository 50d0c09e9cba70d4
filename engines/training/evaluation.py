"""What a classifier is worth on images that it has not learnt from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.catalog import find_classifier
from engines.errors import DataError
from engines.manifest import FILE, Manifest, read_manifest
from engines.open_engine import open_classifier
from engines.training import plots
from engines.training.figures import Figure, rate_figure, write_figures
from engines.training.metrics import (
    auc_with_interval,
    brier,
    expected_calibration_error,
    reliability,
    sensitivity,
    specificity,
    wilson,
)
from engines.training.pointing import Pointing, means
from engines.training.progress import Report, silent
from engines.training.recipe import RECIPE, read_recipe
from engines.training.scoring import Scored, score
from engines.training.sets import data_root as root_of
from engines.training.sets import examples_of

RESULTS = Path("build/results")
AUC, SENSITIVITY, SPECIFICITY = "AUC", "sensitivity", "specificity"
_TARGET_AUC = 0.85
_TARGET_DICE = 0.8
_FOUND_DICE = 0.5
_SMALLEST_SUBGROUP = 10
"""Images of the rarer class; an AUC of fewer is noise."""


def evaluate(
    classifier: str | Path,
    data_root: Path | None,
    split: str,
    progress: Report = silent,
    results: Path = RESULTS,
) -> list[Figure]:
    """Measure a classifier, by name or folder, on `train`, `validation`, `test` or `busi`.

    Writes `results/<name>-<split>.json` and curves as PNG beside it. Raises CatalogError, WeightsError,
    DataError.
    """
    manifest = manifest_of(classifier)
    recipe = read_recipe(manifest.folder / RECIPE)
    examples = examples_of(recipe, root_of(data_root), split)
    if {example.label for example in examples} != {0, 1}:
        raise DataError(f"split {split!r} needs benign and malignant images; choose another")
    with open_classifier(manifest) as opened:
        scored = score(opened.classify, examples, progress)
    figures = measure(scored, manifest)
    stem = f"{manifest.name}-{split}"
    write_figures(results / f"{stem}.json", figures)
    plots.roc(results / f"{stem}-roc.png", scored.probabilities, scored.labels, stem)
    plots.calibration(
        results / f"{stem}-calibration.png", reliability(scored.probabilities, scored.labels), stem
    )
    return figures


def manifest_of(classifier: str | Path) -> Manifest:
    """The manifest in a folder, or of a catalogued name."""
    if (Path(classifier) / FILE).is_file():
        return read_manifest(Path(classifier) / FILE)
    return find_classifier(str(classifier))


def measure(scored: Scored, manifest: Manifest) -> list[Figure]:
    """All figures, the important ones first."""
    threshold = manifest.operating_point.threshold
    size = f"{len(scored.examples)} images of {len(set(scored.patients))} patients"
    at = f"at probability {threshold:.4f}; Wilson interval; {size}"
    area = auc_with_interval(scored.probabilities, scored.labels, scored.patients)
    return [
        rate_figure(AUC, area, f"patient bootstrap, 2000 resamples; {size}", _TARGET_AUC),
        rate_figure(SENSITIVITY, sensitivity(scored.probabilities, scored.labels, threshold), at),
        rate_figure(SPECIFICITY, specificity(scored.probabilities, scored.labels, threshold), at),
        *_calibration(scored),
        *_categories(scored, manifest),
        *_pointing(scored),
        *_lesions(scored),
        *_subgroups(scored),
    ]


def _calibration(scored: Scored) -> list[Figure]:
    table = reliability(scored.probabilities, scored.labels)
    error = expected_calibration_error(table)
    bins = [
        rate_figure(
            f"malignant at probability {row.low:.1f} to {row.high:.1f}",
            wilson(round(row.malignant * row.images), row.images),
            f"{row.images} images, mean probability {row.probability:.3f}",
        )
        for row in table
    ]
    return [
        Figure("Brier score", brier(scored.probabilities, scored.labels), "1", "0 is perfect"),
        Figure("expected calibration error", error, "1", "ten bins of equal width"),
        *bins,
    ]


def _categories(scored: Scored, manifest: Manifest) -> list[Figure]:
    suggested = np.array([manifest.suggested_category(float(p)) for p in scored.probabilities])
    return [
        rate_figure(
            f"malignant where {category.category} is suggested",
            wilson(int(scored.labels[chosen].sum()), int(chosen.sum())),
            f"{int(chosen.sum())} images; BI-RADS gives {category.low:.0%} to {category.high:.0%}",
        )
        for category in manifest.categories
        if (chosen := suggested == category.category).any()
    ]


def _pointing(scored: Scored) -> list[Figure]:
    malignant = scored.where(scored.labels == 1)
    compared: Sequence[Pointing] = [p for p in malignant.pointings if p is not None]
    if not compared:
        return []
    hit, inside, area = means(compared)
    how = f"{len(compared)} of {len(malignant.examples)} malignant images have a heatmap"
    return [
        Figure("pointing game", hit, "1", f"heatmap's maximum inside the lesion's mask; {how}"),
        Figure("energy inside the mask", inside, "1", f"share of the heatmap's sum; {how}"),
        Figure("area of the mask", area, "1", "what both would be for a heatmap that knows nothing"),
    ]


def _lesions(scored: Scored) -> list[Figure]:
    """How well the lesion was found, where the classifier finds it."""
    dice = scored.dice[~np.isnan(scored.dice)]
    if not dice.size:
        return []
    how = f"{dice.size} images with a mask"
    found = wilson(int((dice >= _FOUND_DICE).sum()), dice.size)
    return [
        Figure(
            "lesion Dice, mean", float(dice.mean()), "1", how, _TARGET_DICE, bool(dice.mean() >= _TARGET_DICE)
        ),
        Figure("lesion Dice, median", float(np.median(dice)), "1", how),
        rate_figure("lesions found", found, f"Dice of at least {_FOUND_DICE}; {how}"),
    ]


def _subgroups(scored: Scored) -> list[Figure]:
    groups = np.array([example.group for example in scored.examples])
    figures = []
    for name in sorted(set(groups)):
        part = scored.where(groups == name)
        if min(int((part.labels == label).sum()) for label in (0, 1)) >= _SMALLEST_SUBGROUP:
            area = auc_with_interval(part.probabilities, part.labels, part.patients)
            figures.append(rate_figure(f"AUC, {name}", area, f"{len(part.examples)} images"))
    return figures
