"""The part of a manifest that is measured, not decided: written by training and evaluation only."""

from dataclasses import dataclass
from pathlib import Path

from engines.errors import DataError
from engines.judgement import Calibration, Difference, OperatingPoint, Rate
from engines.manifest import Manifest
from engines.manifest_tables import GuardFile, Int8, Weights

_MARK = "# Measured: written by training and evaluation; edits are overwritten.\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """What only a trained and evaluated network has. `int8` belongs to these very weights."""

    calibration: Calibration
    operating_point: OperatingPoint
    weights: Weights
    int8: Int8 | None = None
    guard: GuardFile | None = None
    points: tuple[OperatingPoint, ...] = ()


def write_measured(manifest: Path, decided: str, measured: Measured) -> None:
    """Write `manifest`: the text that people decided, then the measured tables."""
    lines = [
        "[calibration]",
        f"slope = {measured.calibration.slope!r}",
        f"intercept = {measured.calibration.intercept!r}",
        "",
        "[operating_point]",
        *_point(measured.operating_point),
        *(line for point in measured.points for line in ("", "[[points]]", *_point(point))),
        "",
        "[weights]",
        f'file = "{measured.weights.file}"',
        f'sha256 = "{measured.weights.sha256}"',
        *_int8(measured.int8),
        *_guard(measured.guard),
    ]
    manifest.write_text(decided.rstrip("\n") + "\n\n" + _MARK + "\n".join(lines) + "\n", encoding="utf-8")


def decided_part(manifest: Path) -> str:
    """The text before the measured tables. Raises DataError if nothing says where they begin."""
    decided, mark, _ = manifest.read_text(encoding="utf-8").partition(_MARK)
    if not mark:
        raise DataError(f"{manifest} has no measured part; put this line before it: {_MARK.rstrip()}")
    return decided


def _point(point: OperatingPoint) -> list[str]:
    return [
        f'name = "{point.name}"',
        f"threshold = {point.threshold!r}",
        f"sensitivity = {_rate(point.sensitivity)}",
        f"specificity = {_rate(point.specificity)}",
        f'measured_on = "{point.measured_on}"',
    ]


def _int8(int8: Int8 | None) -> list[str]:
    if int8 is None:
        return []
    return [
        "",
        "[int8]",
        f'file = "{int8.file}"',
        f'sha256 = "{int8.sha256}"',
        f"auc_float32 = {int8.auc_float32!r}",
        f"auc = {int8.auc!r}",
        f"auc_loss = {_rate(int8.auc_loss)}",
        f"equal_decisions = {_rate(int8.equal_decisions)}",
        f'measured_on = "{int8.measured_on}"',
    ]


def _guard(guard: GuardFile | None) -> list[str]:
    if guard is None:
        return []
    return [
        "",
        "[guard]",
        f'file = "{guard.file}"',
        f'sha256 = "{guard.sha256}"',
        f"limit = {guard.limit!r}",
        f"refused = {_rate(guard.refused)}",
        f'measured_on = "{guard.measured_on}"',
    ]


def _rate(rate: Rate | Difference) -> str:
    return f"{{ value = {rate.value!r}, low = {rate.low!r}, high = {rate.high!r} }}"


def measured_of(manifest: Manifest) -> Measured:
    """The measured part of a manifest, to write it again with something changed."""
    return Measured(
        manifest.calibration,
        manifest.operating_point,
        manifest.weights,
        manifest.int8,
        manifest.guard,
        manifest.points,
    )
