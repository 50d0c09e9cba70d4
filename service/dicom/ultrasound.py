"""Which part of an ultrasound frame is B-mode tissue, and whether it is fit to be read.

Sequence of Ultrasound Regions: PS3.3 C.8.5.5. Vendors fill it differently, some not at all, and some give
boxes of another size than the image; so it is a hint that is checked.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.dicom.values import integer, items, numbers
from service.study.result import AnalysedRegion

MIN_SIDE_PIXELS = 32
"""Smallest side of a region that can show tissue; smaller boxes are nonsense or icons."""
SATURATION = 40
"""Difference between the strongest and the weakest channel of a pixel that is coloured, of 255. JPEG leaves
less on grey."""
MAX_COLOURED_FRACTION = 0.02
"""Part of the region that may be coloured: markers and calipers are less, a colour box is more."""
MM_PER_CM = 10.0


class SpatialFormat(IntEnum):
    """Region Spatial Format (0018,6012), PS3.3 C.8.5.5.1.1."""

    TWO_D = 1
    M_MODE = 2
    SPECTRAL = 3


class DataType(IntEnum):
    """Region Data Type (0018,6014), PS3.3 C.8.5.5.1.2."""

    TISSUE = 1
    COLOR_FLOW = 2


class Unit(IntEnum):
    """Physical Units X and Y Direction (0018,6024), (0018,6026), PS3.3 C.8.5.5.1.15."""

    CM = 3


def tissue_region(ds: Dataset, rows: int, columns: int) -> AnalysedRegion:
    """The largest 2-D tissue region, clipped to an image of `rows` x `columns`; else the whole image."""
    boxes = [box for box in (_box(item, rows, columns) for item in _tissue_items(ds)) if box is not None]
    whole = AnalysedRegion(left=0, top=0, right=columns, bottom=rows)
    return max(boxes, key=lambda box: (box.right - box.left) * (box.bottom - box.top), default=whole)


def region_refusal(ds: Dataset) -> str | None:
    """Why the regions say that this is no B-mode image, in words; None where they do not."""
    regions = items(ds, "SequenceOfUltrasoundRegions")
    formats = {integer(item, "RegionSpatialFormat") for item in regions}
    if SpatialFormat.TWO_D not in formats and formats & {SpatialFormat.M_MODE, SpatialFormat.SPECTRAL}:
        return "the image shows spectral Doppler or M-mode only; B-mode is read"
    if any(integer(item, "RegionDataType") == DataType.COLOR_FLOW for item in regions):
        return "the image has a colour flow region; B-mode without Doppler is read"
    return None


def colour_refusal(rgb: NDArray[np.uint8]) -> str | None:
    """Why the pixels (rows, columns, 3) are no grey B-mode, in words; None where they are.

    The pixels decide: Ultrasound Color Data Present is set on grey images and missing on Doppler.
    """
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    # Channel by channel: 40 times as fast as along an axis of length three.
    strongest = np.maximum(np.maximum(red, green), blue)
    weakest = np.minimum(np.minimum(red, green), blue)
    fraction = float(np.count_nonzero(strongest - weakest > SATURATION) / strongest.size)
    if fraction <= MAX_COLOURED_FRACTION:
        return None
    return (
        f"{fraction:.0%} of the region is coloured (Doppler, elastography or a colour map); "
        "B-mode in shades of grey is read"
    )


def spacing_mm(ds: Dataset) -> tuple[float, float] | None:
    """Distance of pixel centres in mm, (between rows, between columns); None where the header does not say.

    From the first calibrated 2-D region, else Pixel Spacing.
    """
    for item in items(ds, "SequenceOfUltrasoundRegions"):
        spacing = _region_spacing_mm(item)
        if spacing is not None:
            return spacing
    return _positive(numbers(ds, "PixelSpacing"))


def _tissue_items(ds: Dataset) -> Iterator[Dataset]:
    for item in items(ds, "SequenceOfUltrasoundRegions"):
        kind = (integer(item, "RegionSpatialFormat"), integer(item, "RegionDataType"))
        if kind == (SpatialFormat.TWO_D, DataType.TISSUE):
            yield item


def _box(item: Dataset, rows: int, columns: int) -> AnalysedRegion | None:
    """The region clipped to the image; its maximum belongs to it. None for a box that is none."""
    left, top = integer(item, "RegionLocationMinX0"), integer(item, "RegionLocationMinY0")
    right, bottom = integer(item, "RegionLocationMaxX1"), integer(item, "RegionLocationMaxY1")
    if left is None or top is None or right is None or bottom is None:
        return None
    left, top = max(left, 0), max(top, 0)
    right, bottom = min(right + 1, columns), min(bottom + 1, rows)
    if min(right - left, bottom - top) < MIN_SIDE_PIXELS:
        return None
    return AnalysedRegion(left=left, top=top, right=right, bottom=bottom)


def _region_spacing_mm(item: Dataset) -> tuple[float, float] | None:
    units = {integer(item, "PhysicalUnitsXDirection"), integer(item, "PhysicalUnitsYDirection")}
    if integer(item, "RegionSpatialFormat") != SpatialFormat.TWO_D or units != {Unit.CM}:
        return None
    deltas_cm = (*numbers(item, "PhysicalDeltaY"), *numbers(item, "PhysicalDeltaX"))
    # A region that grows upwards or to the left has a negative delta.
    return _positive([abs(delta) * MM_PER_CM for delta in deltas_cm])


def _positive(values_mm: Sequence[float]) -> tuple[float, float] | None:
    match values_mm:
        case [row_mm, column_mm] if row_mm > 0 and column_mm > 0:
            return (row_mm, column_mm)
    return None
