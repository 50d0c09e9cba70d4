"""Writes a data set of the form `folder`: images and masks by number, and a table of what they are."""

import csv
import hashlib
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.errors import ConfigurationError, PrereadError

T = TypeVar("T")

LONGEST_SIDE = 1024
"""Pixels. Networks see less; a mammogram as it comes takes 30 MB."""
_COLUMNS = ("image", "label", "patient", "mask", "fold", "group", "birads", "side")


class DataSetWriter:
    """Use in a `with`. Patients are hashed with a key that is forgotten: nobody can look them up.

    Raises ConfigurationError where `out` is not empty.
    """

    def __init__(self, out: Path) -> None:
        if out.exists() and any(out.iterdir()):
            raise ConfigurationError(f"{out} is not empty: name a new folder")
        for folder in ("images", "masks"):
            (out / folder).mkdir(parents=True)
        self.written = 0
        self._out = out
        self._key = secrets.token_bytes(32)
        self._file = (out / "table.csv").open("w", encoding="utf-8", newline="")
        self._table = csv.DictWriter(self._file, _COLUMNS, restval="")
        self._table.writeheader()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(
        self,
        gray: NDArray[np.uint8],
        label: str,
        patient: str,
        mask: NDArray[np.bool_] | None = None,
        **facts: str,
    ) -> None:
        """One image (rows, columns), `benign` or `malignant`, with the lesion's mask where there is one.

        `facts`: `fold`, `group`, `birads`, `side`, as far as they are known.
        """
        name = f"{self.written:06d}.png"
        _smaller(gray).save(self._out / "images" / name)
        row = {"image": f"images/{name}", "label": label, "patient": self._hashed(patient), **facts}
        if mask is not None:
            _smaller(mask.astype(np.uint8) * 255).point(lambda value: 255 * (value > 127)).save(  # noqa: PLR2004
                self._out / "masks" / name
            )
            row["mask"] = f"masks/{name}"
        self._table.writerow(row)
        self.written += 1

    def _hashed(self, patient: str) -> str:
        return hashlib.blake2b(patient.encode(), key=self._key, digest_size=8).hexdigest()


def write_each(
    items: Iterable[T], write: Callable[[T], object], done: Callable[[], object]
) -> dict[str, int]:
    """Write one after the other, `done` after each. Returns how often each reason kept one out."""
    refused: dict[str, int] = {}
    for item in items:
        try:
            write(item)
        except PrereadError as reason:
            refused[str(reason)] = refused.get(str(reason), 0) + 1
        done()
    return refused


def _smaller(pixels: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(pixels)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX)
    return image
