"""Pictures of a result: the heatmap over its image, whole for the PACS and small for the worklist."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.dicom.colour_map import blend
from service.errors import Permanent
from service.report.images.legend import Legend, draw_legend
from service.study.result import Point

_LINE_PER_SIDE = 1 / 300
"""Width of the outline by the image's shorter side."""
_LINE_COLOUR = (255, 255, 255)
_CASING_COLOUR = (0, 0, 0)


def render_heatmap(
    rgb: NDArray[np.uint8], heatmap: NDArray[np.float32], outline: Sequence[Point], legend: Legend
) -> NDArray[np.uint8]:
    """The image with heat, outline and legend: uint8 (rows, columns, 3), in the source's own geometry.

    `rgb` is uint8 (rows, columns, 3), `heatmap` float32 (rows, columns) from 0 to 1, `outline` a polygon of
    (column, row) or empty. Raises Permanent where the shapes do not belong together.
    """
    if rgb.ndim != 3 or rgb.shape != (*heatmap.shape, 3):  # noqa: PLR2004 - rows, columns, colours
        raise Permanent(
            f"the heatmap of shape {heatmap.shape} does not belong to the image of shape {rgb.shape}; "
            "run the classifier again on this study"
        )
    heat = np.clip(np.nan_to_num(heatmap), 0.0, 1.0)
    image = Image.fromarray(blend(rgb, heat))
    _draw_outline(image, outline)
    draw_legend(image, heat, legend)
    return np.asarray(image)


def render_png(rgb: NDArray[np.uint8]) -> bytes:
    """The picture, uint8 (rows, columns, 3), as a PNG file."""
    return _png(Image.fromarray(rgb))


def thumbnail(rgb: NDArray[np.uint8], max_px: int) -> bytes:
    """The picture as a PNG file whose longer side has at most `max_px` pixels; never enlarged."""
    image = Image.fromarray(rgb)
    image.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    return _png(image)


def _draw_outline(image: Image.Image, outline: Sequence[Point]) -> None:
    """The polygon as a light line on a dark one: seen on bright fat and in black cysts."""
    if not outline:
        return
    closed = [*outline, outline[0]]
    width = max(1, round(min(image.size) * _LINE_PER_SIDE))
    draw = ImageDraw.Draw(image)
    draw.line(closed, fill=_CASING_COLOUR, width=width + 2, joint="curve")
    draw.line(closed, fill=_LINE_COLOUR, width=width, joint="curve")


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format="PNG", optimize=False)
    return buffer.getvalue()
