from dataclasses import replace

import pytest
import torch

from engines.training.augmentation.augment import augment
from engines.training.augmentation.framing import Frame, box_of
from engines.training.recipe import Augmentation

NOTHING = Augmentation(crop=0, affine=0, tone=0, speckle=0, blur=0, depth_gain=0, erase=0, marks=0)
EVERYTHING = Augmentation(crop=1, affine=1, tone=1, speckle=1, blur=1, depth_gain=1, erase=1, marks=1)
COUNT, SIZE = 16, 64
WHOLE = Frame(SIZE)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images_with_a_lesion() -> tuple[torch.Tensor, torch.Tensor]:
    gray = torch.rand(COUNT, 1, SIZE, SIZE, generator=seeded()) * 0.5
    lesion = torch.zeros(COUNT, 1, SIZE, SIZE)
    lesion[:, :, 20:36, 12:28] = 1.0
    return gray, lesion


def test_without_any_change_an_image_is_itself_or_its_mirror_image() -> None:
    gray, lesion = images_with_a_lesion()
    changed, mask = augment(gray, lesion, WHOLE, NOTHING, seeded())
    mirrored = [
        torch.allclose(changed[i], gray[i].flip(2), atol=1e-5) and torch.equal(mask[i], lesion[i].flip(2))
        for i in range(COUNT)
    ]
    same = [
        torch.allclose(changed[i], gray[i], atol=1e-5) and torch.equal(mask[i], lesion[i])
        for i in range(COUNT)
    ]
    assert all(one or other for one, other in zip(mirrored, same, strict=True))
    assert any(mirrored)
    assert any(same)


def test_the_same_seed_gives_the_same_images_and_another_does_not() -> None:
    gray, lesion = images_with_a_lesion()
    first, _ = augment(gray, lesion, WHOLE, EVERYTHING, seeded(1))
    again, _ = augment(gray, lesion, WHOLE, EVERYTHING, seeded(1))
    other, _ = augment(gray, lesion, WHOLE, EVERYTHING, seeded(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_images_stay_in_range_and_masks_stay_masks() -> None:
    changed, mask = augment(*images_with_a_lesion(), WHOLE, EVERYTHING, seeded())
    assert changed.isfinite().all()
    assert 0 <= changed.min() <= changed.max() <= 1
    assert set(mask.unique().tolist()) == {0.0, 1.0}


def test_cutting_out_keeps_the_lesion() -> None:
    only_cut = Augmentation(crop=1, affine=0, tone=0, speckle=0, blur=0, depth_gain=0, erase=0, marks=0)
    _, lesion = images_with_a_lesion()
    for seed in range(8):
        _, mask = augment(lesion, lesion, WHOLE, only_cut, seeded(seed))
        assert (mask.sum((1, 2, 3)) >= 0.9 * 16 * 16).all()  # nothing is cut off; closer is larger


def test_image_and_mask_move_together() -> None:
    _, lesion = images_with_a_lesion()
    moved = Augmentation(crop=1, affine=1, tone=0, speckle=0, blur=0, depth_gain=0, erase=0, marks=0)
    changed, mask = augment(lesion, lesion, WHOLE, moved, seeded())
    assert torch.equal((changed >= 0.5).float(), mask)


@pytest.mark.parametrize("name", ["erase", "marks"])
def test_what_is_painted_in_changes_few_pixels(name: str) -> None:
    settings = Augmentation(**{**{one: 0.0 for one in Augmentation.__slots__}, name: 1.0})
    gray = torch.full((COUNT, 1, SIZE, SIZE), 0.25)
    _, lesion = images_with_a_lesion()
    changed, mask = augment(gray, lesion, WHOLE, settings, seeded())
    painted = (changed - gray).abs() > 1e-3
    assert 0 < painted.float().mean() < 0.25
    if name == "erase":
        assert not (painted & (mask > 0)).any()


def test_a_view_shows_the_lesion_as_large_as_its_margin_says() -> None:
    _, lesion = images_with_a_lesion()
    turned = Augmentation(crop=0, affine=0, tone=0, speckle=0, blur=0, depth_gain=0, erase=0, marks=0)
    view, mask = augment(lesion, lesion, Frame(40, (2.0, 2.0)), turned, seeded())
    assert view.shape == (COUNT, 1, 40, 40)
    share = mask.mean((1, 2, 3))  # a square lesion, whose circle is a little wider than itself
    torch.testing.assert_close(share, torch.full((COUNT,), 0.19), atol=0.03, rtol=0)


def test_views_differ_in_width_and_place() -> None:
    _, lesion = images_with_a_lesion()
    _, mask = augment(lesion, lesion, Frame(40, (1.2, 3.0)), NOTHING, seeded())
    shares = mask.mean((1, 2, 3))
    assert shares.max() > 2 * shares.min()
    assert len({tuple(one.sum(0).nonzero().min().tolist() for one in (m[0],)) for m in mask}) > 1


def test_box_of_a_mask_and_of_none() -> None:
    lesion = torch.zeros(2, 1, 5, 5)
    lesion[0, 0, 1:4, 2:5] = 1.0
    low, high = box_of(lesion)
    assert low.tolist() == [[0.0, -0.5], [-0.125, -0.125]]
    assert high.tolist() == [[1.0, 0.5], [0.125, 0.125]]


def test_seen_from_further_away_a_lesion_is_smaller_and_all_of_it_is_there() -> None:
    _, lesion = images_with_a_lesion()
    _, mask = augment(lesion, lesion, WHOLE, replace(NOTHING, wide=1.0), seeded())
    areas = mask.sum((1, 2, 3))
    assert (areas >= 0.9 * 16 * 16 / 1.5**2).all()
    assert (areas <= 1.1 * 16 * 16).all()
    assert areas.max() > 1.3 * areas.min()
