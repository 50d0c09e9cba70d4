from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.data.examples import Example
from engines.errors import DataError, RecipeError, UnfamiliarInput
from engines.evaluation.evaluate import evaluate
from engines.evaluation.figures import find, rate_of, read_figures
from engines.evaluation.scoring import Scored, ScoredImage
from engines.manifest import FILE, read_manifest
from engines.networks.catalog import ARCHITECTURES
from engines.open_engine import open_classifier
from engines.refusal import Guard
from engines.training.held_out import HeldOut
from engines.training.run import train, train_one_fold
from tests.unit.engines.builders import (
    lesion_image,
    tiny_lesion_network,
    tiny_network,
    write_bus_bra,
)
from tests.unit.engines.training.recipes import RECIPE, write_recipe

RECIPE_OF_FOLDS = RECIPE.replace("test_fold = 5\nvalidation_fold = 4\n", "").replace(
    "[early_stopping]\npatience = 10\n", ""
)
LESION = (
    RECIPE_OF_FOLDS.replace('architecture = "tiny"', 'architecture = "tiny_lesion"')
    .replace("outside = 0.1\n", "")
    .replace('name = "head"\nepochs = 1', 'name = "finder"\nlearns = "lesion"\nepochs = 2')
    .replace("freeze = -1", "freeze = 0")
    .replace('name = "all"\nepochs = 2', 'name = "judge"\nepochs = 12')
)


@pytest.fixture(scope="module")
def two_folds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bus_bra(tmp_path_factory.mktemp("data"), patients=18, folds=2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, two_folds: Path) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("training")
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny_lesion", tiny_lesion_network)
        recipe = write_recipe(folder, LESION)
        alone = train_one_fold(recipe, two_folds, folder / "out", 2)
        before = (alone / "last.pt").stat().st_mtime_ns
        yield train(recipe, two_folds, folder / "out")
        assert (alone / "last.pt").stat().st_mtime_ns == before, "it was trained again"
    torch.set_num_threads(threads)


def test_the_judges_of_all_folds_become_one_classifier(trained: Path) -> None:
    manifest = read_manifest(trained / FILE)
    assert "each fold held out once, 36 images" in manifest.operating_point.measured_on
    with open_classifier(manifest) as classifier:
        (score,) = classifier.classify([lesion_image(True, 1000)[0]])
    assert score.lesion is not None
    assert score.lesion.shape == (56, 56)
    assert score.lesion_mask is not None
    assert score.lesion_mask.shape == (48, 64)
    assert (trained.parent / "fold-1" / "best.pt").is_file()
    assert (trained.parent / "fold-2" / "best.pt").is_file()


def test_figures_are_those_of_images_that_were_held_out(trained: Path) -> None:
    figures = read_figures(trained / "figures-folds.json")
    folds = [find(figures, f"AUC, fold {number}").value for number in (1, 2)]
    assert find(figures, "AUC, mean of folds").value == pytest.approx(np.mean(folds))
    assert "36 images of 18 patients" in find(figures, "AUC").how
    point = read_manifest(trained / FILE).operating_point
    assert rate_of(find(figures, "sensitivity")) == point.sensitivity
    assert rate_of(find(figures, "specificity")) == point.specificity
    assert 0 <= find(figures, "lesion Dice, mean").value <= 1
    assert find(figures, "decisions changed by calipers").how == "calipers painted into 36 images"


def test_its_guard_takes_familiar_images_and_refuses_others(trained: Path) -> None:
    manifest = read_manifest(trained / FILE)
    assert manifest.guard is not None
    assert manifest.guard.refused.value <= 0.05
    guard = Guard(manifest)
    familiar = lesion_image(True, 2000)[0]
    strange = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (24, 32))
    guard.check(familiar)
    assert guard.strangeness(strange) > 3 * guard.strangeness(familiar)
    with pytest.raises(UnfamiliarInput, match="unlike those that tiny was made from"):
        guard.check(strange)


def test_there_is_no_part_left_to_test_on(trained: Path, two_folds: Path) -> None:
    with pytest.raises(DataError, match="has learnt from every fold of bus-bra"):
        evaluate(trained, two_folds, "test")


def test_a_network_without_judges_is_refused(
    two_folds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ARCHITECTURES, "tiny", tiny_network)
    with pytest.raises(RecipeError, match="'tiny' has no judges to be put together"):
        train(write_recipe(tmp_path, RECIPE_OF_FOLDS), two_folds, tmp_path / "out")


@pytest.mark.parametrize(
    ("held_out", "fold", "error"),
    [
        ("[1, 3]", 1, "bus-bra has no fold 3; there are: \\[1, 2\\]"),
        ("[2, 1]", 3, "does not hold out fold 3"),
        ("[1]", 1, "held_out names one fold; name two or more"),
    ],
)
def test_a_fold_that_is_not_held_out_is_refused(
    held_out: str, fold: int, error: str, two_folds: Path, tmp_path: Path
) -> None:
    of_some = LESION.replace("[network]", f"held_out = {held_out}\n\n[network]", 1)
    with pytest.raises((DataError, RecipeError), match=error):
        train_one_fold(write_recipe(tmp_path, of_some), two_folds, tmp_path / "out", fold)


def test_folds_are_held_out_or_divided_but_not_both(tmp_path: Path) -> None:
    both = RECIPE.replace("test_fold = 5", "held_out = [1]\ntest_fold = 5")
    with pytest.raises(RecipeError, match="give held_out, or test_fold and validation_fold"):
        train_one_fold(write_recipe(tmp_path, both), tmp_path, tmp_path / "out", 1)


def scored(logits: list[float], labels: list[int], patient: str) -> Scored:
    nan = float("nan")
    return Scored(
        tuple(
            ScoredImage(
                Example(Path("i"), Path("m"), label, f"{patient}{number}", "scanner"),
                *(logit, 0.0, None, nan, 0.0, None),
            )
            for number, (logit, label) in enumerate(zip(logits, labels, strict=True))
        )
    )


def test_a_fold_is_calibrated_by_the_others() -> None:
    """Labels of a fold that are the wrong way round must not make its own probabilities right."""
    rng = np.random.default_rng(0)
    labels = [int(one) for one in rng.integers(0, 2, 200)]
    logits = [2.0 * label - 1 + float(rng.normal()) for label in labels]
    wrong = scored(logits, [1 - label for label in labels], "w")
    right = {number: scored(logits, labels, f"r{number}") for number in (2, 3, 4)}
    calibrated = HeldOut({1: wrong, **right}).calibrated()
    assert np.corrcoef(calibrated.probabilities[:200], logits)[0, 1] > 0.9
