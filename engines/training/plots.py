"""Curves of an evaluation as PNG."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.training.metrics import Labels, ReliabilityBin, Scores, auc


def roc(path: Path, scores: Scores, labels: Labels, title: str) -> None:
    """Sensitivity against 1 - specificity."""
    order = np.argsort(-scores, kind="stable")
    hits = np.concatenate([[0.0], np.cumsum(labels[order]) / max(1, int(labels.sum()))])
    alarms = np.concatenate([[0.0], np.cumsum(1 - labels[order]) / max(1, int((1 - labels).sum()))])
    legend = f"AUC {auc(scores, labels):.3f}"
    _draw(path, title, ("1 - specificity", "sensitivity"), (list(alarms), list(hits)), legend, "-")


def calibration(path: Path, table: Sequence[ReliabilityBin], title: str) -> None:
    """Share of malignant images against mean probability."""
    points = [row.probability for row in table], [row.malignant for row in table]
    _draw(path, title, ("calibrated probability", "share malignant"), points, "bins", "o-")


def _draw(
    path: Path,
    title: str,
    axes: tuple[str, str],
    points: tuple[list[float], list[float]],
    legend: str,
    line: str,
) -> None:
    from matplotlib.figure import Figure  # without pyplot: no display, no global state

    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    plot = figure.add_subplot(xlabel=axes[0], ylabel=axes[1], title=title, xlim=(0, 1), ylim=(0, 1))
    plot.plot([0, 1], [0, 1], "--", color="0.7")
    plot.plot(*points, line, label=legend)
    plot.legend(loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
