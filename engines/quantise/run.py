"""From a classifier's folder to int8 weights in it, if they are good enough."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.data.examples import Example, read_pixels
from engines.data.sets import data_root as root_of
from engines.data.sets import examples_of, parts_of
from engines.errors import DataError
from engines.evaluation.evaluate import RESULTS, manifest_of
from engines.evaluation.figures import Figure, find, rate_of, write_figures
from engines.evaluation.measured import decided_part, measured_of, write_measured
from engines.manifest import FILE, Manifest, sha256_of
from engines.manifest_tables import Int8
from engines.precision import Precision
from engines.preprocess import prepare
from engines.progress import Progress, Report, silent
from engines.quantise.agreement import Agreement, Answers, answers_of
from engines.quantise.measure import (
    AUC_FLOAT32,
    AUC_INT8,
    EQUAL_DECISIONS,
    LARGEST_LOSS,
    LOSS,
    LOSS_SYMMETRIC,
    figures_of,
    loss_of,
)
from engines.quantise.network import Images, Quantiser
from engines.quantise.symmetric import to_symmetric
from engines.reference import reference_images
from engines.training.recipe import RECIPE, Recipe, read_recipe
from engines.verify import verify

MODEL = "model-int8.onnx"
_IMAGES = 256
"""Of the training part: half to calibrate, half to choose what stays in float32."""
_CHANGE = 0.01
"""Mean change of the probability that int8 may make: what float16 is allowed too."""


@dataclass(frozen=True, slots=True)
class Quantised:
    """`path` of the int8 weights, None if they were not good enough; `verdict` is one line for people."""

    figures: list[Figure]
    path: Path | None
    verdict: str


def quantise(
    classifier: str | Path, data_root: Path | None, progress: Report = silent, results: Path = RESULTS
) -> Quantised:
    """Write int8 weights beside the float32 ones and enter them in the manifest, if the AUC on the validation
    part falls by at most 0.005, in ONNX Runtime's form and in TensorRT's. The test part stays unseen.

    Writes `results/<name>-int8-validation.json` in any case. Raises CatalogError, WeightsError, DataError,
    RecipeError, ExportError, LibraryError.
    """
    manifest = manifest_of(classifier)
    if manifest.companion is not None:
        raise DataError(f"{manifest.name!r} looks at pairs of images, which is not quantised; stay with fp32")
    recipe = read_recipe(manifest.folder / RECIPE)
    parts = parts_of(recipe, root_of(data_root))
    decided = decided_part(manifest.folder / FILE)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / MODEL
        kept = _write_quantised(manifest, _some(parts.train, recipe.seed), made, progress)
        figures = _compare(manifest, made, parts.validation, progress)
        write_figures(results / f"{manifest.name}-int8-validation.json", figures)
        if not all(find(figures, measure).holds for measure in (LOSS, LOSS_SYMMETRIC)):
            verdict = f"nothing written: the AUC falls by more than {LARGEST_LOSS}; stay with fp32"
            return Quantised(figures, None, verdict)
        path = manifest.folder / MODEL
        path.write_bytes(made.read_bytes())
    int8 = _entry(path, figures, _measured_on(recipe, parts.validation))
    measured = replace(measured_of(manifest), int8=int8)
    write_measured(manifest.folder / FILE, decided, measured)
    return Quantised(figures, path, f"int8 weights in {path}; {kept} first layers stay in float32")


def measure(
    classifier: str | Path,
    data_root: Path | None,
    split: str,
    progress: Report = silent,
    results: Path = RESULTS,
) -> Quantised:
    """Compare the int8 weights that a classifier has with its float32 ones on `split`.

    Writes `results/<name>-int8-<split>.json`. Raises what `quantise` raises.
    """
    manifest = manifest_of(classifier)
    path = manifest.checked_weights(Precision.INT8)
    recipe = read_recipe(manifest.folder / RECIPE)
    figures = _compare(manifest, path, examples_of(recipe, root_of(data_root), split), progress)
    write_figures(results / f"{manifest.name}-int8-{split}.json", figures)
    return Quantised(figures, path, f"measured {path}")


def _some(train: Sequence[Example], seed: int) -> list[Example]:
    """A choice by the recipe's seed, so that the same weights come out each time."""
    order = np.random.default_rng(seed).permutation(len(train))
    return [train[index] for index in order[:_IMAGES]]


def _write_quantised(manifest: Manifest, examples: Sequence[Example], path: Path, report: Report) -> int:
    """Write the first graph that is near enough, with as few layers in float32 as that takes.

    Near enough is one whose probabilities are, and which decides as float32 does on every reference image:
    else `engines.verify` would not let it run.

    First layers, since their errors go through all others, and their few channels differ most in range.
    Returns how many; half of all at most, where the comparison on the validation part will tell.
    """
    full_onnx = manifest.checked_weights()
    images = _prepared(manifest, examples)
    calibration, held_back = images[::2], images[1::2]
    full = answers_of(manifest, full_onnx, held_back, "float32", report)
    report(Progress("calibrate", 0, 1))
    quantiser = Quantiser(full_onnx, np.stack(calibration), path.parent)
    most = len(quantiser.multiplications) // 2
    for in_float32 in range(most + 1):
        quantiser.write(path, in_float32)
        report(Progress("calibrate", 1, 1))
        quantised = answers_of(manifest, path, held_back, f"{in_float32} layers in float32", report)
        is_near = _agreement(manifest, full, quantised).changes.mean() <= _CHANGE
        if is_near and _passes_verification(manifest, path):
            break
    return in_float32


def _passes_verification(manifest: Manifest, path: Path) -> bool:
    with OnnxRuntimeEngine(path) as engine:
        return verify(manifest, engine, Precision.INT8, reference_images(manifest)).holds


def _compare(manifest: Manifest, onnx: Path, examples: Sequence[Example], report: Report) -> list[Figure]:
    images = _prepared(manifest, examples)
    with tempfile.TemporaryDirectory() as folder:
        symmetric = Path(folder) / "symmetric.onnx"
        symmetric.write_bytes(to_symmetric(onnx))
        full, quantised, for_tensorrt = (
            answers_of(manifest, path, images, f"measure {what}", report)
            for path, what in (
                (manifest.checked_weights(), "float32"),
                (onnx, "int8"),
                (symmetric, "symmetric int8"),
            )
        )
    return figures_of(
        _agreement(manifest, full, quantised), _agreement(manifest, full, for_tensorrt), examples
    )


def _agreement(manifest: Manifest, full: Answers, quantised: Answers) -> Agreement:
    return Agreement(full, quantised, manifest.operating_point.threshold)


def _prepared(manifest: Manifest, examples: Sequence[Example]) -> list[Images]:
    return [prepare(read_pixels(example).gray, manifest.input.size).tensor for example in examples]


def _entry(path: Path, figures: Sequence[Figure], measured_on: str) -> Int8:
    return Int8(
        file=path.name,
        sha256=sha256_of(path),
        auc_float32=find(figures, AUC_FLOAT32).value,
        auc=find(figures, AUC_INT8).value,
        auc_loss=loss_of(find(figures, LOSS)),
        equal_decisions=rate_of(find(figures, EQUAL_DECISIONS)),
        measured_on=measured_on,
    )


def _measured_on(recipe: Recipe, validation: Sequence[Example]) -> str:
    patients = len({example.patient for example in validation})
    return (
        f"{recipe.data.called}, fold {recipe.data.validation_fold} (validation), "
        f"{len(validation)} images of {patients} patients"
    )
