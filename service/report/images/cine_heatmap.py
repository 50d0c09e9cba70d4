"""The heatmaps of a cine as one: a Multi-frame True Color SC (PS3.3 A.8.5) of the frames that have one."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import MultiFrameTrueColorSecondaryCaptureImageStorage

from service.dicom.values import number
from service.report.context import ReportContext
from service.report.images.secondary_capture import describe_heatmap
from service.report.text import long_string
from service.report.uids import series_uid
from service.study.result import ImageScore

SERIES_NUMBER = 9102
_FRAME_TIME_MS = 100.0
"""Where the source does not say how long a frame is shown."""


def build_cine_heatmap(
    context: ReportContext,
    score: ImageScore,
    frames: Sequence[NDArray[np.uint8]],
    sop_instance_uid: str,
    instance_number: int,
) -> bytes:
    """The rendered frames, uint8 (rows, columns, 3), as a Part 10 file: those of `score.frames`.
    `context.header`: of the cine.
    """
    ds = context.new_object(MultiFrameTrueColorSecondaryCaptureImageStorage, sop_instance_uid, "OT")
    ds.SeriesInstanceUID, ds.SeriesNumber = series_uid(context.result, "cine-heatmap"), SERIES_NUMBER
    ds.SeriesDescription = long_string(f"AI cine heatmap {context.title}")
    ds.InstanceNumber = instance_number
    describe_heatmap(ds, context, score, [frame.number for frame in score.frames])
    _describe_pixels(ds, np.stack(frames))
    ds.FrameIncrementPointer = 0x00181063  # Frame Time
    ds.FrameTime = round(_frame_time_ms(context.header, score), 3)
    return context.finish(ds)


def _describe_pixels(ds: Dataset, pixels: NDArray[np.uint8]) -> None:
    count, rows, columns, samples = pixels.shape
    ds.NumberOfFrames, ds.Rows, ds.Columns, ds.SamplesPerPixel = count, rows, columns, samples
    ds.PhotometricInterpretation, ds.PlanarConfiguration, ds.PixelRepresentation = "RGB", 0, 0
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    data = pixels.tobytes()
    ds.PixelData = data + bytes(len(data) % 2)
    ds["PixelData"].VR = "OB"


def _frame_time_ms(header: Dataset, score: ImageScore) -> float:
    """How long each frame is shown, so that the whole takes as long as the source, of which it has a part."""
    rate = number(header, "CineRate") or number(header, "RecommendedDisplayFrameRate")
    source_ms = number(header, "FrameTime") or (1000 / rate if rate else _FRAME_TIME_MS)
    numbers = [frame.number for frame in score.frames]
    strides = [after - before for before, after in pairwise(numbers)]
    return source_ms * (sum(strides) / len(strides) if strides else 1)
