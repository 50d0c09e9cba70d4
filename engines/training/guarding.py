"""Fits a classifier's guard, and how strange an image may be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.data.examples import Example, read_pixels
from engines.data.formats import Folds, folds_named
from engines.data.sets import data_root, folds_of, join
from engines.evaluation.evaluate import manifest_of, name_of
from engines.evaluation.measured import decided_part, measured_of, write_measured
from engines.evaluation.rates import wilson
from engines.guard import FILE as GUARD
from engines.guard import fit_familiar
from engines.manifest import FILE, sha256_of
from engines.manifest_tables import GuardFile
from engines.progress import Progress, Report, silent
from engines.texture import Textures, texture
from engines.training.recipe import RECIPE, Recipe, read_recipe

_FAMILIAR, _ELBOW_ROOM = 0.99, 1.1
"""Share of unseen images that must pass, and how much stranger another hospital's may be."""
_SMALLEST_PART = 0.5
"""Of an image's sides."""


def guard(
    classifier: str | Path, root: Path | None, also: Sequence[str] = (), report: Report = silent
) -> GuardFile:
    """Fit the guard of a classifier in its folder anew: on what its recipe learnt from, and on other sets,
    `FORM:FOLDER` each, that it should take too.

    Raises DataError, RecipeError, CatalogError.
    """
    manifest = manifest_of(classifier)
    recipe = read_recipe(manifest.folder / RECIPE)
    folds, names = seen_folds(recipe, data_root(root)), [recipe.data.called]
    for one in also:
        names.append(name_of(one))
        folds = join(folds, names[-1], folds_named(one))
    fitted = fit_guard_of(folds, manifest.folder, " and ".join(names), report)
    path = manifest.folder / FILE
    write_measured(path, decided_part(path), replace(measured_of(manifest), guard=fitted))
    return fitted


def seen_folds(recipe: Recipe, root: Path) -> Folds:
    """All that the recipe learns from and chooses by; not what it keeps to test on."""
    return {fold: theirs for fold, theirs in folds_of(recipe, root).items() if fold != recipe.data.test_fold}


@dataclass(frozen=True, slots=True)
class Seen:
    """Textures (n, VALUES) of images, and of a part of each: some scanners store less around the lesion."""

    whole: Textures
    parts: Textures

    @property
    def both(self) -> Textures:
        """What a guard is fitted on."""
        return np.concatenate([self.whole, self.parts])


def fit_guard_of(folds: Folds, folder: Path, called: str, report: Report) -> GuardFile:
    """Write the guard, fitted on all folds, two or more, to `folder`.

    Its limit is what nearly all images of each fold keep to for a guard that has seen the other folds only.
    Raises DataError.
    """
    seen = [look_at(examples, report) for examples in folds.values()]
    strange = []
    for number, one in enumerate(seen):
        others = [other.both for place, other in enumerate(seen) if place != number]
        strange.append(fit_familiar(np.concatenate(others)).strangeness(one.whole))
    strangeness = np.concatenate(strange)
    limit = float(np.quantile(strangeness, _FAMILIAR)) * _ELBOW_ROOM
    fit_familiar(np.concatenate([one.both for one in seen])).write(folder / GUARD)
    refused = wilson(int((strangeness > limit).sum()), strangeness.size)
    measured_on = f"{called}, each fold held out once, {strangeness.size} images"
    return GuardFile(GUARD, sha256_of(folder / GUARD), limit, refused, measured_on)


def look_at(examples: Sequence[Example], report: Report) -> Seen:
    """The same parts for the same images. Raises DataError."""
    rng = np.random.default_rng(len(examples))
    whole, parts = [], []
    for number, example in enumerate(examples, 1):
        gray = read_pixels(example).gray
        whole.append(texture(gray))
        parts.append(texture(_part(gray, rng)))
        report(Progress("guard", number, len(examples)))
    return Seen(np.stack(whole), np.stack(parts))


def _part(gray: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    share = rng.uniform(_SMALLEST_PART, 1)
    rows, columns = (max(1, int(side * share)) for side in gray.shape)
    top, left = rng.integers(gray.shape[0] - rows + 1), rng.integers(gray.shape[1] - columns + 1)
    return gray[top : top + rows, left : left + columns]
