"""Curves of an evaluation, as SVG that goes into a page."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engines.evaluation.calibration_error import reliability
from engines.evaluation.decision_curve import decision_curve
from engines.evaluation.decisions import decided, roc_points
from engines.evaluation.sides import Cases, Side

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's, told apart by the colour-blind too."""


@dataclass(slots=True)
class Drawing:
    """`axes` to draw on; `svg` once it is done."""

    axes: Any
    svg: str = field(default="")


def roc(sides: Sequence[Side], cases: Cases) -> str:
    """Sensitivity against 1 - specificity, and where each side stands with its threshold."""
    with _drawing("1 - specificity", "sensitivity") as drawing:
        drawing.axes.plot([0, 1], [0, 1], "--", color="0.75", linewidth=1)
        for side, colour in _coloured(sides):
            hits, alarms = roc_points(side.scores, cases.labels)
            drawing.axes.plot(alarms, hits, color=colour, label=side.name)
            stands = decided(side.positive, cases.labels)
            drawing.axes.plot(1 - stands["specificity"], stands["sensitivity"], "o", color=colour)
    return drawing.svg


def precision(sides: Sequence[Side], cases: Cases) -> str:
    """Precision against sensitivity."""
    with _drawing("sensitivity", "precision") as drawing:
        share = float(cases.labels.mean())
        drawing.axes.axhline(share, linestyle="--", color="0.75", linewidth=1)
        for side, colour in _coloured(sides):
            hits, alarms = roc_points(side.scores, cases.labels)
            caught, false = hits[1:] * share, alarms[1:] * (1 - share)
            drawing.axes.plot(hits[1:], caught / (caught + false), color=colour, label=side.name)
    return drawing.svg


def calibration(sides: Sequence[Side], cases: Cases) -> str:
    """How often images were malignant, by tenths of the probability."""
    with _drawing("probability", "share malignant") as drawing:
        drawing.axes.plot([0, 1], [0, 1], "--", color="0.75", linewidth=1)
        for side, colour in _coloured(sides):
            bins = reliability(side.scores, cases.labels)
            points = [one.probability for one in bins], [one.malignant for one in bins]
            drawing.axes.plot(*points, "o-", color=colour, label=side.name)
    return drawing.svg


def decision(sides: Sequence[Side], cases: Cases) -> str:
    """Net benefit of each side, of acting on all and on none."""
    with _drawing("probability at which one acts", "net benefit") as drawing:
        for side, colour in _coloured(sides):
            curve = decision_curve(side.scores, cases.labels)
            drawing.axes.plot(curve.threshold, curve.classifier, color=colour, label=side.name)
        drawing.axes.plot(curve.threshold, curve.all_positive, "--", color="0.5", label="act on all")
        drawing.axes.axhline(0, linestyle=":", color="0.5", label="act on none")
        share = float(cases.labels.mean())
        drawing.axes.set(xlim=(0, curve.threshold.max()), ylim=(-0.15 * share, 1.1 * share))
    return drawing.svg


def _coloured(sides: Sequence[Side]) -> Iterator[tuple[Side, str]]:
    for number, side in enumerate(sides):
        yield side, _COLOURS[number % len(_COLOURS)]


@contextmanager
def _drawing(along: str, up: str) -> Iterator[Drawing]:
    from matplotlib.figure import Figure  # without pyplot: no display, no global state

    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    drawing = Drawing(figure.add_subplot(xlabel=along, ylabel=up, xlim=(0, 1), ylim=(0, 1.01)))
    drawing.axes.spines[["top", "right"]].set_visible(False)
    yield drawing
    drawing.axes.legend(frameon=False, fontsize=8)
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None})
    drawing.svg = written.getvalue()[written.getvalue().index("<svg") :]
