"""BUS-BRA: 1875 breast ultrasound images of 1064 patients (Gómez-Flores 2023), with its official folds."""

from pathlib import Path

from engines.data.examples import Example
from engines.data.rows import LABELS, read_rows

_REMEDY = "give the folder that holds BUS-BRA"


def bus_bra_folds(folder: Path) -> dict[int, list[Example]]:
    """The official folds, by their numbers.

    They hold whole patients. The file's `valid_N` columns do not: with fold 5 to test, 211 patients have
    images on both sides, so they are not used. Raises DataError.
    """
    examples = {row["ID"]: _example(folder, row) for row in read_rows(folder / "bus_data.csv", _REMEDY)}
    folds: dict[int, list[Example]] = {}
    for row in read_rows(folder / "5-fold-cv.csv", _REMEDY):
        folds.setdefault(int(row["kFold"]), []).append(examples[row["ID"]])
    return dict(sorted(folds.items()))


def _example(folder: Path, row: dict[str, str]) -> Example:
    name = row["ID"]
    return Example(
        image=folder / "images" / f"{name}.png",
        mask=folder / "masks" / f"{name.replace('bus_', 'mask_')}.png",
        label=LABELS[row["Pathology"]],
        patient=row["Case"],
        group=row["Device"].split("@")[0].strip(),
        birads=int(row["BIRADS"]),
        side=row.get("Side", ""),
    )
