"""What may befall a training image. Each change is one that another hospital's scanner would make too."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from engines.preprocess import prepare
from engines.training.examples import Pixels
from engines.training.recipe import Augmentation

_BILINEAR = Image.Resampling.BILINEAR

Square = NDArray[np.float32]


def augment(pixels: Pixels, size: int, settings: Augmentation, rng: np.random.Generator) -> Pixels:
    """A changed copy, already letterboxed: `gray` uint8 and `mask` bool of (size, size)."""
    pixels = _flip(pixels, rng)
    if rng.random() < settings.crop:
        pixels = _crop(pixels, rng)
    gray = _letterboxed(pixels.gray, size)
    lesion = _letterboxed(pixels.mask.astype(np.uint8) * 255, size)
    if rng.random() < settings.affine:
        gray, lesion = _affine(gray, lesion, rng)
    mask = np.asarray(lesion) > 127  # noqa: PLR2004 - half of 255
    if rng.random() < settings.marks:
        gray = _marks(gray, mask, rng)
    image = np.asarray(gray, dtype=np.float32) / 255.0
    for probability, change in _changes(settings):
        if rng.random() < probability:
            image = change(image, rng)
    if rng.random() < settings.erase:
        image = _erase(image, mask, rng)
    return Pixels((image.clip(0.0, 1.0) * 255.0).astype(np.uint8), mask)


def _changes(settings: Augmentation) -> list[tuple[float, Callable[[Square, np.random.Generator], Square]]]:
    return [
        (settings.blur, _blur),
        (settings.depth_gain, _depth_gain),
        (settings.tone, _tone),
        (settings.speckle, _speckle),
    ]


def _flip(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    if rng.random() < 0.5:  # noqa: PLR2004 - left and right are alike
        return Pixels(pixels.gray[:, ::-1], pixels.mask[:, ::-1])
    return pixels


def _crop(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A box that holds the lesion, each side anywhere between lesion and image border."""
    spans = []
    for axis in (1, 0):
        lesion = np.flatnonzero(pixels.mask.any(axis=axis))
        length = pixels.mask.shape[1 - axis]
        first, last = (int(lesion[0]), int(lesion[-1]) + 1) if lesion.size else (0, length)
        start = int(rng.uniform(0.0, 0.9) * first)
        stop = last + round(rng.uniform(0.1, 1.0) * (length - last))
        spans.append(slice(start, stop) if stop - start >= length // 4 else slice(None))
    rows, columns = spans
    return Pixels(pixels.gray[rows, columns], pixels.mask[rows, columns])


def _letterboxed(gray: NDArray[np.uint8], size: int) -> Image.Image:
    return Image.fromarray((prepare(np.ascontiguousarray(gray), size).tensor[0] * 255.0).astype(np.uint8))


def _affine(
    gray: Image.Image, lesion: Image.Image, rng: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    """Rotation to 15 degrees, scale 0.7 to 1.15 with aspect to 1.2, shift to 8 % of the side."""
    angle, zoom = np.deg2rad(rng.uniform(-15, 15)), rng.uniform(0.7, 1.15)
    aspect = np.exp(rng.uniform(-0.18, 0.18))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    to_source = turn @ np.diag([1 / (zoom * aspect), aspect / zoom])
    centre = np.array(gray.size) / 2
    offset = centre + rng.uniform(-0.08, 0.08, 2) * gray.size - to_source @ centre
    matrix = tuple(float(v) for v in (*to_source[0], offset[0], *to_source[1], offset[1]))
    transform = Image.Transform.AFFINE
    return (
        gray.transform(gray.size, transform, matrix, _BILINEAR),
        lesion.transform(lesion.size, transform, matrix, _BILINEAR),
    )


def _marks(gray: Image.Image, mask: NDArray[np.bool_], rng: np.random.Generator) -> Image.Image:
    """Caliper crosses at the lesion's ends or anywhere, in both classes alike, so that they tell nothing."""
    rows, columns = np.nonzero(mask)
    draw = ImageDraw.Draw(gray)
    for _ in range(int(rng.integers(1, 5))):
        x, y = int(rng.integers(10, gray.width - 10)), int(rng.integers(10, gray.height - 10))
        if rows.size and rng.random() < 0.7:  # noqa: PLR2004
            end = int(rng.choice([rows.argmin(), rows.argmax(), columns.argmin(), columns.argmax()]))
            x, y = int(columns[end]), int(rows[end])
        arm, tone = int(rng.integers(2, 6)), int(rng.integers(120, 256))
        draw.line((x - arm, y, x + arm, y), fill=tone)
        draw.line((x, y - arm, x, y + arm), fill=tone)
    return gray


def _blur(image: Square, rng: np.random.Generator) -> Square:
    blurred = Image.fromarray((image * 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6))
    )
    return np.asarray(blurred, dtype=np.float32) / 255.0


def _depth_gain(image: Square, rng: np.random.Generator) -> Square:
    """Time gain compensation set otherwise: brightness changes with depth."""
    near, far = (float(gain) for gain in rng.uniform(0.6, 1.4, 2))
    gains = np.linspace(near, far, image.shape[0]).astype(np.float32)
    return image * gains[:, None]


def _tone(image: Square, rng: np.random.Generator) -> Square:
    """Dynamic range, gain and gray map. Black padding stays black."""
    gamma, gain = np.exp(rng.uniform(-0.5, 0.5)), rng.uniform(0.75, 1.3)
    toned: Square = (image.clip(0.0, 1.0) ** gamma * gain).astype(np.float32)
    return toned


def _speckle(image: Square, rng: np.random.Generator) -> Square:
    grain = int(rng.integers(1, 4))
    small = tuple(-(-side // grain) for side in image.shape)
    noise = Image.fromarray(rng.normal(size=small).astype(np.float32)).resize(image.shape[::-1], _BILINEAR)
    return image * (1.0 + rng.uniform(0.05, 0.3) * np.asarray(noise, dtype=np.float32))


def _erase(image: Square, mask: NDArray[np.bool_], rng: np.random.Generator) -> Square:
    """Patches at the border, where text and body marks live; never over the lesion."""
    image = image.copy()
    size = image.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        height, width = (int(v) for v in rng.integers(size // 12, size // 4, 2))
        top = 0 if rng.random() < 0.5 else size - height  # noqa: PLR2004
        left = int(rng.integers(0, size - width))
        patch = np.s_[top : top + height, left : left + width]
        if not mask[patch].any():
            image[patch] = rng.uniform(0.0, 1.0) * rng.integers(0, 2, (height, width))
    return image
