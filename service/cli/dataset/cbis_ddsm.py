"""CBIS-DDSM (Lee 2017) as The Cancer Imaging Archive gives it: DICOM films and masks, and tables of cases.

Paths in its tables are not those of the files that one gets, and name mask and crop in either order. So a
film is found by the folder that is named for it, and a mask by what it holds: two values, the film's size.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.cli.dataset.gray import read_gray
from service.cli.dataset.writer import DataSetWriter
from service.errors import ConfigurationError, Refused

_TABLES = "*_case_description_*_set*.csv"
_LABELS = {"MALIGNANT": "malignant", "BENIGN": "benign", "BENIGN_WITHOUT_CALLBACK": "benign"}
_TEST_FOLD = "5"
_TRAINING_FOLDS = 4
_MASK_VALUES = 2


def films(folder: Path) -> list[tuple[str, list[dict[str, str]]]]:
    """Each film's folder, such as `Mass-Training_P_00001_LEFT_CC`, with its abnormalities.

    Raises ConfigurationError where there are no tables.
    """
    tables = sorted(folder.rglob(_TABLES))
    if not tables:
        raise ConfigurationError(f"no tables {_TABLES} below {folder}: put them beside the images")
    of_film: dict[str, list[dict[str, str]]] = {}
    for table in tables:
        kind = "Test" if "_test_" in table.name else "Training"
        with table.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                type_ = "Mass" if row["abnormality type"].strip() == "mass" else "Calc"
                view = f"{row['left or right breast'].strip()}_{row['image view'].strip()}"
                of_film.setdefault(f"{type_}-{kind}_{row['patient_id'].strip()}_{view}", []).append(row)
    return sorted(of_film.items())


def write_film(folder: Path, named: tuple[str, list[dict[str, str]]], writer: DataSetWriter) -> None:
    """Write a film with the union of its masks; malignant where one abnormality on it is.

    The official test set is fold 5. Raises Refused.
    """
    film, rows = named
    file = next(_files(folder, film), None)
    if file is None:
        raise Refused("no film in its folder")
    _, gray = read_gray(file)
    labels = {_LABELS.get(row["pathology"].strip(), "") for row in rows}
    patient = rows[0]["patient_id"].strip()
    writer.add(
        gray,
        "malignant" if "malignant" in labels else "benign",
        patient,
        _mask(folder, film, gray.shape),
        fold=_TEST_FOLD if "-Test_" in film else str(int(patient.rpartition("_")[2]) % _TRAINING_FOLDS + 1),
        group="CBIS-DDSM",
        birads=max(row["assessment"].strip() for row in rows),
        side=rows[0]["left or right breast"].strip().lower(),
    )


def _mask(folder: Path, film: str, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """All masks of the film together; None where none of its size is there."""
    together: NDArray[np.bool_] | None = None
    for own in sorted(path.name for path in folder.rglob(f"{film}_[0-9]*") if path.is_dir()):
        for file in _files(folder, own):
            _, pixels = read_gray(file)
            if pixels.shape == shape and len(np.unique(pixels)) <= _MASK_VALUES:
                mask = pixels > pixels.min()
                together = mask if together is None else together | mask
    return together


def _files(folder: Path, name: str) -> Iterator[Path]:
    """DICOM files somewhere below the folders of this name."""
    for own in sorted(path for path in folder.rglob(name) if path.is_dir()):
        yield from sorted(own.rglob("*.dcm"))
