"""Each fold of a data set, or each that the recipe names, is held out once: what is measured, calibrated and
decided on are images that the network in question has not learnt from. What is shipped are the judges of all
these folds together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engines.data.examples import LearningSet
from engines.data.formats import Folds
from engines.data.near_duplicates import refuse_near_duplicates
from engines.data.sets import folds_of, other_sets
from engines.errors import DataError, RecipeError
from engines.evaluation.measured import Measured
from engines.evaluation.painted import painted
from engines.evaluation.scoring import score
from engines.export import MODEL, export_network
from engines.manifest_tables import Weights
from engines.networks.checkpoint import read_network
from engines.networks.lesion.network import LesionNetwork, ensemble
from engines.progress import Progress, Report
from engines.training.by_network import by_network
from engines.training.decided import decided
from engines.training.guarding import fit_guard_of
from engines.training.held_out import HeldOut
from engines.training.loop import fit
from engines.training.recipe import HALF, Recipe


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """What goes into the manifest, and every image as the network scored it that had not seen it."""

    measured: Measured
    held_out: HeldOut


def cross_validate(
    recipe: Recipe, root: Path, out_folder: Path, folder: Path, progress: Report
) -> CrossValidated:
    """Train a network per fold on all others; write their judges as `folder/model.onnx`.

    Goes on where an earlier run was stopped. Raises RecipeError, DataError, WeightsError, ExportError.
    """
    folds, others_too = folds_of(recipe, root), other_sets(recipe, root)
    networks, scored, marked = [], {}, {}
    for fold in _held_out(recipe, folds):
        network, size = _trained(
            recipe, others_too | {"": _without(fold, folds)}, _of_fold(out_folder, fold), progress
        )
        networks.append(network)
        classify = by_network(network, size)
        scored[fold] = score(classify, folds[fold], progress)
        marked[fold] = painted(classify, folds[fold], scored[fold].probabilities, progress)
    progress(Progress("export", 0, 1, "the judges of all folds"))
    judges = ensemble(networks, networks[0].finder)
    is_half = recipe.network.stored == HALF
    exported = export_network(judges, recipe.network.size, folder / MODEL, stores_half=is_half)
    held_out = HeldOut(scored, marked)
    together = held_out.together
    which = f"folds {', '.join(map(str, scored))}, each" if recipe.data.held_out else "each fold"
    measured_on = f"{recipe.data.called}, {which} held out once, {len(together.examples)} images"
    measured = decided(recipe, together.logits, together.labels, measured_on, Weights(MODEL, exported.sha256))
    guard = fit_guard_of(folds, folder, recipe.data.called, progress)
    return CrossValidated(replace(measured, guard=guard), held_out)


def train_fold(recipe: Recipe, root: Path, out_folder: Path, fold: int, progress: Report) -> Path:
    """Only the network that holds out `fold`, for `cross_validate` to find: several processes, or machines,
    can share the work. Returns the folder. Raises RecipeError, DataError, WeightsError.
    """
    if not recipe.is_cross_validated:
        raise RecipeError(f"recipe {recipe.name!r} trains one network; leave out the fold")
    folds = folds_of(recipe, root)
    held_out = _held_out(recipe, folds)
    if fold not in held_out:
        raise RecipeError(f"recipe {recipe.name!r} does not hold out fold {fold}; it does: {held_out}")
    sets = other_sets(recipe, root) | {"": _without(fold, folds)}
    _trained(recipe, sets, _of_fold(out_folder, fold), progress)
    return _of_fold(out_folder, fold)


def _held_out(recipe: Recipe, folds: Folds) -> tuple[int, ...]:
    for fold in recipe.data.held_out:
        if fold not in folds:
            raise DataError(f"{recipe.data.called} has no fold {fold}; there are: {sorted(folds)}")
    return recipe.data.held_out or tuple(folds)


def _without(fold: int, folds: Folds) -> LearningSet:
    others = [example for other, theirs in folds.items() if other != fold for example in theirs]
    return LearningSet(others, folds[fold])


def _of_fold(out_folder: Path, fold: int) -> Path:
    return out_folder / f"fold-{fold}"


def _trained(
    recipe: Recipe, sets: Mapping[str, LearningSet], out: Path, progress: Report
) -> tuple[LesionNetwork, int]:
    refuse_near_duplicates(sets[""].train, sets[""].validation)
    network, size = read_network(fit(recipe, sets, out, progress))
    if not isinstance(network, LesionNetwork):
        raise RecipeError(
            f"{recipe.network.architecture!r} has no judges to be put together: name test_fold and "
            "validation_fold in [data], or choose lesion_mobilenet_v2"
        )
    return network, size
