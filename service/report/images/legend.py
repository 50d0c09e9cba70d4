"""The words on a heatmap: a solid bar at the bottom of the image, or at the top where the hot region is low.

It lies over the image, not beside it: rows and columns stay those of the source, and with them every
coordinate. Size of the text follows the image, since viewers scale the whole picture to their window.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from service.config import ReportSettings
from service.dicom.colour_map import COLOURS
from service.report.text import ascii_text, percent
from service.study.result import ClassifierIdentity, ImageScore

RESEARCH_USE = "RESEARCH USE ONLY - NOT FOR CLINICAL USE"
SIDES = {"L": "left breast", "R": "right breast"}
_TEXT_PER_SIDE = 1 / 34
"""Height of the text by the image's shorter side."""
_SMALLEST_TEXT_PX = 11
"""Below this Pillow's font cannot be read."""
_LARGEST_BAR = 1 / 3
"""Part of the rows that the bar may take; text shrinks beyond its smallest size before it takes more."""
_BACKGROUND = (0, 0, 0)
_WARNING_COLOUR = (255, 200, 60)
_TEXT_COLOUR = (255, 255, 255)
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_Line = tuple[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Legend:
    """What a heatmap says of itself. `warning` is empty for a product that is cleared for clinical use."""

    warning: str
    statements: tuple[str, ...]


def legend_for(score: ImageScore, classifier: ClassifierIdentity, settings: ReportSettings) -> Legend:
    """The legend for one scored image."""
    relation = "at or above" if score.positive else "below"
    where = [SIDES[score.laterality]] if score.laterality in SIDES else []
    if score.frame_number is not None:
        where.append(f"frame {score.frame_number}")
    return Legend(
        warning=RESEARCH_USE if settings.is_research else "",
        statements=(
            ascii_text(", ".join([f"{classifier.title} {classifier.version}", *where])),
            f"Probability of cancer {percent(score.probability)} %, "
            f"{relation} the operating point {percent(classifier.threshold)} %",
            *_lesion(score),
        ),
    )


def _lesion(score: ImageScore) -> list[str]:
    """What was found, as far as the classifier looks for it."""
    if not score.finds_lesions:
        return []
    lesion = score.lesion
    if lesion is None:
        return ["No lesion found: the score rests on the whole image"]
    if lesion.diameters_mm is None:
        return ["Outlined: the lesion found"]
    return ["Outlined: the lesion found, {:.0f} x {:.0f} mm".format(*lesion.diameters_mm)]


def draw_legend(image: Image.Image, heat: NDArray[np.float32], legend: Legend) -> None:
    """Draw the bar into `image`, at the end where it hides less of `heat` (rows, columns)."""
    font, lines, line_px = _layout(image, legend)
    bar_px = _bar_px(lines, line_px)
    top = 0 if heat[-bar_px:].sum() > heat[:bar_px].sum() else image.height - bar_px
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, top, image.width, top + bar_px - 1), fill=_BACKGROUND)
    left = line_px // 2
    for number, (line, colour) in enumerate(lines):
        draw.text((left, top + line_px // 4 + number * line_px), line, font=font, fill=colour)
    _draw_scale(image, font, left, top + line_px // 4 + len(lines) * line_px)


def _layout(image: Image.Image, legend: Legend) -> tuple[_Font, list[_Line], int]:
    """Font, wrapped lines with their colours and the height of a line, in pixels."""
    size = max(_SMALLEST_TEXT_PX, round(min(image.size) * _TEXT_PER_SIDE))
    while True:
        font = ImageFont.load_default(size)
        line_px = round(size * 1.3)
        lines = [(line, _WARNING_COLOUR) for line in _wrapped(legend.warning, font, image.width - line_px)]
        for statement in legend.statements:
            lines += [(line, _TEXT_COLOUR) for line in _wrapped(statement, font, image.width - line_px)]
        if size == 1 or _bar_px(lines, line_px) <= image.height * _LARGEST_BAR:
            return font, lines, line_px
        size -= 1


def _bar_px(lines: list[_Line], line_px: int) -> int:
    """The text, one more line for the scale, and half a line of margin."""
    return line_px * (len(lines) + 1) + line_px // 2


def _wrapped(statement: str, font: _Font, width: int) -> list[str]:
    """The words of `statement` in lines of at most `width` pixels."""
    lines: list[str] = []
    for word in statement.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _draw_scale(image: Image.Image, font: _Font, left: int, top: int) -> None:
    """The colour scale with a word at either end."""
    draw = ImageDraw.Draw(image)
    low, high = "influence on the score: low ", " high"
    height = round(font.getbbox("low")[3])
    width = max(1, image.width // 5)
    start = left + round(font.getlength(low))
    draw.text((left, top), low, font=font, fill=_TEXT_COLOUR)
    scale = COLOURS[np.linspace(0, 255, width).astype(np.uint8)].astype(np.uint8)
    image.paste(Image.fromarray(np.repeat(scale[np.newaxis], max(1, height - 2), axis=0)), (start, top + 2))
    draw.text((start + width, top), high, font=font, fill=_TEXT_COLOUR)
