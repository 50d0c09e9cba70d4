"""Pixels of nobody: what each modality's images look like from afar, with words in them that say so."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engines.phantoms import phantom

WORDS = "SIMULATED, NOT A PATIENT"
FRAME = 0.08
"""Share of the rows above a sonogram that belongs to the scanner's own text."""
US_NUMBERS = (8, 3, 13, 18, 23, 28, 33, 38)
"""Of the project's ultrasound phantoms."""
TWELVE_BIT = 4095


def sonogram(number: int, shape: tuple[int, int]) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
    """A B-mode image on a scanner's screen, RGB (rows, columns, 3), and its box: left, top, right, bottom."""
    rows, columns = shape
    top = max(1, round(rows * FRAME))
    drawn = Image.fromarray(phantom(US_NUMBERS[number % len(US_NUMBERS)]))
    scale = min((rows - top) / drawn.height, columns / drawn.width)
    size = (max(1, int(drawn.width * scale)), max(1, int(drawn.height * scale)))
    screen = Image.new("L", (columns, rows))
    left = (columns - size[0]) // 2
    screen.paste(drawn.resize(size, Image.Resampling.BILINEAR), (left, top))
    _write(screen, 8, 200)
    rgb = np.repeat(np.asarray(screen)[..., None], 3, axis=2)
    return rgb, (left, top, left + size[0], top + size[1])


def mammogram(number: int, shape: tuple[int, int], side: str) -> NDArray[np.uint16]:
    """A breast at its edge of a black plate, 12 bits stored (rows, columns): grain and a few dense spots."""
    rng = np.random.default_rng([2, number])
    down, across = np.linspace(-1, 1, shape[0])[:, None], np.linspace(0, 1, shape[1])[None, :]
    inside = 1 - (down / 0.85) ** 2 - (across / 0.7) ** 2
    tissue = 900 + 1500 * np.sqrt(np.clip(inside, 0, 1))
    for _ in range(5):
        y, x, width = rng.uniform(-0.5, 0.5), rng.uniform(0.1, 0.5), rng.uniform(0.04, 0.2)
        tissue = tissue + rng.uniform(200, 700) * np.exp(-((down - y) ** 2 + (across - x) ** 2) / width**2)
    grain = rng.normal(0, 25, shape)
    pixels = np.where(inside > 0, np.clip(tissue + grain, 0, TWELVE_BIT), 0).astype(np.uint16)
    pixels = pixels if side == "L" else pixels[:, ::-1]
    return _marked(pixels, shape[0] - max(24, shape[0] // 16))


def slice_of_volume(number: int, shape: tuple[int, int]) -> NDArray[np.uint16]:
    """A slice of an MR volume, 12 bits stored (rows, columns): two round shapes and noise."""
    rng = np.random.default_rng([3, number])
    down, across = np.linspace(-1, 1, shape[0])[:, None], np.linspace(-1, 1, shape[1])[None, :]
    pixels = rng.rayleigh(40, shape)
    for x in (-0.5, 0.5):
        pixels = pixels + 900 * ((down**2 + (across - x) ** 2) < rng.uniform(0.08, 0.14))
    return _marked(np.clip(pixels, 0, TWELVE_BIT).astype(np.uint16), 2)


def _marked(pixels: NDArray[np.uint16], top: int) -> NDArray[np.uint16]:
    """The same with the words in it, as bright as can be."""
    mask = Image.new("L", (pixels.shape[1], pixels.shape[0]))
    _write(mask, top, 255)
    return np.where(np.asarray(mask) > 127, TWELVE_BIT, pixels).astype(np.uint16)  # noqa: PLR2004


def _write(picture: Image.Image, top: int, gray: int) -> None:
    size = max(8, min(28, picture.width // 24))
    ImageDraw.Draw(picture).text((8, top), WORDS, fill=gray, font=ImageFont.load_default(size))
