import numpy as np
from PIL import Image

from service.infer.luma import luma


def test_gray_is_to_the_bit_what_pillow_gives() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, size=(200, 300, 3), dtype=np.uint8)

    assert np.array_equal(luma(rgb), np.asarray(Image.fromarray(rgb).convert("L")))


def test_equal_channels_stay_as_they_are() -> None:
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)

    assert np.array_equal(luma(np.repeat(gray[..., np.newaxis], 3, axis=-1)), gray)


def test_gray_with_a_coloured_pixel_is_what_pillow_gives_whatever_the_layout() -> None:
    rgb = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=-1)
    rgb[8, 8] = 10, 200, 30
    planar = np.moveaxis(np.ascontiguousarray(np.moveaxis(rgb, -1, 0)), 0, -1)

    assert np.array_equal(luma(planar), np.asarray(Image.fromarray(rgb).convert("L")))
