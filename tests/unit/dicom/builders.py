"""Ultrasound images built in memory: phantoms, their datasets, and the Part 10 files of those."""

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmwrite
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)


def speckle(rows: int = 96, columns: int = 128, seed: int = 0) -> NDArray[np.uint8]:
    """Grey B-mode-like noise (rows, columns), smooth enough for JPEG, 40..215."""
    coarse = np.random.default_rng(seed).integers(
        40, 216, size=(rows // 8 + 1, columns // 8 + 1), dtype=np.uint8
    )
    large = Image.fromarray(coarse).resize((columns, rows), Image.Resampling.BILINEAR)
    return np.asarray(large, dtype=np.uint8)


def as_rgb(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Three equal channels."""
    return np.repeat(gray[..., np.newaxis], 3, axis=-1)


def ultrasound(pixels: NDArray[Any] | None = None, **attributes: Any) -> Dataset:
    """A breast ultrasound dataset of `pixels`: (rows, columns[, 3]) or with frames in front for 4 dimensions.

    `attributes` replace what it has; None removes an attribute.
    """
    pixels = as_rgb(speckle()) if pixels is None else pixels
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    cine = pixels.ndim == 4
    ds.SOPClassUID = UltrasoundMultiFrameImageStorage if cine else UltrasoundImageStorage
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.Modality, ds.BodyPartExamined = "US", "BREAST"
    _add_pixels(ds, pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hostile values are set on purpose
        for keyword, value in attributes.items():
            if value is not None:
                setattr(ds, keyword, value)
            elif keyword in ds:
                delattr(ds, keyword)
    return ds


def _add_pixels(ds: Dataset, pixels: NDArray[Any]) -> None:
    shape = pixels.shape
    if pixels.ndim == 4:
        ds.NumberOfFrames, shape = shape[0], shape[1:]
    ds.Rows, ds.Columns = shape[:2]
    ds.SamplesPerPixel = 3 if len(shape) == 3 else 1
    ds.PhotometricInterpretation = "RGB" if len(shape) == 3 else "MONOCHROME2"
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    bits = 8 * pixels.dtype.itemsize
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    data = pixels.tobytes()
    ds.PixelData = data + b"\x00" * (len(data) % 2)
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"


def part10(ds: Dataset) -> bytes:
    """The Part 10 file of a dataset, in the transfer syntax that its file meta information says."""
    ds.preamble = b"\x00" * 128
    meta = ds.file_meta
    meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", UltrasoundImageStorage)
    meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", generate_uid())
    big_endian = meta.TransferSyntaxUID == ExplicitVRBigEndian
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # hostile values are written on purpose
        dcmwrite(
            buffer,
            ds,
            enforce_file_format=False,
            implicit_vr=bool(meta.TransferSyntaxUID.is_implicit_VR),
            little_endian=not big_endian,
        )
    return buffer.getvalue()


def in_transfer_syntax(ds: Dataset, uid: str) -> Dataset:
    """`ds` with pixels compressed by pydicom's encoders (RLE, JPEG-LS, JPEG 2000)."""
    ds.compress(uid, generate_instance_uid=False)
    return ds


def in_jpeg(ds: Dataset, pixels: NDArray[np.uint8]) -> Dataset:
    """`ds` with `pixels` (frames, rows, columns, 3) as JPEG Baseline, colour as JPEG stores it."""
    frames = []
    for frame in pixels:
        buffer = BytesIO()
        Image.fromarray(frame).save(buffer, "JPEG", quality=95, subsampling=0)
        frames.append(buffer.getvalue())
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.PhotometricInterpretation = "YBR_FULL_422"
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR = "OB"
    return ds


def us_region(box: Sequence[int], spatial_format: int = 1, data_type: int = 1, **more: Any) -> Dataset:
    """An item of Sequence of Ultrasound Regions; `box` is x0, y0, x1, y1, the maximum included."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = spatial_format, data_type, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = box[0], box[1]
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = box[2], box[3]
    for keyword, value in more.items():
        setattr(item, keyword, value)
    return item


def code(value: str, scheme: str = "SCT", meaning: str = "", **more: Any) -> Dataset:
    """An item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning or value
    for keyword, content in more.items():
        setattr(item, keyword, content)
    return item


def items(**attributes: Any) -> Dataset:
    """A dataset with just these attributes, for use as a sequence item."""
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def packaged(name: str) -> bytes:
    """A real file that comes with pydicom."""
    path = get_testdata_file(name, download=False)
    if not isinstance(path, str):
        raise FileNotFoundError(f"pydicom has no test file {name}")
    return Path(path).read_bytes()


def packaged_charset(name: str) -> bytes:
    """A real file of another country that comes with pydicom."""
    return Path(get_charset_files(name)[0]).read_bytes()
