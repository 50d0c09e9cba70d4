"""Figures of an evaluation as tables on the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from engines.evaluation.figures import Figure
    from engines.evaluation.report import Evaluation

_SMALL = 0.001
"""p below this is not told apart."""


def figure_table(figures: "Sequence[Figure]", title: str) -> Table:
    """A row per figure."""
    table = Table("measure", "value", "95 % CI", "how", title=title)
    for figure in figures:
        interval = "" if figure.low is None else f"{figure.low:.3f} to {figure.high:.3f}"
        table.add_row(figure.measure, f"{figure.value:.3f}", interval, figure.how)
    return table


def summary_table(evaluation: "Evaluation") -> Table:
    """A row per side, a column per measure."""
    from engines.evaluation.report import SUMMARY

    table = Table("", *SUMMARY, title=f"{evaluation.title}: {evaluation.cases.size}")
    for name, row in evaluation.summary():
        table.add_row(name, *(_cell(figure) for figure in row))
    return table


def comparison_table(evaluation: "Evaluation") -> Table:
    """A row per side that was compared with the first one."""
    columns = ("", "AUC difference", "p, AUC", "p, accuracy", "p, sensitivity", "p, specificity")
    table = Table(*columns, title=f"compared with {evaluation.comparisons[0].other}")
    for one in evaluation.comparisons:
        difference = f"{one.auc.value:+.3f}\n[dim]{one.auc.low:+.3f} to {one.auc.high:+.3f}[/]"
        ps = (one.auc_p, one.accuracy_p, one.sensitivity_p, one.specificity_p)
        table.add_row(one.side, difference, *("< 0.001" if p < _SMALL else f"{p:.3f}" for p in ps))
    return table


def _cell(figure: "Figure | None") -> str:
    if figure is None:
        return "–"
    interval = "" if figure.low is None else f"\n[dim]{figure.low:.3f} to {figure.high:.3f}[/]"
    return f"{figure.value:.3f}{interval}"
