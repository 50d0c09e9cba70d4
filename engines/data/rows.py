"""Tables as data sets bring them: CSV in UTF-8, the first line names the columns."""

import csv
from pathlib import Path

from engines.errors import DataError

LABELS = {"benign": 0, "malignant": 1}


def read_rows(path: Path, remedy: str) -> list[dict[str, str]]:
    """All rows, "" where one is short. Raises DataError, which tells the `remedy` where there is no table."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.DictReader(lines, restval=""))
    except (OSError, UnicodeDecodeError) as reason:
        raise DataError(f"{path} cannot be read ({reason}): {remedy}") from reason
