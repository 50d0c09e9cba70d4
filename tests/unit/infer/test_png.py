from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.infer.png import gray_png


def read(png: bytes) -> NDArray[np.uint8]:
    image = Image.open(BytesIO(png), formats=("PNG",))
    assert image.mode == "L"
    return np.asarray(image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (231, 256)])
def test_pillow_reads_the_pixels_that_were_written(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    assert np.array_equal(read(gray_png(pixels)), pixels)


def test_a_smooth_picture_is_no_larger_than_pillow_makes_it() -> None:
    rows, columns = np.mgrid[:231, :256]
    spot = np.exp(-(((rows - 100) / 60) ** 2 + ((columns - 90) / 80) ** 2))
    pixels = np.rint(spot * 255).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)

    assert len(gray_png(pixels)) <= len(buffer.getvalue())
