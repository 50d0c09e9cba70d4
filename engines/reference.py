"""A classifier's reference inputs: the images on which every engine must give the reference's answers."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from engines.errors import InputError
from engines.manifest import Manifest, sha256_of
from engines.pair import Given, Gray, Pair
from engines.phantoms import phantom

FOLDER = "reference"
"""In the classifier's folder: gray PNG files, and npz files of uint8 arrays (rows, columns)."""
PHANTOMS = 64
"""How many are drawn for a classifier that brings none."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceImage:
    """`pixels`: gray, uint8 (rows, columns), or two such as a pair; `name` for messages."""

    name: str
    pixels: Given


def reference_images(manifest: Manifest) -> tuple[ReferenceImage, ...]:
    """The classifier's own images, ordered by name; phantoms where it has none. To a classifier that looks at
    pairs, each image's companion is the next one.

    Raises InputError for a folder without images and for an image that is not gray uint8.
    """
    images = _own_images(manifest.folder / FOLDER)
    if manifest.companion is None:
        return tuple(ReferenceImage(name, pixels) for name, pixels in images)
    companions = images[1:] + images[:1]
    return tuple(
        ReferenceImage(name, Pair(pixels, companion))
        for (name, pixels), (_, companion) in zip(images, companions, strict=True)
    )


def _own_images(folder: Path) -> list[tuple[str, Gray]]:
    """Names and pixels; those of phantoms where there is no folder."""
    if not folder.is_dir():
        return [(f"phantom {number}", phantom(number)) for number in range(PHANTOMS)]
    images = [
        (name, _checked(name, pixels, path))
        for path in _files(folder)
        for name, pixels in _READERS[path.suffix](path).items()
    ]
    if not images:
        raise InputError(f"{folder} holds no PNG or npz file; add images, or remove it to use phantoms")
    return images


def reference_fingerprint(manifest: Manifest) -> str:
    """Changes when the classifier's own images do; cheap enough for every start."""
    folder = manifest.folder / FOLDER
    if not folder.is_dir():
        return f"{PHANTOMS} phantoms"
    return ", ".join(f"{path.name} {sha256_of(path)}" for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in _READERS)


def _png(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return {path.name: np.asarray(image)}
    except (UnidentifiedImageError, OSError, SyntaxError) as reason:
        raise InputError(f"{path} cannot be read as PNG: {reason}; save it anew") from reason


def _npz(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {f"{path.name} {name}": arrays[name] for name in sorted(arrays.files)}
    except (BadZipFile, ValueError, OSError) as reason:
        raise InputError(f"{path} cannot be read as npz: {reason}; save it anew") from reason


_READERS = {".png": _png, ".npz": _npz}


def _checked(name: str, pixels: NDArray[np.generic], path: Path) -> Gray:
    if pixels.dtype != np.uint8 or pixels.ndim != 2:  # noqa: PLR2004
        raise InputError(
            f"{name!r} of {path} is {pixels.dtype} {pixels.shape}; reference images are gray, uint8 "
            "(rows, columns): convert it"
        )
    return pixels.astype(np.uint8, copy=False)
