import pytest

from engines.catalog import find_classifiers
from engines.manifest import Manifest
from engines.training.figures import find, read_figures
from engines.training.recording import table

MANIFESTS = [pytest.param(manifest, id=name) for name, manifest in sorted(find_classifiers().items())]
LARGEST_BYTES = 25_000_000


def test_a_classifier_is_shipped() -> None:
    assert "us-mass" in find_classifiers()


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_shipped_weights_are_the_manifest_s_and_small(manifest: Manifest) -> None:
    assert manifest.checked_weights().stat().st_size <= LARGEST_BYTES


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_the_card_s_figures_are_those_that_evaluation_wrote(manifest: Manifest) -> None:
    card = (manifest.folder / "CARD.md").read_text(encoding="utf-8")
    written = sorted(manifest.folder.glob("figures-*.json"))
    assert "figures-test.json" in {path.name for path in written}
    for path in written:
        assert table(read_figures(path)) in card


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_the_operating_point_is_the_held_out_one(manifest: Manifest) -> None:
    figures = read_figures(manifest.folder / "figures-test.json")
    point = manifest.operating_point
    for measure, rate in (("sensitivity", point.sensitivity), ("specificity", point.specificity)):
        figure = find(figures, measure)
        assert (figure.value, figure.low, figure.high) == (rate.value, rate.low, rate.high)


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_a_shipped_classifier_meets_every_target(manifest: Manifest) -> None:
    figures = read_figures(manifest.folder / "figures-test.json")
    assert find(figures, "AUC").target is not None
    assert [figure.measure for figure in figures if figure.holds is False] == []
