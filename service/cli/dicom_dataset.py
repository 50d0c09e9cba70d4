"""A department's DICOM images as a data set to learn from, read as the service reads them.

What is written holds no patient data: images by number, patients by a hash that nobody can look up.
"""

import csv
import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from pydicom.dataset import Dataset

from service.dicom.header import read_dataset
from service.dicom.laterality import laterality
from service.dicom.quiet import quiet
from service.dicom.values import text
from service.errors import ConfigurationError, PrereadError
from service.infer.image import Reading, gray_frames

KEYS = {"accession": "AccessionNumber", "study": "StudyInstanceUID", "image": "SOPInstanceUID"}
"""Columns of the table that say which images a row is of, and the attribute that each one names."""
_LABELS = {"benign", "malignant"}
_SIDES = {"L": "left", "R": "right"}
_ONE_FRAME = Reading(max_frames=1)
"""Of a cine the middle frame: the label is of the study, and its frames are nearly the same."""


@dataclass(slots=True)
class Written:
    """What became of the files: `images` written; others not in the table; `refused` by their reasons."""

    images: int = 0
    not_labelled: int = 0
    refused: dict[str, int] = field(default_factory=dict)


def read_labels(path: Path) -> tuple[str, dict[str, dict[str, str]]]:
    """Which attribute names the images, and each row by its value. Raises ConfigurationError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restval=""))
    except (OSError, UnicodeDecodeError) as reason:
        raise ConfigurationError(f"{path} cannot be read ({reason}): write it as CSV in UTF-8") from reason
    columns = set(rows[0]) if rows else set()
    keys = sorted(columns & set(KEYS))
    if len(keys) != 1 or "label" not in columns:
        raise ConfigurationError(f"{path} needs a column `label` and one of {', '.join(KEYS)}")
    labelled: dict[str, dict[str, str]] = {}
    for line, row in enumerate(rows, 2):
        if row["label"].strip().lower() not in _LABELS:
            raise ConfigurationError(
                f"{path}, line {line}: label {row['label']!r} is neither benign nor malignant"
            )
        labelled[row[keys[0]].strip()] = row
    return KEYS[keys[0]], labelled


def write_data_set(
    files: Iterable[Path],
    labels: tuple[str, Mapping[str, dict[str, str]]],
    out: Path,
    done: Callable[[], object],
) -> Written:
    """Write `out/images/` and `out/table.csv` of every labelled image; `done` is called after each file.

    Patients are who the headers say, hashed with a key that is forgotten. Raises ConfigurationError where
    `out` is not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise ConfigurationError(f"{out} is not empty: name a new folder")
    (out / "images").mkdir(parents=True)
    keyword, labelled = labels
    key, written = secrets.token_bytes(32), Written()
    with (out / "table.csv").open("w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(["image", "label", "patient", "group", "birads", "side"])
        for file in files:
            row = _written(file, keyword, labelled, out, written, key)
            if row is not None:
                rows.writerow(row)
            done()
    return written


def _written(
    file: Path, keyword: str, labelled: Mapping[str, dict[str, str]], out: Path, written: Written, key: bytes
) -> list[str] | None:
    """The row of one file; None where there is none."""
    try:
        with quiet():
            ds = read_dataset(file.read_bytes())
            label = labelled.get(text(ds, keyword))
            if label is None:
                written.not_labelled += 1
                return None
            frame = next(iter(gray_frames(ds, _ONE_FRAME)))
    except PrereadError as reason:
        written.refused[str(reason)] = written.refused.get(str(reason), 0) + 1
        return None
    name = f"images/{written.images:06d}.png"
    Image.fromarray(frame.gray).save(out / name)
    written.images += 1
    return [name, *_facts(ds, label, key)]


def _facts(ds: Dataset, label: Mapping[str, str], key: bytes) -> list[str]:
    patient = hashlib.blake2b(text(ds, "PatientID").encode(), key=key, digest_size=8).hexdigest()
    side = label.get("side", "") or _SIDES.get(laterality(ds), "")
    scanner = " ".join(part for part in (text(ds, "Manufacturer"), text(ds, "ManufacturerModelName")) if part)
    return [label["label"].strip().lower(), patient, scanner, label.get("birads", ""), side]
