"""How a training went, as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def draw_history(history: Sequence[Mapping[str, float | int | str]], path: Path) -> None:
    """Loss above, what was measured after each epoch below, as SVG; a line where a stage begins."""
    from matplotlib.figure import Figure  # without pyplot: no display, no global state

    figure = Figure(figsize=(7, 4.8), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    epochs = [int(one["epoch"]) + 1 for one in history]
    above.plot(epochs, [float(one["loss"]) for one in history], "o-", color="#0072b2", markersize=3)
    above.set_ylabel("loss")
    for measure, colour in (("Dice", "#009e73"), ("AUC", "#d55e00")):
        points = [
            (epoch, float(one[measure])) for epoch, one in zip(epochs, history, strict=True) if measure in one
        ]
        if points:
            below.plot(
                *zip(*points, strict=True), "o-", color=colour, markersize=3, label=f"{measure}, held out"
            )
    below.set(xlabel="epoch", ylim=(None, 1))
    below.legend(frameon=False)
    for place, one in enumerate(history):
        if place == 0 or one["stage"] != history[place - 1]["stage"]:
            for axes in (above, below):
                axes.axvline(epochs[place] - 0.5, color="0.8", linewidth=1)
            above.annotate(
                str(one["stage"]), (epochs[place] - 0.4, above.get_ylim()[1]), va="top", fontsize=8
            )
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="svg", metadata={"Date": None})
