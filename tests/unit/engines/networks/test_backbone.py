from pathlib import Path

import pytest
import torch
from torch import nn

from engines.errors import WeightsError
from engines.networks.backbone import load_backbone


def backbone() -> nn.Module:
    layers = {"conv": nn.Conv2d(3, 4, 3), "bn": nn.BatchNorm2d(4), "fc": nn.Linear(4, 5)}
    return nn.ModuleDict(layers)


def test_weights_are_matched_by_name_and_the_old_classes_are_left(tmp_path: Path) -> None:
    source, target = backbone(), backbone()
    classes = target["fc"].weight.clone()
    state = dict(reversed(source.state_dict().items())) | {"aux.weight": torch.zeros(7)}
    torch.save(state, tmp_path / "weights.pt")
    load_backbone(target, str(tmp_path / "weights.pt"), without=("fc.", "aux."))
    assert torch.equal(target["conv"].weight, source["conv"].weight)
    assert torch.equal(target["fc"].weight, classes)


def test_weights_of_other_names_and_without_counters_are_matched_by_order(tmp_path: Path) -> None:
    source, target = backbone(), backbone()
    kept = [t for n, t in source.state_dict().items() if not n.startswith("fc.") and t.dim() > 0]
    torch.save({f"layer{i}": tensor for i, tensor in enumerate(kept)}, tmp_path / "weights.pt")
    load_backbone(target, str(tmp_path / "weights.pt"), without=("fc.",))
    assert torch.equal(target["conv"].weight, source["conv"].weight)


@pytest.mark.parametrize("left_out", ["conv.bias", "bn.running_mean"])
def test_weights_that_lack_a_tensor_are_refused(left_out: str, tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in backbone().state_dict().items() if name != left_out}
    torch.save(state, tmp_path / "weights.pt")
    with pytest.raises(WeightsError, match="do not fit"):
        load_backbone(backbone(), str(tmp_path / "weights.pt"), without=("fc.",))


def test_without_a_source_the_random_weights_stay() -> None:
    target = backbone()
    before = target["conv"].weight.clone()
    load_backbone(target, None, without=("fc.",))
    assert torch.equal(target["conv"].weight, before)
