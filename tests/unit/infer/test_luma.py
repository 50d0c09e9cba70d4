import numpy as np
from PIL import Image

from service.infer.luma import luma


def test_gray_is_to_the_bit_what_pillow_gives() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, size=(200, 300, 3), dtype=np.uint8)

    assert np.array_equal(luma(rgb), np.asarray(Image.fromarray(rgb).convert("L")))


def test_equal_channels_stay_as_they_are() -> None:
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)

    assert np.array_equal(luma(np.repeat(gray[..., np.newaxis], 3, axis=-1)), gray)
