"""Grey pixels as a display shows them: modality LUT, then VOI LUT (PS3.3 C.11.1, C.11.2), to 0..255."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi

from service.dicom.values import items, number, numbers, text
from service.errors import UnsupportedPixels

WHITE = 255.0
Gray = NDArray[np.float32]


def displayed_gray(frame: NDArray[np.generic], ds: Dataset, pixel: Dataset) -> NDArray[np.uint8]:
    """uint8 of the frame's shape (rows, columns), 0 black to 255 white, MONOCHROME1 inverted.

    `frame` holds stored values; `ds` has the LUTs and windows, `pixel` the checked Image Pixel Module. The
    first VOI LUT or window counts; without either, the full range that Bits Stored allows is shown.
    """
    values = apply_modality_lut(frame, ds).astype(np.float32)
    window = _window(ds)
    if items(ds, "VOILUTSequence"):
        shown = _by_lut(values, ds)
    elif window is not None:
        shown = _by_window(values, *window, text(ds, "VOILUTFunction").upper())
    else:
        shown = _full_range(values, ds, pixel)
    shown = np.clip(np.nan_to_num(shown), 0.0, 1.0)
    if pixel.PhotometricInterpretation == "MONOCHROME1":
        shown = 1.0 - shown
    return np.asarray(np.rint(shown * WHITE), dtype=np.uint8)


def _window(ds: Dataset) -> tuple[float, float] | None:
    """The first window's centre and width; None where it is missing or has no width."""
    center, width = number(ds, "WindowCenter"), number(ds, "WindowWidth")
    return (center, width) if center is not None and width is not None and width > 0 else None


def _by_window(values: Gray, center: float, width: float, function: str) -> Gray:
    """Values by window, 0..1 inside it (PS3.3 C.11.2.1.2, C.11.2.1.3); LINEAR unless `function` says else."""
    if function == "SIGMOID":
        shown = 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - center) / width, -80.0, 80.0)))
    elif function == "LINEAR_EXACT":
        shown = (values - center) / width + 0.5
    else:
        shown = (values - (center - 0.5)) / max(width - 1.0, 1e-6) + 0.5
    return np.asarray(shown, dtype=np.float32)


def _by_lut(values: Gray, ds: Dataset) -> Gray:
    """Values by the first VOI LUT, 0..1 over the bits of its entries (PS3.3 C.11.2.1.1)."""
    bits = numbers(items(ds, "VOILUTSequence")[0], "LUTDescriptor")[2:3]
    if not bits or not 1 <= bits[0] <= 16:  # noqa: PLR2004 - PS3.3 C.11.2.1.1
        raise UnsupportedPixels("the VOI LUT does not say the bits of its entries: correct it at the sender")
    entries = apply_voi(np.rint(values).astype(np.int32), ds)
    return np.asarray(entries / (2.0 ** bits[0] - 1.0), dtype=np.float32)


def _full_range(values: Gray, ds: Dataset, pixel: Dataset) -> Gray:
    """Values over the range that Bits Stored allows, as the modality LUT maps it."""
    bits = int(pixel.BitsStored)
    ends = np.array(
        [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if pixel.PixelRepresentation else [0, 2**bits - 1]
    )
    low, high = sorted(float(end) for end in apply_modality_lut(ends, ds))
    return np.asarray((values - low) / max(high - low, 1e-6), dtype=np.float32)
