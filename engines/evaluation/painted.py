"""Does a score depend on what people paint into images? Calipers and text are painted in to see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engines.data.examples import Example, Pixels, read_pixels
from engines.evaluation.arrays import Scores
from engines.evaluation.figures import Figure, rate_figure
from engines.evaluation.rates import wilson
from engines.evaluation.scoring import Classify
from engines.judgement import Calibration
from engines.progress import Progress, Report

_ARM = 0.02
"""Of the longer side: half the length of a caliper's cross."""
_WHITE = 230
_BATCH = 8
_SMALLEST = 1e-12
"""Probability; a smaller one has no logit that could be told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """Probabilities of the images as they are, with calipers at the lesion, and with text in a corner."""

    plain: Scores
    with_calipers: Scores
    with_text: Scores

    def calibrated(self, calibration: Calibration) -> "Painted":
        """The same of a network whose probabilities were not calibrated yet."""
        return Painted(
            *(_calibrated(one, calibration) for one in (self.plain, self.with_calipers, self.with_text))
        )


def together(parts: Iterable[Painted]) -> Painted:
    """All parts, one after the other."""
    rows = [(one.plain, one.with_calipers, one.with_text) for one in parts]
    return Painted(*(np.concatenate(values) for values in zip(*rows, strict=True)))


def painted(classify: Classify, examples: Sequence[Example], plain: Scores, report: Report) -> Painted:
    """Classify every example in both forms; `plain` are its probabilities as it is."""
    rows: list[tuple[float, float]] = []
    for start in range(0, len(examples), _BATCH):
        pixels = [read_pixels(example) for example in examples[start : start + _BATCH]]
        forms = (
            [replace(p, gray=calipers(p)).given for p in pixels],
            [replace(p, gray=corner_text(p.gray)).given for p in pixels],
        )
        scored = [[score.probability for score in classify(images)] for images in forms]
        rows += zip(*scored, strict=True)
        report(Progress("paint", len(rows), len(examples)))
    return Painted(plain, *np.array(rows, dtype=np.float64).T)


def painted_figures(scores: Painted, threshold: float) -> list[Figure]:
    """How far the probability moves, and how many decisions become the other one."""
    figures = []
    for what, values in (("calipers", scores.with_calipers), ("text", scores.with_text)):
        moved = np.abs(values - scores.plain)
        other = (values >= threshold) != (scores.plain >= threshold)
        how = f"{what} painted into {moved.size} images"
        figures += [
            Figure(f"mean change of the probability by {what}", float(moved.mean()), "1", how),
            rate_figure(f"decisions changed by {what}", wilson(int(other.sum()), other.size), how),
        ]
    return figures


def _calibrated(plain: Scores, calibration: Calibration) -> Scores:
    kept = np.clip(plain, _SMALLEST, 1 - _SMALLEST)
    logits = np.log(kept) - np.log1p(-kept)
    return np.array([calibration.probability(float(logit)) for logit in logits])


def calipers(pixels: Pixels) -> NDArray[np.uint8]:
    """The image with crosses at the four ends of the lesion; of the image where no lesion is drawn."""
    rows, columns = np.nonzero(pixels.mask if pixels.mask.any() else np.ones_like(pixels.mask))
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    middle = ((left + right) // 2, (top + bottom) // 2)
    image = Image.fromarray(pixels.gray)
    draw, arm = ImageDraw.Draw(image), max(2, round(max(pixels.gray.shape) * _ARM))
    for x, y in ((left, middle[1]), (right, middle[1]), (middle[0], top), (middle[0], bottom)):
        draw.line((x - arm, y, x + arm, y), fill=_WHITE)
        draw.line((x, y - arm, x, y + arm), fill=_WHITE)
    return np.asarray(image)


def corner_text(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image with a line of text and a body mark at its lower edge, as scanners put them."""
    image = Image.fromarray(gray)
    draw, (width, height) = ImageDraw.Draw(image), image.size
    draw.text((round(width * 0.04), round(height * 0.9)), "L 3:00 RAD  D 12.4mm", fill=_WHITE)
    side = max(8, round(width * 0.08))
    draw.ellipse((width - 2 * side, height - 2 * side, width - side, height - side), outline=_WHITE)
    return np.asarray(image)
