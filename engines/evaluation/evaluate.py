"""What classifiers are worth on images that they have not learnt from."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from engines.catalog import find_classifier
from engines.data.examples import Example
from engines.data.formats import folds_named
from engines.data.sets import data_root as root_of
from engines.data.sets import examples_of
from engines.errors import DataError
from engines.evaluation.classifier_figures import guard_figures, measure, side_of
from engines.evaluation.comparison import compared
from engines.evaluation.figures import Figure, write_figures
from engines.evaluation.painted import painted, painted_figures
from engines.evaluation.report import Evaluation, write_report
from engines.evaluation.score_table import read_score_table
from engines.evaluation.scoring import score
from engines.evaluation.side_figures import side_figures
from engines.evaluation.sides import Cases, Side
from engines.manifest import FILE, Manifest, read_manifest
from engines.open_engine import open_classifier
from engines.progress import Report, silent
from engines.training.recipe import RECIPE, read_recipe

RESULTS = Path("build/results")


def evaluate(
    classifier: str | Path,
    data_root: Path | None,
    split: str,
    progress: Report = silent,
    results: Path = RESULTS,
    *,
    paint: bool = False,
) -> list[Figure]:
    """Measure a classifier, by name or folder, on `train`, `validation`, `test` or `busi`, or on any data set
    as `form:folder`; with `paint` also what calipers and text change.

    Writes `results/<name>-<split>.json` and a report with curves beside it. Raises CatalogError,
    WeightsError, DataError.
    """
    manifest = manifest_of(classifier)
    examples = _examples(manifest, data_root, split)
    with open_classifier(manifest) as opened:
        scored = score(opened.classify, examples, progress)
        marked = painted(opened.classify, examples, scored.probabilities, progress) if paint else None
    figures = measure(scored, manifest) + guard_figures(scored, manifest)
    if marked is not None:
        figures += painted_figures(marked, manifest.operating_point.threshold)
    stem = f"{manifest.name}-{name_of(split)}"
    write_figures(results / f"{stem}.json", figures)
    side = side_of(scored, manifest)
    evaluation = Evaluation(f"{side.name} on {name_of(split)}", scored.cases, [side], [figures], [])
    write_report(results / f"{stem}.html", evaluation)
    return figures


def compare(
    classifiers: Sequence[str | Path],
    data_root: Path | None,
    split: str,
    progress: Report = silent,
    results: Path = RESULTS,
) -> Evaluation:
    """Measure several on the same images, and compare each further one with the first.

    `split` is of the first one's recipe. Writes `results/compare-<split>.html` and `.json`. Raises as
    `evaluate`.
    """
    manifests = [manifest_of(one) for one in classifiers]
    examples = _examples(manifests[0], data_root, split)
    sides = []
    for manifest in manifests:
        with open_classifier(manifest) as opened:
            scored = score(opened.classify, examples, progress)
        sides.append(side_of(scored, manifest))
    return compare_sides(sides, scored.cases, f"compare-{name_of(split)}", results)


def compare_table(table: Path, thresholds: Mapping[str, float], results: Path = RESULTS) -> Evaluation:
    """The same for readers and others whose scores are in a table (score_table.py). Raises DataError."""
    cases, sides = read_score_table(table, thresholds)
    return compare_sides(sides, cases, f"compare-{table.stem}", results)


def compare_sides(sides: Sequence[Side], cases: Cases, title: str, results: Path) -> Evaluation:
    """All measures of each, and each against the first; written as `results/<title>.html` and `.json`."""
    figures = [side_figures(side, cases) for side in sides]
    comparisons = [compared(side, sides[0], cases) for side in sides[1:]]
    evaluation = Evaluation(title, cases, sides, figures, comparisons)
    write_report(results / f"{title}.html", evaluation)
    write_figures(results / f"{title}.json", evaluation.all_figures())
    return evaluation


def manifest_of(classifier: str | Path) -> Manifest:
    """The manifest in a folder, or of a catalogued name."""
    if (Path(classifier) / FILE).is_file():
        return read_manifest(Path(classifier) / FILE)
    return find_classifier(str(classifier))


def name_of(split: str) -> str:
    """What results on it are called: of `form:folder` the folder's own name."""
    return Path(split.partition(":")[2] or split).name


def _examples(manifest: Manifest, data_root: Path | None, split: str) -> tuple[Example, ...]:
    examples: tuple[Example, ...]
    if ":" in split:
        examples = tuple(example for theirs in folds_named(split).values() for example in theirs)
    else:
        examples = examples_of(read_recipe(manifest.folder / RECIPE), root_of(data_root), split)
    if {example.label for example in examples} != {0, 1}:
        raise DataError(f"split {split!r} needs benign and malignant images; choose another")
    return examples
