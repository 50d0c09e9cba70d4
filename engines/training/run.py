"""From a recipe to a classifier's folder: train, export, calibrate, choose the operating point."""

import shutil
from pathlib import Path

from engines.export import MODEL, export
from engines.judgement import OperatingPoint
from engines.manifest import FILE, Weights, read_manifest
from engines.networks.checkpoint import read_network
from engines.open_engine import open_classifier
from engines.training.calibration import fit_platt, probabilities, threshold_for
from engines.training.examples import Example, labels_of
from engines.training.loop import fit, logit_differences
from engines.training.measured import Measured, write_measured
from engines.training.metrics import sensitivity, specificity
from engines.training.pictures import read_pictures
from engines.training.progress import Progress, Report, silent
from engines.training.recipe import Recipe, read_recipe
from engines.training.sets import data_root as root_of
from engines.training.sets import parts_of

RECIPE = "recipe.toml"


def train(recipe_path: Path, data_root: Path | None, out_folder: Path, progress: Report = silent) -> Path:
    """Train and return the classifier's folder, `out_folder/<name>`, that the catalog can find.

    Goes on where an earlier run in `out_folder` was stopped. The test part stays unseen: the manifest's
    operating point holds validation figures until `record` replaces them. Raises RecipeError, DataError,
    WeightsError, ExportError.
    """
    recipe = read_recipe(recipe_path)
    parts = parts_of(recipe, root_of(data_root))
    best = fit(recipe, parts, out_folder, progress)
    folder = out_folder / recipe.name
    progress(Progress("export", 0, 2, "writing the ONNX graph"))
    exported = export(best, folder)
    progress(Progress("export", 1, 2, "calibrating on the validation part"))
    shutil.copyfile(recipe_path, folder / RECIPE)
    decided = (recipe_path.parent / recipe.manifest).read_text(encoding="utf-8")
    write_measured(folder / FILE, decided, _measure(recipe, best, parts.validation, exported.sha256))
    with open_classifier(read_manifest(folder / FILE)):
        progress(Progress("export", 2, 2, f"classifier in {folder}"))
    return folder


def _measure(recipe: Recipe, best: Path, validation: tuple[Example, ...], sha256: str) -> Measured:
    network, size = read_network(best)
    logits, labels = logit_differences(network, read_pictures(validation, size)), labels_of(validation)
    calibration = fit_platt(logits, labels)
    scores = probabilities(calibration, logits)
    threshold = threshold_for(recipe.operating_point.sensitivity, scores, labels)
    point = OperatingPoint(
        name=recipe.operating_point.name,
        threshold=threshold,
        sensitivity=sensitivity(scores, labels, threshold),
        specificity=specificity(scores, labels, threshold),
        measured_on=f"{recipe.data.folder}, fold {recipe.data.validation_fold} (validation), "
        f"{len(validation)} images",
    )
    return Measured(calibration, point, Weights(MODEL, sha256))
