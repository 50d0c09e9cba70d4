"""BUS-BRA: 1875 breast ultrasound images of 1064 patients (Gómez-Flores 2023), with its official folds."""

import csv
from pathlib import Path

from engines.data.examples import Example
from engines.errors import DataError

_LABELS = {"benign": 0, "malignant": 1}


def bus_bra_folds(folder: Path) -> dict[int, list[Example]]:
    """The official folds, by their numbers.

    They hold whole patients. The file's `valid_N` columns do not: with fold 5 to test, 211 patients have
    images on both sides, so they are not used. Raises DataError.
    """
    examples = {row["ID"]: _example(folder, row) for row in _rows(folder / "bus_data.csv")}
    folds: dict[int, list[Example]] = {}
    for row in _rows(folder / "5-fold-cv.csv"):
        folds.setdefault(int(row["kFold"]), []).append(examples[row["ID"]])
    return dict(sorted(folds.items()))


def _example(folder: Path, row: dict[str, str]) -> Example:
    name = row["ID"]
    return Example(
        image=folder / "images" / f"{name}.png",
        mask=folder / "masks" / f"{name.replace('bus_', 'mask_')}.png",
        label=_LABELS[row["Pathology"]],
        patient=row["Case"],
        group=row["Device"].split("@")[0].strip(),
        birads=int(row["BIRADS"]),
        side=row.get("Side", ""),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.DictReader(lines))
    except OSError as reason:
        raise DataError(f"{path} cannot be read; give the folder that holds BUS-BRA") from reason
