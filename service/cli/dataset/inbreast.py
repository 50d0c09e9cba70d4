"""INbreast (Moreira 2012): 410 digital mammograms as DICOM, a table of BI-RADS categories, outlines as XML.

It has no pathology. As in the literature, categories 1 to 3 count as benign and 4 to 6 as malignant: what is
learnt is the radiologists' suspicion.
"""

import csv
import plistlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.cli.dataset.from_dicom import SIDES
from service.cli.dataset.gray import read_gray
from service.cli.dataset.writer import DataSetWriter
from service.errors import ConfigurationError, PrereadError, Refused

_TABLE = "INbreast.csv"
_MALIGNANT = "456"
_POINT = re.compile(r"\(\s*([-\d.eE+]+)\s*,\s*([-\d.eE+]+)\s*\)")
_MASS = ("Mass", "Spiculated Region", "Espiculated Region", "Asymmetry", "Distortion")
_LARGEST_XML = 50_000_000


def films(folder: Path) -> list[tuple[str, dict[str, str]]]:
    """Each film's number, and its row. Raises ConfigurationError where there is no table."""
    path = next(folder.rglob(_TABLE), None)
    if path is None:
        raise ConfigurationError(f"no {_TABLE} below {folder}: put it beside the images")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = [
            {(key or "").strip(): (value or "").strip() for key, value in row.items()}
            for row in csv.DictReader(lines, delimiter=";")
        ]
    return [(row["File Name"], row) for row in rows if row.get("File Name", "").isdecimal()]


def write_film(folder: Path, named: tuple[str, dict[str, str]], writer: DataSetWriter) -> None:
    """Write a film with the union of its masses' outlines. Raises Refused, PrereadError."""
    name, row = named
    file = next(folder.rglob(f"{name}_*.dcm"), None)
    if file is None:
        raise Refused("no DICOM file of its number")
    _, gray = read_gray(file)
    category = row["Bi-Rads"][:1]
    writer.add(
        gray,
        "malignant" if category in _MALIGNANT else "benign",
        file.name.split("_")[1],
        _mask(folder, name, gray.shape),
        group="INbreast",
        birads=category,
        side=SIDES.get(row["Laterality"], ""),
    )


def _mask(folder: Path, name: str, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Inside the outlines of masses and the like; None where nothing is outlined."""
    path = next(folder.rglob(f"{name}.xml"), None)
    if path is None or path.stat().st_size > _LARGEST_XML:
        return None
    mask = Image.new("1", (shape[1], shape[0]))
    draw, found = ImageDraw.Draw(mask), False
    for roi in _regions(path):
        corners = (match for match in map(_POINT.search, roi.get("Point_px", [])) if match)
        points = [(float(corner[1]), float(corner[2])) for corner in corners]
        if str(roi.get("Name", "")).startswith(_MASS) and len(points) > 2:  # noqa: PLR2004 - a polygon
            draw.polygon(points, fill=1)
            found = True
    return np.asarray(mask) if found else None


def _regions(path: Path) -> list[dict[str, list[str]]]:
    """What is outlined on the only image of an OsiriX property list; plistlib refuses XML entities."""
    try:
        images = plistlib.loads(path.read_bytes())["Images"]
        return list(images[0]["ROIs"]) if images else []
    except (plistlib.InvalidFileException, KeyError, IndexError, ValueError) as reason:
        raise PrereadError(f"outlines in {path.name} cannot be read: {type(reason).__name__}") from reason
