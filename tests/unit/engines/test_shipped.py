import re
from pathlib import Path

import pytest

from engines.catalog import find_classifiers
from engines.evaluation.figures import find, rate_of, read_figures
from engines.evaluation.recording import table
from engines.manifest import Manifest
from engines.precision import Precision
from engines.quantise.measure import (
    AUC_FLOAT32,
    AUC_INT8,
    EQUAL_DECISIONS,
    LARGEST_LOSS,
    LOSS,
    LOSS_SYMMETRIC,
    loss_of,
)

SHIPPED = sorted(find_classifiers().items())
MANIFESTS = [pytest.param(manifest, id=name) for name, manifest in SHIPPED]
INT8 = [pytest.param(manifest, id=name) for name, manifest in SHIPPED if manifest.int8 is not None]
LARGEST_BYTES = 25_000_000


def held_out(manifest: Manifest) -> Path:
    """What was measured on images that the classifier had not learnt from: a part, or each fold in turn."""
    (path,) = (
        manifest.folder / f"figures-{name}.json"
        for name in ("test", "folds")
        if (manifest.folder / f"figures-{name}.json").is_file()
    )
    return path


def test_a_classifier_is_shipped() -> None:
    assert "us-mass" in find_classifiers()


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_shipped_weights_are_the_manifest_s_and_small(manifest: Manifest) -> None:
    assert manifest.checked_weights().stat().st_size <= LARGEST_BYTES


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_the_card_s_figures_are_those_that_evaluation_wrote(manifest: Manifest) -> None:
    card = (manifest.folder / "CARD.md").read_text(encoding="utf-8")
    written = sorted(manifest.folder.glob("figures-*.json"))
    assert held_out(manifest) in written
    for path in written:
        assert table(read_figures(path)) in card


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_the_operating_point_is_the_held_out_one(manifest: Manifest) -> None:
    figures = read_figures(held_out(manifest))
    point = manifest.operating_point
    for measure, rate in (("sensitivity", point.sensitivity), ("specificity", point.specificity)):
        figure = find(figures, measure)
        assert (figure.value, figure.low, figure.high) == (rate.value, rate.low, rate.high)


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_the_card_names_every_target_that_is_not_reached_and_the_auc_is(manifest: Manifest) -> None:
    figures = read_figures(held_out(manifest))
    assert find(figures, "AUC").holds
    card = (manifest.folder / "CARD.md").read_text(encoding="utf-8")
    _, _, told = card.partition("## Targets that are not reached")
    named = re.findall(r"^- \*\*(.+?)\*\* ([0-9.]+), target", told.partition("\n## ")[0], re.MULTILINE)
    missed = [(one.measure, f"{one.value:.3f}") for one in figures if one.holds is False]
    assert named == missed


@pytest.mark.parametrize("manifest", INT8)
def test_shipped_int8_weights_are_the_manifest_s_and_a_third_of_the_float32_ones(manifest: Manifest) -> None:
    int8 = manifest.checked_weights(Precision.INT8).stat().st_size
    assert int8 < manifest.checked_weights().stat().st_size / 3


@pytest.mark.parametrize("manifest", INT8)
def test_what_int8_costs_is_what_was_measured_and_within_the_limit(manifest: Manifest) -> None:
    figures = read_figures(manifest.folder / "figures-int8-validation.json")
    int8 = manifest.int8
    assert int8 is not None
    assert int8.auc_float32 == find(figures, AUC_FLOAT32).value
    assert int8.auc == find(figures, AUC_INT8).value
    assert int8.auc_loss == loss_of(find(figures, LOSS))
    assert int8.auc_loss.value <= LARGEST_LOSS
    assert find(figures, LOSS_SYMMETRIC).holds
    assert int8.equal_decisions == rate_of(find(figures, EQUAL_DECISIONS))
