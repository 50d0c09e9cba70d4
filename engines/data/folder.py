"""A department's own images: a folder, and in it `table.csv` with a row for each image.

Columns: `image` (path below the folder), `label` (benign or malignant), `patient`; if there are, `mask` (path
of a picture of the same size, not black on the lesion), `fold` (a number), `group` (scanner or hospital),
`birads` (2 to 5), `side` (left or right), `companion` (path of a slice of her chest CT, for a network
that looks at both).
"""

from pathlib import Path

from engines.data.examples import UNKNOWN, Example
from engines.data.folds import folds_by_patient
from engines.data.rows import LABELS, read_rows
from engines.errors import DataError

TABLE = "table.csv"
_NEEDED = ("image", "label", "patient")


def folder_folds(folder: Path) -> dict[int, list[Example]]:
    """Its own folds, or five by patient. Raises DataError that names the line."""
    path = folder / TABLE
    rows = read_rows(path, "write it as CSV in UTF-8")
    missing = [name for name in _NEEDED if not rows or name not in rows[0]]
    if missing:
        raise DataError(f"{path} has no rows, or no column {missing[0]!r}; needed: {', '.join(_NEEDED)}")
    examples = [_example(folder, row, f"{path}, line {number}") for number, row in enumerate(rows, 2)]
    numbers = [row.get("fold", "") for row in rows]
    if not any(numbers):
        return folds_by_patient(examples)
    folds: dict[int, list[Example]] = {}
    for number, example, line in zip(numbers, examples, range(2, len(rows) + 2), strict=True):
        if not number.isdecimal():
            raise DataError(
                f"{path}, line {line}: fold {number!r} is no number; give all images one, or none"
            )
        folds.setdefault(int(number), []).append(example)
    return dict(sorted(folds.items()))


def _example(folder: Path, row: dict[str, str], where: str) -> Example:
    label = row["label"].strip().lower()
    if label not in LABELS:
        raise DataError(f"{where}: label {row['label']!r} is neither benign nor malignant")
    if not row["patient"].strip():
        raise DataError(f"{where}: no patient; images of one patient must not be on both sides of a split")
    image = folder / row["image"]
    if not image.is_file():
        raise DataError(f"{where}: no image {row['image']!r} below {folder}")
    birads = row.get("birads", "").strip()
    return Example(
        image=image,
        mask=folder / row["mask"] if row.get("mask") else None,
        label=LABELS[label],
        patient=row["patient"].strip(),
        group=row.get("group", ""),
        birads=int(birads) if birads in {"2", "3", "4", "5"} else UNKNOWN,
        side=row.get("side", ""),
        companion=folder / row["companion"] if row.get("companion") else None,
    )
