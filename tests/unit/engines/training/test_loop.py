import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engines.data.bus_bra import bus_bra_folds
from engines.data.examples import LearningSet
from engines.errors import DataError, RecipeError
from engines.networks.catalog import ARCHITECTURES
from engines.progress import Progress, silent
from engines.training.loop import fit, learning_rate
from engines.training.recipe import Recipe, Stage, read_recipe
from tests.unit.engines.builders import tiny_lesion_network, tiny_network
from tests.unit.engines.training.recipes import RECIPE, write_recipe

Sets = dict[str, LearningSet]


@pytest.fixture(autouse=True)
def tiny_architecture(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(ARCHITECTURES, "tiny", tiny_network)
    monkeypatch.setitem(ARCHITECTURES, "tiny_lesion", tiny_lesion_network)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return read_recipe(write_recipe(tmp_path))


@pytest.fixture
def sets(synthetic_data: Path) -> Sets:
    folds = bus_bra_folds(synthetic_data / "bus-bra")
    return {"": LearningSet([*folds[1], *folds[2], *folds[3]], folds[4])}


class Kill(Exception):  # noqa: N818
    pass


def _weights(path: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["network"]
    return state


def test_a_run_that_was_killed_ends_as_one_that_was_not(recipe: Recipe, sets: Sets, tmp_path: Path) -> None:
    def kill_in_the_second_epoch(progress: Progress) -> None:
        if progress.phase == "train" and progress.done == 6:
            raise Kill

    fit(recipe, sets, tmp_path / "whole", silent)
    with pytest.raises(Kill):
        fit(recipe, sets, tmp_path / "killed", kill_in_the_second_epoch)
    fit(recipe, sets, tmp_path / "killed", silent)

    histories = [json.loads((tmp_path / run / "history.json").read_text()) for run in ("whole", "killed")]
    assert histories[0] == histories[1]
    whole, killed = (_weights(tmp_path / run / "last.pt") for run in ("whole", "killed"))
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_frozen_blocks_stay_as_they_were(recipe: Recipe, sets: Sets, tmp_path: Path) -> None:
    def stop_after_the_head(progress: Progress) -> None:
        if progress.phase == "epoch":
            raise Kill

    torch.manual_seed(recipe.seed)
    fresh = tiny_network().state_dict()
    with pytest.raises(Kill):
        fit(recipe, sets, tmp_path / "run", stop_after_the_head)
    trained = _weights(tmp_path / "run" / "last.pt")
    assert all(torch.equal(trained[name], fresh[name]) for name in fresh if name.startswith("features"))
    assert not torch.equal(trained["head.linear.weight"], fresh["head.linear.weight"])


def test_training_stops_when_the_validation_auc_no_longer_rises(sets: Sets, tmp_path: Path) -> None:
    patient = RECIPE.replace("patience = 10", "patience = 1").replace("epochs = 2", "epochs = 50")
    still = patient.replace("learning_rate = 0.02", "learning_rate = 0.0")
    fit(read_recipe(write_recipe(tmp_path, still)), sets, tmp_path / "run", silent)
    assert len(json.loads((tmp_path / "run" / "history.json").read_text())) < 10


def test_the_learning_rate_warms_up_and_then_falls() -> None:
    rates = [learning_rate(Stage("all", 2, 1.0, 0), step, 50, warmup_steps=10) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates.index(max(rates)) == 9
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0.02 <= rates[-1] < 0.03


def test_without_early_stopping_the_last_epoch_counts(sets: Sets, tmp_path: Path) -> None:
    text = RECIPE.replace("[early_stopping]\npatience = 10\n", "")
    best = fit(read_recipe(write_recipe(tmp_path, text)), sets, tmp_path / "run", silent)
    average = torch.load(tmp_path / "run" / "last.pt", weights_only=True)["average"]["network"]
    assert all(torch.equal(value, average[name]) for name, value in _weights(best).items())


LESION = (
    RECIPE.replace('architecture = "tiny"', 'architecture = "tiny_lesion"')
    .replace("outside = 0.1\n", "birads = 0.3\n")
    .replace('name = "head"\nepochs = 1', 'name = "finder"\nlearns = "lesion"\nepochs = 6')
    .replace("freeze = -1", "freeze = 0")
    .replace("epochs = 2", "epochs = 1")
)


def test_a_network_that_finds_the_lesion_learns_where_it_is_and_then_to_judge_it(
    sets: Sets, tmp_path: Path
) -> None:
    recipe = read_recipe(write_recipe(tmp_path, LESION))
    fit(recipe, sets, tmp_path / "run", silent)
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    assert [one["stage"] for one in history] == ["finder"] * 6 + ["all"]
    assert history[5]["Dice"] > 0.5 > history[0]["Dice"]
    assert "AUC, held out" in (tmp_path / "run" / "history.svg").read_text()
    assert 0 <= history[6]["AUC"] <= 1
    found, judged = (
        [name for name in _weights(tmp_path / "run" / "last.pt") if name.startswith(part)]
        for part in ("finder", "judges")
    )
    assert found
    assert judged


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("birads = 0.3", "outside = 0.3", "loss.outside means nothing to 'tiny_lesion'"),
        ('"tiny_lesion"', '"tiny"', "learns the lesion, which 'tiny' does not find"),
    ],
)
def test_what_a_network_cannot_learn_is_refused_before_it_trains(
    sets: Sets, tmp_path: Path, old: str, new: str, why: str
) -> None:
    recipe = read_recipe(write_recipe(tmp_path, LESION.replace(old, new)))
    with pytest.raises(RecipeError, match=why):
        fit(recipe, sets, tmp_path / "run", silent)


OTHER = (
    LESION
    + """
[[other_data]]
name = "films"
form = "mini-mias"
folder = "films"
"""
)


def test_a_stage_learns_from_the_set_it_names(sets: Sets, tmp_path: Path) -> None:
    text = OTHER.replace('learns = "lesion"', 'data = "films"')
    films = LearningSet(sets[""].train[:16], sets[""].validation[:6])
    seen: list[int] = []
    recipe = read_recipe(write_recipe(tmp_path, text))
    fit(recipe, sets | {"films": films}, tmp_path / "run", lambda progress: seen.append(progress.total))
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    assert [one["stage"] for one in history] == ["finder"] * 6 + ["all"]
    assert {2 * recipe.epochs, 4 * recipe.epochs} <= set(seen)  # 16 and 36 images in batches of eight


def test_a_stage_that_learns_the_lesion_needs_masks(sets: Sets, tmp_path: Path) -> None:
    without = [replace(example, mask=None) for example in sets[""].train]
    recipe = read_recipe(write_recipe(tmp_path, LESION))
    with pytest.raises(
        DataError, match="stage 'finder' learns the lesion, and images of its data set have no mask"
    ):
        fit(recipe, {"": LearningSet(without, sets[""].validation)}, tmp_path / "run", silent)
