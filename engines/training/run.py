"""From a recipe to a classifier's folder: train, export, calibrate, choose the operating point."""

import shutil
from dataclasses import replace
from pathlib import Path

from engines.data.examples import Example, LearningSet, labels_of
from engines.data.near_duplicates import refuse_near_duplicates
from engines.data.sets import data_root as root_of
from engines.data.sets import other_sets, parts_of
from engines.evaluation.figures import write_figures
from engines.evaluation.measured import Measured, write_measured
from engines.evaluation.recording import measured_point
from engines.export import MODEL, export
from engines.manifest import FILE, read_manifest
from engines.manifest_tables import Weights
from engines.networks.checkpoint import read_network
from engines.open_engine import open_classifier
from engines.progress import Progress, Report, silent
from engines.training.cross_validation import cross_validate, train_fold
from engines.training.decided import decided
from engines.training.guarding import fit_guard_of, seen_folds
from engines.training.loop import fit
from engines.training.pictures import read_pictures
from engines.training.recipe import RECIPE, Recipe, read_recipe
from engines.training.validation import logit_differences

FOLDS = "figures-folds.json"
"""Measured on folds that were held out, each once."""


def train(recipe_path: Path, data_root: Path | None, out_folder: Path, progress: Report = silent) -> Path:
    """Train and return the classifier's folder, `out_folder/<name>`, that the catalog can find.

    Goes on where an earlier run in `out_folder` was stopped. The test part stays unseen: the manifest's
    operating point holds validation figures until `record` replaces them. Raises RecipeError, DataError,
    WeightsError, ExportError.
    """
    recipe, root = read_recipe(recipe_path), root_of(data_root)
    folder = out_folder / recipe.name
    by_people = (recipe_path.parent / recipe.manifest).read_text(encoding="utf-8")
    if recipe.is_cross_validated:
        outcome = cross_validate(recipe, root, out_folder, folder, progress)
        write_measured(folder / FILE, by_people, outcome.measured)
        figures = outcome.held_out.figures(read_manifest(folder / FILE))
        write_figures(folder / FOLDS, figures)
        first = outcome.measured.operating_point
        point = measured_point(first, figures, first.measured_on)
        write_measured(folder / FILE, by_people, replace(outcome.measured, operating_point=point))
    else:
        write_measured(folder / FILE, by_people, _train(recipe, root, out_folder, folder, progress))
    shutil.copyfile(recipe_path, folder / RECIPE)
    with open_classifier(read_manifest(folder / FILE)):
        progress(Progress("export", 1, 1, f"classifier in {folder}"))
    return folder


def train_one_fold(
    recipe_path: Path, data_root: Path | None, out_folder: Path, fold: int, progress: Report = silent
) -> Path:
    """Only the network that holds out `fold`; `train` goes on from it. Returns its folder. Raises as that."""
    return train_fold(read_recipe(recipe_path), root_of(data_root), out_folder, fold, progress)


def _train(recipe: Recipe, root: Path, out_folder: Path, folder: Path, progress: Report) -> Measured:
    parts = parts_of(recipe, root)
    refuse_near_duplicates(parts.train, (*parts.validation, *parts.test))
    sets = other_sets(recipe, root) | {"": LearningSet(parts.train, parts.validation)}
    best = fit(recipe, sets, out_folder, progress)
    exported = export(best, folder)
    measured = _measure(recipe, best, parts.validation, exported.sha256)
    return replace(
        measured, guard=fit_guard_of(seen_folds(recipe, root), folder, recipe.data.called, progress)
    )


def _measure(recipe: Recipe, best: Path, validation: tuple[Example, ...], sha256: str) -> Measured:
    network, size = read_network(best)
    logits, labels = logit_differences(network, read_pictures(validation, size)), labels_of(validation)
    measured_on = (
        f"{recipe.data.called}, fold {recipe.data.validation_fold} (validation), {len(validation)} images"
    )
    return decided(recipe, logits, labels, measured_on, Weights(MODEL, sha256))
