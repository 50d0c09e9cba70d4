"""An evaluation as one HTML page: tables, curves, comparisons, and how each figure was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from engines.evaluation import curves
from engines.evaluation.comparison import Comparison
from engines.evaluation.decisions import MEASURES
from engines.evaluation.figures import Figure, find
from engines.evaluation.side_figures import AUC
from engines.evaluation.sides import Cases, Side

SUMMARY = (AUC, *MEASURES)
"""Columns of the table of all sides: what papers compare networks and readers by."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Each side's figures in the order of `sides`, and each further side against the first."""

    title: str
    cases: Cases
    sides: Sequence[Side]
    figures: Sequence[Sequence[Figure]]
    comparisons: Sequence[Comparison]

    def all_figures(self) -> list[Figure]:
        """Of every side, named for it where there are several."""
        if len(self.sides) == 1:
            return list(self.figures[0])
        return [
            replace(figure, measure=f"{side.name}: {figure.measure}")
            for side, theirs in zip(self.sides, self.figures, strict=True)
            for figure in theirs
        ]

    def summary(self) -> list[tuple[str, list[Figure | None]]]:
        """A row per side: its name, and the figure of each column; None where there is none."""
        return [
            (side.name, [_found(theirs, measure) for measure in SUMMARY])
            for side, theirs in zip(self.sides, self.figures, strict=True)
        ]


def write_report(path: Path, evaluation: Evaluation) -> None:
    """Write the page; everything is inside it."""
    from jinja2 import Environment

    template = files("engines.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True).from_string(template)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = page.render(evaluation=evaluation, columns=SUMMARY, pictures=_pictures(evaluation))
    path.write_text(text, encoding="utf-8")


def _pictures(evaluation: Evaluation) -> list[tuple[str, str]]:
    """What each shows, and the drawing as SVG."""
    cases, sides = evaluation.cases, evaluation.sides
    certain = [side for side in sides if side.is_probability]
    drawn = [
        (
            "ROC: sensitivity against 1 - specificity; a dot marks the operating point",
            curves.roc(sides, cases),
        ),
        (
            "Precision against sensitivity; the line is the share of malignant images",
            curves.precision(sides, cases),
        ),
    ]
    if certain:
        drawn += [
            (
                "Calibration: how often it was malignant, against the probability",
                curves.calibration(certain, cases),
            ),
            (
                "Decision curve: net benefit against the probability at which one acts",
                curves.decision(certain, cases),
            ),
        ]
    return drawn


def _found(figures: Sequence[Figure], measure: str) -> Figure | None:
    return find(figures, measure) if any(figure.measure == measure for figure in figures) else None
