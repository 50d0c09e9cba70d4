"""mini-MIAS: 322 mammograms, digitised film (Suckling 1994). Research use only: ship no weights made from it.

Abnormalities are circles in the original's 1024 pixels, counted from the lower left corner.
"""

from pathlib import Path

from PIL import Image

from engines.data.examples import Circle, Example
from engines.data.folds import folds_by_patient
from engines.data.rows import read_rows
from engines.errors import DataError

_TABLE = "labels_converted.csv"
_SEVERITY = {"B": 0, "M": 1}
_ORIGINAL = 1024
"""Rows and columns of the original."""


def mini_mias_folds(folder: Path) -> dict[int, list[Example]]:
    """Films with a benign or malignant abnormality; of several on one film a malignant one.

    Films 2k - 1 and 2k are of one woman. Raises DataError.
    """
    films = read_rows(folder / _TABLE, "give the folder that holds mini-MIAS")
    rows = [row for row in films if row["Type"] in _SEVERITY]
    of_film: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: row["Type"] != "M"):
        of_film.setdefault(row["Name"], row)
    return folds_by_patient(_example(folder, row) for _, row in sorted(of_film.items()))


def _example(folder: Path, row: dict[str, str]) -> Example:
    number = int(row["Name"].removeprefix("mdb"))
    image = folder / "images" / f"{row['Name']}.png"
    return Example(
        image=image,
        mask=_circle(image, row),
        label=_SEVERITY[row["Type"]],
        patient=str((number + 1) // 2),
        group="mini-MIAS",
        side="left" if number % 2 else "right",
    )


def _circle(image: Path, row: dict[str, str]) -> Circle | None:
    """None for widespread calcifications, which have no place."""
    try:
        x, y, radius = (float(row[name]) for name in ("x", "y", "r"))
    except ValueError:
        return None
    try:
        with Image.open(image) as opened:
            scale = opened.width / _ORIGINAL
    except OSError as reason:
        raise DataError(f"{image} cannot be read: {reason}") from reason
    return Circle(x * scale, (_ORIGINAL - y) * scale, radius * scale)
