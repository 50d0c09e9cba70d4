import dataclasses

import numpy as np
import pytest

from engines.training.augmentation import augment
from engines.training.examples import Pixels
from engines.training.recipe import Augmentation
from tests.unit.engines.builders import lesion_image

ALWAYS = Augmentation(1, 1, 1, 1, 1, 1, 1, 1)
NEVER = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)


def _changed(settings: Augmentation, seed: int) -> Pixels:
    return augment(Pixels(*lesion_image(True, 1)), 64, settings, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(20))
def test_the_lesion_stays_in_the_image_and_under_its_mask(seed: int) -> None:
    geometry = dataclasses.replace(NEVER, crop=1, affine=1, erase=1)
    changed = _changed(geometry, seed)
    assert changed.gray.shape == changed.mask.shape == (64, 64)
    assert changed.mask.sum() > 50
    assert changed.gray[changed.mask].mean() < 60  # the lesion is the dark disc


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_gives_the_same_image(seed: int) -> None:
    one, other = _changed(ALWAYS, seed), _changed(ALWAYS, seed)
    np.testing.assert_array_equal(one.gray, other.gray)
    np.testing.assert_array_equal(one.mask, other.mask)


def test_another_seed_gives_another_image() -> None:
    assert not np.array_equal(_changed(ALWAYS, 1).gray, _changed(ALWAYS, 2).gray)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Augmentation)])
def test_every_setting_changes_the_image(name: str) -> None:
    settings = Augmentation(**(dataclasses.asdict(NEVER) | {name: 1.0}))
    assert any(
        not np.array_equal(_changed(settings, seed).gray, _changed(NEVER, seed).gray) for seed in range(5)
    )


def test_an_image_without_a_lesion_can_be_augmented() -> None:
    empty = Pixels(lesion_image(True, 1)[0], np.zeros((48, 64), np.bool_))
    assert augment(empty, 64, ALWAYS, np.random.default_rng(0)).gray.shape == (64, 64)
