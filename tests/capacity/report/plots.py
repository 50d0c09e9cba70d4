"""The plots of the capacity report, as SVG. The same figures give the same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from tests.benchmarks.harness.results import Result
from tests.capacity.measure.spent import PARTS
from tests.capacity.model.flow import HOUR_S
from tests.capacity.model.measured import set_ups
from tests.capacity.report.compared import Compared
from tests.capacity.report.sizes import Size

plt.rcParams.update({"svg.hashsalt": "preread", "svg.fonttype": "none", "font.size": 9})
_WIDTH_IN = 7.5
_SAMPLES = 5
"""Of a day, that one point shows the highest of."""
_COLOURS = ("#30638e", "#d1495b", "#edae49", "#00798c", "#8d96a3")


def draw_latencies(by_set_up: Mapping[str, Sequence[Compared]], path: Path) -> None:
    """Last image to delivered against load, measured and simulated."""
    figure, axes = plt.subplots(1, len(by_set_up), figsize=(_WIDTH_IN, 3), sharey=True, squeeze=False)
    for axis, (set_up, found) in zip(axes[0], by_set_up.items(), strict=True):
        loads = [one.share * 100 for one in found]
        for what, colour in zip(("p50", "p95"), _COLOURS, strict=False):
            axis.plot(
                loads, [one.measured[what] for one in found], "o-", color=colour, label=f"{what}, measured"
            )
            simulated = [one.simulated[what] for one in found]
            axis.plot(loads, simulated, "x--", color=colour, label=f"{what}, simulated")
        axis.set_title(set_up)
        axis.set_xlabel("load, % of what was delivered at most")
    axes[0][0].set_ylabel("last image to delivered, s")
    axes[0][0].set_ylim(bottom=0)
    axes[0][0].legend(frameon=False)
    _save(figure, path)


def draw_stages(results: Sequence[Result], path: Path) -> None:
    """Processor time of one study by part."""
    values = {one.measure: one.value or 0.0 for one in results}
    names = set_ups(results)
    figure, axis = plt.subplots(figsize=(_WIDTH_IN, 0.8 + 0.6 * len(names)))
    left = [0.0] * len(names)
    for part, colour in zip(PARTS, _COLOURS, strict=True):
        widths = [values[f"{one}: burst: processor time of {part}"] * 1000 for one in names]
        axis.barh(names, widths, left=left, color=colour, label=part)
        left = [one + width for one, width in zip(left, widths, strict=True)]
    axis.set_xlabel("processor time of one study, ms")
    axis.legend(ncols=len(PARTS), frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    _save(figure, path)


def draw_day(found: Sequence[Size], path: Path) -> None:
    """The queue and the workers over a day with autoscaling, a row for each number of hospitals."""
    figure, axes = plt.subplots(
        len(found), 1, figsize=(_WIDTH_IN, 1.7 * len(found)), sharex=True, squeeze=False
    )
    for axis, one in zip(axes[:, 0], found, strict=True):
        begins = range(0, len(one.scaled.samples), _SAMPLES)
        chunks = [one.scaled.samples[begin : begin + _SAMPLES] for begin in begins]
        hours = [chunk[0].at_s / HOUR_S for chunk in chunks]
        waiting = [max(sample.waiting for sample in chunk) for chunk in chunks]
        axis.fill_between(hours, waiting, color=_COLOURS[2], step="post")
        axis.set_ylabel("studies waiting")
        beside = axis.twinx()
        workers = [max(sample.workers for sample in chunk) for chunk in chunks]
        beside.step(hours, workers, color=_COLOURS[0], where="post")
        beside.set_ylabel("workers", color=_COLOURS[0])
        beside.set_ylim(bottom=0)
        axis.set_ylim(bottom=0)
        axis.set_title(f"hospitals: {one.hospitals}, classifier x {one.cost:g}", fontsize=9)
    axes[-1, 0].set_xlabel("hour of the day")
    _save(figure, path)


def draw_workers(found: Sequence[Size], path: Path) -> None:
    """Workers that meet the objective against hospitals, a line for each cost of the classifier."""
    figure, axis = plt.subplots(figsize=(_WIDTH_IN / 1.6, 3))
    for cost, colour in zip(sorted({one.cost for one in found}), _COLOURS, strict=False):
        line = [(one.hospitals, one.workers) for one in found if one.cost == cost and one.workers]
        hospitals, workers = [one for one, _ in line], [count for _, count in line]
        axis.loglog(hospitals, workers, "o-", color=colour, label=f"classifier x {cost:g}")
    axis.set_xlabel("hospitals")
    axis.set_ylabel("workers of one core")
    axis.legend(frameon=False)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    # matplotlib ends lines with blanks, which editors and Git complain about.
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
