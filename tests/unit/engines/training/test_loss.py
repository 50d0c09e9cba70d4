import pytest
import torch

from engines.training.loss import outside_share


def test_evidence_outside_the_lesion_is_what_counts() -> None:
    masks = torch.zeros(1, 1, 8, 8)
    masks[..., :4, :4] = 1  # touches one of 2 x 2 cells
    inside, outside = torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)
    inside[0, 0, 0], outside[0, 1, 1] = -3.0, 2.0
    assert outside_share(inside, masks).item() == pytest.approx(0.0)
    assert outside_share(outside, masks).item() == pytest.approx(1.0)
    assert outside_share(inside + outside, masks).item() == pytest.approx(0.4)


def test_a_network_without_any_evidence_costs_nothing() -> None:
    assert outside_share(torch.zeros(2, 2, 2), torch.zeros(2, 1, 8, 8)).item() == 0.0
