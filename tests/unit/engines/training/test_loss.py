import pytest
import torch

from engines.data.examples import UNKNOWN
from engines.training.loss import birads_loss, class_loss, class_weights, lesion_loss, outside_share


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


def test_images_without_a_mass_do_not_count_for_the_class() -> None:
    logits = torch.tensor([[2.0, -2.0], [-9.0, 9.0]])
    alone = class_loss(logits[:1], torch.tensor([0]), 0.0)
    assert class_loss(logits, torch.tensor([0, UNKNOWN]), 0.0) == pytest.approx(float(alone))
    assert class_loss(logits, torch.tensor([UNKNOWN, UNKNOWN]), 0.0) == 0


def test_the_right_outline_costs_less_than_any_other() -> None:
    lesion = torch.zeros(1, 1, 8, 8)
    lesion[:, :, 2:6, 2:6] = 1.0
    right = lesion_loss((lesion * 2 - 1) * 9, lesion)
    assert right < 0.01
    for wrong in (lesion * 0 - 9, lesion * 0 + 9, (lesion.roll(2, 2) * 2 - 1) * 9):
        assert lesion_loss(wrong, lesion) > right + 0.1


@pytest.mark.parametrize(("birads", "above"), [(2, 0), (3, 1), (4, 2), (5, 3)])
def test_a_category_is_above_all_that_are_lower(birads: int, above: int) -> None:
    logits = torch.tensor([[9.0 if step < above else -9.0 for step in range(3)]])
    assert birads_loss(logits, torch.tensor([birads])) < 0.01
    assert birads_loss(-logits, torch.tensor([birads])) > 1


def test_an_unknown_category_does_not_count() -> None:
    assert birads_loss(torch.full((2, 3), 9.0), torch.tensor([UNKNOWN, UNKNOWN])) == 0


def test_with_weights_both_classes_count_alike() -> None:
    labels = torch.tensor([0] * 9 + [1] + [UNKNOWN] * 5)
    weights = class_weights(labels)
    assert (weights * torch.tensor([9.0, 1.0])).tolist() == [5.0, 5.0]
    one_wrong = torch.tensor([[3.0, -3.0]] * 10)  # everything is called benign
    plain = class_loss(one_wrong, labels[:10], 0.0)
    assert class_loss(one_wrong, labels[:10], 0.0, weights) > 4 * plain
