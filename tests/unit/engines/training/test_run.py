import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engines.catalog import find_classifier
from engines.data.sets import data_root
from engines.errors import DataError
from engines.evaluation.evaluate import evaluate
from engines.evaluation.figures import find, read_figures
from engines.evaluation.recording import record
from engines.networks.catalog import ARCHITECTURES
from engines.open_engine import open_classifier
from engines.progress import Progress
from engines.training.run import train
from tests.unit.engines.builders import lesion_image, tiny_network
from tests.unit.engines.training.recipes import RECIPE, write_recipe


@pytest.fixture(scope="module")
def progress_seen() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, synthetic_data: Path, progress_seen: list[Progress]
) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("training")
    longer = RECIPE.replace("epochs = 2", "epochs = 12")
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", tiny_network)
        yield train(write_recipe(folder, longer), synthetic_data, folder / "out", progress_seen.append)
    torch.set_num_threads(threads)


def test_a_recipe_and_images_make_a_classifier_that_tells_them_apart(trained: Path) -> None:
    manifest = find_classifier("tiny", [trained.parent])
    with open_classifier(manifest) as classifier:
        scores = classifier.classify([lesion_image(malignant, 1000)[0] for malignant in (False, True)])
    assert scores[0].probability < scores[1].probability
    assert "validation" in manifest.operating_point.measured_on
    assert manifest.operating_point.sensitivity.value >= 0.9


def test_training_tells_its_progress(trained: Path, progress_seen: list[Progress]) -> None:
    assert {p.phase for p in progress_seen} == {"train", "epoch", "export", "guard"}
    assert all(0 <= p.done <= p.total for p in progress_seen)


def test_evaluation_writes_what_it_returns(trained: Path, synthetic_data: Path, tmp_path: Path) -> None:
    figures = evaluate(trained, synthetic_data, "test", results=tmp_path)
    assert read_figures(tmp_path / "tiny-test.json") == figures
    auc = find(figures, "AUC")
    assert auc.holds == (auc.value >= 0.9)
    assert "12 images of 6 patients" in auc.how
    assert (tmp_path / "tiny-test.html").read_text().count("<svg") == 4
    assert set(json.loads((tmp_path / "tiny-test.json").read_text())[0]) >= {
        "measure",
        "value",
        "unit",
        "target",
        "holds",
        "how",
    }


def test_any_data_set_can_be_evaluated_on(trained: Path, synthetic_data: Path, tmp_path: Path) -> None:
    figures = evaluate(trained, None, f"bus-bra:{synthetic_data / 'bus-bra'}", results=tmp_path)
    assert "60 images of 30 patients" in find(figures, "AUC").how
    assert read_figures(tmp_path / "tiny-bus-bra.json") == figures


def test_recorded_figures_are_the_evaluated_ones(trained: Path, synthetic_data: Path, tmp_path: Path) -> None:
    figures = evaluate(trained, synthetic_data, "test", results=tmp_path)
    (trained / "CARD.md").write_text("# Card\n<!-- figures: test -->\nold\n<!-- end -->\nrest\n")
    record(trained, tmp_path, "test", measured_on="the test part")
    point = find_classifier("tiny", [trained.parent]).operating_point
    assert point.measured_on == "the test part"
    assert point.sensitivity.value == find(figures, "sensitivity").value
    card = (trained / "CARD.md").read_text()
    assert "old" not in card
    assert card.endswith("<!-- end -->\nrest\n")
    assert f"| AUC | {find(figures, 'AUC').value:.3f} |" in card


def test_a_card_without_a_place_for_figures_is_refused(
    trained: Path, synthetic_data: Path, tmp_path: Path
) -> None:
    evaluate(trained, synthetic_data, "validation", results=tmp_path)
    (trained / "CARD.md").write_text("# Card\n")
    with pytest.raises(DataError, match="figures: validation"):
        record(trained, tmp_path, "validation")


def test_an_unknown_split_is_answered_with_what_there_is(trained: Path, synthetic_data: Path) -> None:
    with pytest.raises(DataError, match="no split 'tset'; there are: train, validation, test, busi"):
        evaluate(trained, synthetic_data, "tset")


def test_the_data_root_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREREAD_DATA", str(tmp_path))
    assert data_root(None) == tmp_path
    monkeypatch.delenv("PREREAD_DATA")
    with pytest.raises(DataError, match="PREREAD_DATA"):
        data_root(None)
