"""BUSI: 780 breast ultrasound images (Al-Dhabyani 2020), here only to test on images from elsewhere.

Many of its images are near-duplicates of others, some with the other label, and it names no patients:
treat what is measured on it with suspicion.
"""

from pathlib import Path

from engines.data.examples import Example
from engines.data.rows import LABELS, read_rows


def busi(folder: Path) -> tuple[Example, ...]:
    """Benign and malignant images: one per group of near-duplicates, none of a group with both labels.

    Reads `labels.csv` (image, label, near_duplicate_group). Raises DataError.
    """
    rows = read_rows(folder / "labels.csv", "give the folder that holds BUSI")
    groups: dict[str, list[dict[str, str]]] = {}
    for row in (row for row in rows if row["label"] in LABELS):
        groups.setdefault(row["near_duplicate_group"], []).append(row)
    return tuple(
        _example(folder, members[0]) for members in groups.values() if len({m["label"] for m in members}) == 1
    )


def _example(folder: Path, row: dict[str, str]) -> Example:
    return Example(
        image=folder / "images" / row["image"],
        mask=folder / "masks" / row["image"],
        label=LABELS[row["label"]],
        patient=f"group {row['near_duplicate_group']}",
        group="BUSI",
    )
