"""Puts what evaluation wrote into a classifier's folder, so that shipped figures are measured ones."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from engines.errors import DataError
from engines.evaluation.decisions import SENSITIVITY, SPECIFICITY
from engines.evaluation.figures import Figure, find, rate_of, read_figures, write_figures
from engines.evaluation.measured import decided_part, measured_of, write_measured
from engines.judgement import OperatingPoint
from engines.manifest import FILE, read_manifest

CARD = "CARD.md"


def record(folder: Path, results: Path, split: str, measured_on: str | None = None) -> None:
    """Copy `results/<name>-<split>.json` to the folder and fill the card's table of that split.

    With `measured_on`, the manifest's operating point takes these figures too. Raises DataError.
    """
    manifest = read_manifest(folder / FILE)
    figures = read_figures(results / f"{manifest.name}-{split}.json")
    write_figures(folder / f"figures-{split}.json", figures)
    fill_table(folder / CARD, split, figures)
    if measured_on is not None:
        point = measured_point(manifest.operating_point, figures, measured_on)
        measured = dataclasses.replace(measured_of(manifest), operating_point=point)
        write_measured(folder / FILE, decided_part(folder / FILE), measured)


def measured_point(point: OperatingPoint, figures: Sequence[Figure], measured_on: str) -> OperatingPoint:
    """The point with what these figures say of it. Raises DataError."""
    return dataclasses.replace(
        point,
        sensitivity=rate_of(find(figures, SENSITIVITY)),
        specificity=rate_of(find(figures, SPECIFICITY)),
        measured_on=measured_on,
    )


def fill_table(card: Path, split: str, figures: Sequence[Figure]) -> None:
    """Write the table between `<!-- figures: SPLIT -->` and `<!-- end -->`. Raises DataError."""
    start, end = f"<!-- figures: {split} -->", "<!-- end -->"
    text = card.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise DataError(f"{card} has no place for figures; add {start} and {end}")
    filled = f"{start}\n{table(figures)}\n{end}"
    card.write_text(pattern.sub(lambda _: filled, text, count=1), encoding="utf-8")


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table with 95 % confidence intervals."""
    rows = ["| measure | value | 95 % CI | how |", "| --- | --- | --- | --- |"]
    for figure in figures:
        interval = "" if figure.low is None else f"{figure.low:.3f} to {figure.high:.3f}"
        rows.append(f"| {figure.measure} | {figure.value:.3f} | {interval} | {figure.how} |")
    return "\n".join(rows)
