"""What readers did without and with the heatmap, each against herself, and the classifier beside them."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from engines.evaluation.evaluate import compare_sides
from engines.evaluation.report import Evaluation
from engines.evaluation.score_table import BIOPSY, birads_scores
from engines.evaluation.sides import Cases, Side
from service.cli.reader_study.prepare import TRUTH
from service.cli.reader_study.study import WITH, WITHOUT, ReaderStudy
from service.errors import ConfigurationError


def results_of(study: ReaderStudy, reader: str, out: Path) -> Evaluation:
    """Compare both sessions on the images that were judged in both.

    Written as `out/reader-study-<reader>.html` and `.json`. Raises ConfigurationError where nothing can be
    compared.
    """
    sessions = {
        session: {reading.image: reading.category for reading in study.readings(reader, session)}
        for session in (WITHOUT, WITH)
    }
    truth = [row for row in _truth(study) if all(row["image"] in judged for judged in sessions.values())]
    if {row["label"] for row in truth} != {"benign", "malignant"}:
        raise ConfigurationError(f"{reader} has not judged benign and malignant images in both sessions yet")
    labels = np.array([int(row["label"] == "malignant") for row in truth])
    cases = Cases(labels, [row["patient"] for row in truth])
    sides = [
        Side(f"{reader} {session} heatmap", birads_scores([judged[row["image"]] for row in truth]), BIOPSY)
        for session, judged in sessions.items()
    ]
    alone = Side(
        study.classifier, np.array([float(row["probability"]) for row in truth]), 0.5, is_probability=True
    )
    evaluation = compare_sides([*sides, alone], cases, f"reader-study-{reader}", out)
    return replace(evaluation, title=f"{reader}, without and with heatmap")


def seconds_of(study: ReaderStudy, reader: str, session: str) -> float:
    """Median time for an image, in seconds."""
    return float(np.median([reading.seconds for reading in study.readings(reader, session)]))


def _truth(study: ReaderStudy) -> list[dict[str, str]]:
    try:
        with (study.folder / TRUTH).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except OSError as reason:
        raise ConfigurationError(f"{study.folder / TRUTH} cannot be read: {reason.strerror}") from reason
