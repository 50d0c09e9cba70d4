"""What is measured of a classifier beyond its scores: categories, heatmaps, lesions."""

from collections.abc import Sequence

import numpy as np

from engines.evaluation.detection import detection_figures
from engines.evaluation.figures import Figure, rate_figure
from engines.evaluation.pointing import Pointing, means
from engines.evaluation.rates import wilson
from engines.evaluation.scoring import Scored
from engines.evaluation.side_figures import side_figures
from engines.evaluation.sides import Side
from engines.guard import read_familiar
from engines.manifest import Manifest

_TARGET_AUC = 0.90
_TARGET_POINTING = 0.9
_TARGET_DICE = 0.8
_FOUND_DICE = 0.5
_LARGEST_REFUSED = 0.03


def side_of(scored: Scored, manifest: Manifest) -> Side:
    """The classifier with its calibrated probabilities and its operating point."""
    name = f"{manifest.name} {manifest.version}"
    return Side(name, scored.probabilities, manifest.operating_point.threshold, is_probability=True)


def measure(scored: Scored, manifest: Manifest) -> list[Figure]:
    """All figures, the important ones first. Raises DataError for images of one class."""
    general = side_figures(side_of(scored, manifest), scored.cases, _TARGET_AUC)
    return [*general, *_categories(scored, manifest), *_pointing(scored), *_lesions(scored)]


def guard_figures(scored: Scored, manifest: Manifest) -> list[Figure]:
    """Share of images that the classifier's guard refuses, if it has one."""
    if manifest.guard is None:
        return []
    strange = read_familiar(manifest.checked_guard()).strangeness(scored.textures) > manifest.guard.limit
    share = wilson(int(strange.sum()), strange.size)
    held = share.value <= _LARGEST_REFUSED
    how = f"of {strange.size} images; the figures above count them too"
    return [
        Figure("refused by the guard", share.value, "1", how, _LARGEST_REFUSED, held, share.low, share.high)
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
    malignant = [image for image in scored.images if image.example.label == 1]
    compared: Sequence[Pointing] = [image.pointing for image in malignant if image.pointing is not None]
    if not compared:
        return []
    hit, inside, area = means(compared)
    how = f"{len(compared)} of {len(malignant)} malignant images have a heatmap"
    return [
        Figure(
            "pointing game",
            hit,
            "1",
            f"heatmap's maximum inside the lesion's mask; {how}",
            _TARGET_POINTING,
            hit >= _TARGET_POINTING,
        ),
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
        *detection_figures([one.candidates for one in scored.images if one.candidates is not None]),
    ]
