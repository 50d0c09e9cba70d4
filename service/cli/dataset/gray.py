"""One DICOM file to the gray image that the service would analyse."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.dicom.header import read_dataset
from service.dicom.quiet import quiet
from service.infer.image import Reading, gray_frames

_ONE_FRAME = Reading(max_frames=1)
"""Of a cine the middle frame: a label is of the study, and its frames are nearly the same."""


def read_gray(file: Path) -> tuple[Dataset, NDArray[np.uint8]]:
    """Header and image (rows, columns). Raises Refused for what the service would not read, OSError."""
    with quiet():
        ds = read_dataset(file.read_bytes())
        frame = next(iter(gray_frames(ds, _ONE_FRAME)))
    return ds, frame.gray
