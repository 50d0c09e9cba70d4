"""The images that a recipe names, below a data root."""

import os
from dataclasses import replace
from pathlib import Path

from engines.data.busi import busi
from engines.data.examples import Example, LearningSet, Parts
from engines.data.formats import Folds, read_folds
from engines.errors import DataError
from engines.training.recipe import Recipe

VARIABLE = "PREREAD_DATA"
EXTERNAL = "busi"
SPLITS = ("train", "validation", "test", EXTERNAL)


def data_root(given: Path | None) -> Path:
    """`given`, or the folder that the environment variable PREREAD_DATA names. Raises DataError."""
    root = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if root is None:
        raise DataError(f"no data root; give it, or set {VARIABLE} to the folder that holds the data sets")
    if not root.is_dir():
        raise DataError(f"data root {root} does not exist; correct the path")
    return root


def parts_of(recipe: Recipe, root: Path) -> Parts:
    """The recipe's data set, divided as it says. Raises DataError where each fold is held out once."""
    if recipe.data.test_fold is None or recipe.data.validation_fold is None:
        raise DataError(
            f"{recipe.name!r} has learnt from every fold of {recipe.data.called}: what each gave when it was "
            f"held out is in its folder; measure it on {EXTERNAL}"
        )
    folds = folds_of(recipe, root)
    chosen = (recipe.data.test_fold, recipe.data.validation_fold)
    for fold in chosen:
        if fold not in folds:
            raise DataError(f"{recipe.data.folder} has no fold {fold}; there are: {sorted(folds)}")
    train = tuple(example for fold in folds if fold not in chosen for example in folds[fold])
    return Parts(train, tuple(folds[chosen[1]]), tuple(folds[chosen[0]]))


def folds_of(recipe: Recipe, root: Path) -> Folds:
    """The recipe's data set in its folds, whole patients in each; joined ones in folds of the same number.

    Raises DataError. A patient who is in two sets is not noticed: they name their patients differently.
    """
    folds = read_folds(recipe.data.form, root / recipe.data.folder)
    for joined in recipe.data.joined:
        theirs = read_folds(joined.form, root / joined.folder)
        if theirs.keys() != folds.keys():
            raise DataError(
                f"{joined.folder} has the folds {sorted(theirs)}, {recipe.data.folder} {sorted(folds)}: "
                "give both the same ones in their column `fold`"
            )
        folds = join(folds, joined.folder, theirs)
    return folds


def join(folds: Folds, name: str, theirs: Folds) -> Folds:
    """Folds of two sets by their numbers; patients of the second are told apart by its `name`."""
    return {
        fold: [
            *folds.get(fold, ()),
            *(replace(one, patient=f"{name}: {one.patient}") for one in theirs.get(fold, ())),
        ]
        for fold in sorted(folds.keys() | theirs.keys())
    }


def other_sets(recipe: Recipe, root: Path) -> dict[str, LearningSet]:
    """Sets that single stages learn from, by name; the last fold of each is held out. Raises DataError."""
    sets = {}
    for other in recipe.other_data:
        *train, held_out = read_folds(other.form, root / other.folder).values()
        sets[other.name] = LearningSet([example for fold in train for example in fold], held_out)
    return sets


def examples_of(recipe: Recipe, root: Path, split: str) -> tuple[Example, ...]:
    """`train`, `validation`, `test` of the recipe's data set, or `busi`. Raises DataError for others."""
    if split not in SPLITS:
        raise DataError(f"no split {split!r}; there are: {', '.join(SPLITS)}")
    return busi(root / EXTERNAL) if split == EXTERNAL else parts_of(recipe, root).named(split)
