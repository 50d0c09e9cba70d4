"""Sides from a table: what readers or other people's classifiers have said, one row per image, as CSV.

Columns: `label` (benign or malignant, 0 or 1), `patient`, and if wanted `image`; `group: NAME` tells images
apart. Every other column is a side: probabilities, any score that rises with suspicion, or BI-RADS categories
(1 to 6, 4A to 4C).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engines.data.rows import LABELS, read_rows
from engines.errors import DataError
from engines.evaluation.arrays import Scores
from engines.evaluation.sides import Cases, Side

_LABELS = LABELS | {"0": 0, "1": 1}
_BIRADS = {"1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0, "4A": 4.0, "4B": 4.3, "4C": 4.6, "5": 5.0, "6": 6.0}
BIOPSY = 4.0
"""Category from which on a biopsy is recommended (BI-RADS, 5th edition)."""
_GROUP = "group:"
_KNOWN = {"label", "patient", "image"}


def read_score_table(path: Path, thresholds: Mapping[str, float]) -> tuple[Cases, list[Side]]:
    """The cases, and a side per column of scores.

    A threshold that is not given is 0.5 for probabilities and category 4 for BI-RADS. Raises DataError that
    names the column and the row.
    """
    rows = read_rows(path, "give a table as CSV in UTF-8")
    if not rows:
        raise DataError(f"{path} has no rows")
    columns = list(rows[0])
    missing = {"label", "patient"} - set(columns)
    if missing:
        raise DataError(f"{path} has no column {sorted(missing)[0]!r}; it has: {', '.join(columns)}")
    groups = {
        column.removeprefix(_GROUP).strip(): [row[column] for row in rows]
        for column in columns
        if column.startswith(_GROUP)
    }
    labels = np.array([_label(path, number, row["label"]) for number, row in enumerate(rows, 2)])
    named = [column for column in columns if column not in _KNOWN and not column.startswith(_GROUP)]
    unknown = set(thresholds) - set(named)
    if unknown or not named:
        raise DataError(f"{path} has no scores of {sorted(unknown) or 'anybody'}; its sides are: {named}")
    sides = [_side(path, column, [row[column] for row in rows], thresholds.get(column)) for column in named]
    return Cases(labels, [row["patient"] for row in rows], groups), sides


def birads_scores(categories: Sequence[str]) -> Scores:
    """BI-RADS categories, "1" to "6" or "4A" to "4C", as numbers in their order."""
    return np.array([_BIRADS[category] for category in categories])


def _label(path: Path, line: int, text: str) -> int:
    try:
        return _LABELS[text.strip().lower()]
    except KeyError:
        raise DataError(f"{path}, line {line}: label {text!r} is neither benign nor malignant") from None


def _side(path: Path, name: str, texts: Sequence[str], threshold: float | None) -> Side:
    values = [text.strip().upper() for text in texts]
    if all(value in _BIRADS for value in values) and not set(values) <= {"1"}:
        return Side(name, birads_scores(values), BIOPSY if threshold is None else threshold)
    try:
        scores = np.array([float(value) for value in values])
    except ValueError:
        line = next(number for number, value in enumerate(values, 2) if not _is_number(value))
        raise DataError(f"{path}, line {line}: {name} is {values[line - 2]!r}, which is no number") from None
    is_probability = bool(((scores >= 0) & (scores <= 1)).all())
    if threshold is None and not is_probability:
        raise DataError(f"{name} in {path} is no probability: say from which score on it counts as positive")
    return Side(name, scores, 0.5 if threshold is None else threshold, is_probability)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
