"""The part of a manifest that is measured, not decided: written by training and evaluation only."""

from dataclasses import dataclass
from pathlib import Path

from engines.judgement import Calibration, OperatingPoint, Rate
from engines.manifest import Weights

_MARK = "# Measured: written by training and evaluation; edits are overwritten.\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """What only a trained and evaluated network has."""

    calibration: Calibration
    operating_point: OperatingPoint
    weights: Weights


def write_measured(manifest: Path, decided: str, measured: Measured) -> None:
    """Write `manifest`: the text that people decided, then the measured tables."""
    point = measured.operating_point
    lines = [
        "[calibration]",
        f"slope = {measured.calibration.slope!r}",
        f"intercept = {measured.calibration.intercept!r}",
        "",
        "[operating_point]",
        f'name = "{point.name}"',
        f"threshold = {point.threshold!r}",
        f"sensitivity = {_rate(point.sensitivity)}",
        f"specificity = {_rate(point.specificity)}",
        f'measured_on = "{point.measured_on}"',
        "",
        "[weights]",
        f'file = "{measured.weights.file}"',
        f'sha256 = "{measured.weights.sha256}"',
    ]
    manifest.write_text(decided.rstrip("\n") + "\n\n" + _MARK + "\n".join(lines) + "\n", encoding="utf-8")


def decided_part(manifest: Path) -> str:
    """The text before the measured tables."""
    return manifest.read_text(encoding="utf-8").split(_MARK)[0]


def _rate(rate: Rate) -> str:
    return f"{{ value = {rate.value!r}, low = {rate.low!r}, high = {rate.high!r} }}"
