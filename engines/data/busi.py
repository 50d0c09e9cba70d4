"""BUSI: 780 breast ultrasound images (Al-Dhabyani 2020), here only to test on images from elsewhere.

Many of its images are near-duplicates of others, some with the other label, and it names no patients:
treat what is measured on it with suspicion.
"""

import csv
from pathlib import Path

from engines.data.examples import Example
from engines.errors import DataError

_LABELS = {"benign": 0, "malignant": 1}


def busi(folder: Path) -> tuple[Example, ...]:
    """Benign and malignant images: one per group of near-duplicates, none of a group with both labels.

    Reads `labels.csv` (image, label, near_duplicate_group). Raises DataError.
    """
    path = folder / "labels.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["label"] in _LABELS]
    except OSError as reason:
        raise DataError(f"{path} cannot be read; give the folder that holds BUSI") from reason
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(row["near_duplicate_group"], []).append(row)
    return tuple(
        _example(folder, members[0]) for members in groups.values() if len({m["label"] for m in members}) == 1
    )


def _example(folder: Path, row: dict[str, str]) -> Example:
    return Example(
        image=folder / "images" / row["image"],
        mask=folder / "masks" / row["image"],
        label=_LABELS[row["label"]],
        patient=f"group {row['near_duplicate_group']}",
        group="BUSI",
    )
