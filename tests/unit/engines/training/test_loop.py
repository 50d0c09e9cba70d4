import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engines.networks.catalog import ARCHITECTURES
from engines.networks.lesion.network import lesion_mobilenet_v2
from engines.training.bus_bra import bus_bra
from engines.training.examples import Parts
from engines.training.loop import fit, learning_rate
from engines.training.pictures import read_pictures
from engines.training.progress import Progress, silent
from engines.training.recipe import Recipe, Stage, read_recipe
from tests.unit.engines.builders import SIZE, tiny_network
from tests.unit.engines.training.recipes import RECIPE, write_recipe


@pytest.fixture(autouse=True)
def tiny_architecture(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(ARCHITECTURES, "tiny", tiny_network)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return read_recipe(write_recipe(tmp_path))


@pytest.fixture
def parts(synthetic_data: Path) -> Parts:
    return bus_bra(synthetic_data / "bus-bra", test_fold=5, validation_fold=4)


class Kill(Exception):  # noqa: N818
    pass


def _weights(path: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["network"]
    return state


def test_a_run_that_was_killed_ends_as_one_that_was_not(recipe: Recipe, parts: Parts, tmp_path: Path) -> None:
    def kill_in_the_second_epoch(progress: Progress) -> None:
        if progress.phase == "train" and progress.done == 6:
            raise Kill

    fit(recipe, parts, tmp_path / "whole", silent)
    with pytest.raises(Kill):
        fit(recipe, parts, tmp_path / "killed", kill_in_the_second_epoch)
    fit(recipe, parts, tmp_path / "killed", silent)

    histories = [json.loads((tmp_path / run / "history.json").read_text()) for run in ("whole", "killed")]
    assert histories[0] == histories[1]
    whole, killed = (_weights(tmp_path / run / "last.pt") for run in ("whole", "killed"))
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_frozen_blocks_stay_as_they_were(recipe: Recipe, parts: Parts, tmp_path: Path) -> None:
    def stop_after_the_head(progress: Progress) -> None:
        if progress.phase == "epoch":
            raise Kill

    torch.manual_seed(recipe.seed)
    fresh = tiny_network().state_dict()
    with pytest.raises(Kill):
        fit(recipe, parts, tmp_path / "run", stop_after_the_head)
    trained = _weights(tmp_path / "run" / "last.pt")
    assert all(torch.equal(trained[name], fresh[name]) for name in fresh if name.startswith("features"))
    assert not torch.equal(trained["head.linear.weight"], fresh["head.linear.weight"])


def test_training_stops_when_the_validation_auc_no_longer_rises(parts: Parts, tmp_path: Path) -> None:
    patient = RECIPE.replace("patience = 10", "patience = 1").replace("epochs = 2", "epochs = 50")
    still = patient.replace("learning_rate = 0.02", "learning_rate = 0.0")
    fit(read_recipe(write_recipe(tmp_path, still)), parts, tmp_path / "run", silent)
    assert len(json.loads((tmp_path / "run" / "history.json").read_text())) < 10


def test_the_learning_rate_warms_up_and_then_falls() -> None:
    rates = [learning_rate(Stage("all", 2, 1.0, 0), step, 50, warmup_steps=10) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates.index(max(rates)) == 9
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert 0.02 <= rates[-1] < 0.03


LESION = (
    RECIPE.replace('architecture = "tiny"', 'architecture = "lesion_mobilenet_v2"')
    .replace(f"size = {SIZE}", "size = 64")
    .replace("outside = 0.1", "lesion = 0.5\nbirads = 0.3")
    .replace("epochs = 2", "epochs = 14")
)


def test_a_network_that_finds_the_lesion_learns_where_it_is(parts: Parts, tmp_path: Path) -> None:
    fit(read_recipe(write_recipe(tmp_path, LESION)), parts, tmp_path / "run", silent)
    network, size = lesion_mobilenet_v2(None), 64
    network.load(torch.load(tmp_path / "run" / "last.pt", weights_only=True)["average"]["network"])
    network.eval()
    pictures = read_pictures(parts.validation, size)
    with torch.no_grad():
        _, lesion = network.both(pictures.gray.float() / 255)
    found = torch.nn.functional.interpolate(torch.sigmoid(lesion), (size, size), mode="bilinear")
    wanted = pictures.lesion.float()
    overlap = 2 * (found * wanted).sum() / (found.sum() + wanted.sum())
    assert overlap > 0.5
