"""One image to the gray frames that a classifier gets. What it was not made for is refused with a reason."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.dicom.frames import decode_frames, frame_count
from service.dicom.header import read_dataset
from service.dicom.ultrasound import MIN_SIDE_PIXELS, colour_refusal, tissue_region
from service.dicom.values import text
from service.errors import NotAnalysable
from service.infer.guard import refusal
from service.infer.luma import luma
from service.infer.port import Manifest
from service.study.result import AnalysedRegion


@dataclass(frozen=True, slots=True)
class Reading:
    """How images are read. Of a cine at most `max_frames` frames are looked at, evenly spread, and of these
    the `frame_heatmaps` most suspicious ones keep their heatmap, one at least.

    `assume_body_part` is what an operator says of images whose header names no body part.
    """

    max_frames: int
    assume_body_part: str = ""
    frame_heatmaps: int = 16


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame fit to be read. `number`: from 1, None for a single-frame image. `gray`: its `region`."""

    number: int | None
    region: AnalysedRegion
    gray: NDArray[np.uint8]


def open_image(data: bytes, manifest: Manifest, reading: Reading) -> Dataset:
    """The dataset in a Part 10 file. Raises Refused where its header is outside what the classifier reads."""
    ds = read_dataset(data)
    reason = refusal(ds, manifest.criteria, manifest.name, reading.assume_body_part)
    if reason:
        raise NotAnalysable(reason)
    return ds


def gray_frames(ds: Dataset, reading: Reading) -> Iterator[Frame]:
    """The frames to be read, one at a time; blank ones are passed over.

    Raises Refused, perhaps after some frames, where one cannot be decoded or is no B-mode, or all are blank.
    """
    count = frame_count(ds)
    indices = spread(count, reading.max_frames)
    blank = 0
    for index, rgb in zip(indices, decode_frames(ds, indices), strict=True):
        region = _region(ds, *rgb.shape[:2])
        pixels = _planar(rgb[region.top : region.bottom, region.left : region.right])
        _check_colour(ds, pixels)
        if np.ptp(pixels) == 0:
            blank += 1  # a cine may begin or end with black frames
            continue
        yield Frame(index + 1 if count > 1 else None, region, luma(pixels))
    if blank == len(indices):
        raise NotAnalysable("the image is blank")


def _region(header: Dataset, rows: int, columns: int) -> AnalysedRegion:
    """The region to analyse. Raises NotAnalysable where the image is too small."""
    if min(rows, columns) < MIN_SIDE_PIXELS:
        raise NotAnalysable(f"the image is too small to be read: {rows} x {columns} pixels")
    if _is_ultrasound(header):
        return tissue_region(header, rows, columns)
    return AnalysedRegion(left=0, top=0, right=columns, bottom=rows)


def _check_colour(header: Dataset, rgb: NDArray[np.uint8]) -> None:
    """Raises NotAnalysable where an ultrasound region is no B-mode by its pixels."""
    reason = colour_refusal(rgb) if _is_ultrasound(header) else None
    if reason:
        raise NotAnalysable(reason)


def _is_ultrasound(header: Dataset) -> bool:
    return text(header, "Modality").upper() == "US"


def _planar(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same pixels, each channel in one piece of memory: comparing channels is then four times as fast."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(rgb, -1, 0)), 0, -1)


def spread(count: int, at_most: int) -> list[int]:
    """At most so many of the numbers 0..count - 1, evenly spread, the first and the last among them."""
    if count <= at_most:
        return list(range(count))
    if at_most == 1:
        return [count // 2]
    return [round(step * (count - 1) / (at_most - 1)) for step in range(at_most)]
