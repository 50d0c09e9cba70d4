from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.data.examples import Example
from engines.data.near_duplicates import near_duplicates, refuse_near_duplicates
from engines.errors import DataError


def example(folder: Path, name: str, gray: np.ndarray) -> Example:
    Image.fromarray(gray.clip(0, 255).astype(np.uint8)).save(folder / name)
    return Example(folder / name, None, 0, name, "")


@pytest.fixture
def images(tmp_path: Path) -> list[Example]:
    rng = np.random.default_rng(0)
    coarse = [np.kron(rng.integers(0, 255, (8, 8)), np.ones((16, 16))) for _ in range(3)]
    same = coarse[0] * 0.8 + 20 + rng.normal(0, 5, (128, 128))  # another gain, and noise
    return [example(tmp_path, f"{n}.png", gray) for n, gray in enumerate([*coarse, same])]


def test_the_same_image_with_other_gain_and_noise_is_found(images: list[Example]) -> None:
    (pair,) = near_duplicates(images[:3], images[3:])
    assert (pair.one.image.name, pair.other.image.name) == ("0.png", "3.png")
    assert pair.correlation > 0.99


def test_a_split_with_one_on_both_sides_is_refused(images: list[Example]) -> None:
    refuse_near_duplicates(images[:2], images[2:3])
    with pytest.raises(DataError, match=r"1 pairs .* \(0.png and 3.png\): give both the same patient"):
        refuse_near_duplicates(images[:3], images[3:])


def test_blank_images_are_like_nothing(tmp_path: Path) -> None:
    blank = [example(tmp_path, f"b{n}.png", np.zeros((64, 64))) for n in range(2)]
    assert near_duplicates(blank[:1], blank[1:]) == []
