"""A department's labelled DICOM images."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset

from service.cli.dataset.gray import read_gray
from service.cli.dataset.writer import DataSetWriter, write_each
from service.dicom.header import read_header
from service.dicom.laterality import laterality
from service.dicom.values import text
from service.errors import ConfigurationError

KEYS = {"accession": "AccessionNumber", "study": "StudyInstanceUID", "image": "SOPInstanceUID"}
"""Columns of the table that say which images a row is of, and the attribute that each one names."""
_LABELS = {"benign", "malignant"}
SIDES = {"L": "left", "R": "right"}


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


def write_labelled(
    files: Iterable[Path],
    labels: tuple[str, Mapping[str, dict[str, str]]],
    writer: DataSetWriter,
    done: Callable[[], object],
) -> Written:
    """Write every labelled image; `done` is called after each file."""
    keyword, labelled = labels
    written = Written()

    def write(file: Path) -> None:
        label = labelled.get(text(read_header(file.read_bytes()), keyword))
        if label is None:
            written.not_labelled += 1
        else:
            _write(file, label, writer)

    written.refused = write_each(files, write, done)
    written.images = writer.written
    return written


def _write(file: Path, label: Mapping[str, str], writer: DataSetWriter) -> None:
    ds, gray = read_gray(file)
    writer.add(
        gray,
        label["label"].strip().lower(),
        text(ds, "PatientID"),
        group=_scanner(ds),
        birads=label.get("birads", ""),
        side=label.get("side", "") or SIDES.get(laterality(ds), ""),
    )


def _scanner(ds: Dataset) -> str:
    return " ".join(part for part in (text(ds, "Manufacturer"), text(ds, "ManufacturerModelName")) if part)
