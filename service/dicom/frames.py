"""Frames of an instance as RGB, whatever its photometric interpretation and transfer syntax."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.dicom.codestream import check_codestream
from service.dicom.decoders import is_decodable, stored_values
from service.dicom.grayscale import displayed_gray
from service.dicom.header import read_dataset
from service.dicom.image_pixel import frame_count, image_pixel
from service.dicom.palette import palette_rgb
from service.dicom.quiet import quiet
from service.errors import PrereadError, UnsupportedPixels

__all__ = ["decode_frames", "frame_count"]

_ITEM_HEADER_BYTES = 8
"""An encapsulated frame has at least an item's tag and length (PS3.5 A.4)."""


def decode_frames(source: bytes | Dataset, indices: Iterable[int]) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames `indices` (from 0) as uint8 RGB of shape (rows, columns, 3), one at a time.

    `source` is a Part 10 file or a dataset with pixels and file meta information. Grey frames go through
    modality and VOI LUT and have three equal channels. Raises NotDicom where the file cannot be read,
    UnsupportedPixels, saying what to do, where a frame cannot be decoded; frames before it are yielded.
    """
    ds = read_dataset(source) if isinstance(source, bytes) else source
    pixel = image_pixel(ds)
    _check_transfer_syntax(pixel)
    _check_length(pixel)
    for index in indices:
        yield _decode(ds, pixel, index)


def _decode(ds: Dataset, pixel: Dataset, index: int) -> NDArray[np.uint8]:
    if not 0 <= index < int(pixel.NumberOfFrames):
        raise UnsupportedPixels(f"there is no frame {index + 1}: the image has {pixel.NumberOfFrames}")
    try:
        with quiet():
            check_codestream(pixel, index)
            return _rgb(stored_values(pixel, index), ds, pixel)
    except PrereadError:
        raise
    except Exception as error:  # pydicom and five decoders raise whatever they like at damaged bytes
        raise UnsupportedPixels(
            f"frame {index + 1} cannot be decoded ({type(error).__name__} in "
            f"{pixel.file_meta.TransferSyntaxUID.name}): it is damaged, or of a kind that the installed "
            "decoders do not read; send it again, or uncompressed"
        ) from error


def _rgb(frame: NDArray[np.generic], ds: Dataset, pixel: Dataset) -> NDArray[np.uint8]:
    """A decoded frame as RGB; pydicom has turned YBR into RGB already."""
    if pixel.PhotometricInterpretation == "PALETTE COLOR":
        return palette_rgb(frame, ds)
    if pixel.SamplesPerPixel == 1:
        gray = displayed_gray(frame, ds, pixel)
        return np.repeat(gray[..., np.newaxis], 3, axis=-1)
    if frame.dtype == np.uint8:
        return frame.astype(np.uint8, copy=False)
    shift = max(int(pixel.BitsStored) - 8, 0)
    return np.asarray(frame.astype(np.uint16) >> shift, dtype=np.uint8)


def _check_transfer_syntax(pixel: Dataset) -> None:
    transfer_syntax = pixel.file_meta.TransferSyntaxUID
    if not is_decodable(transfer_syntax):
        raise UnsupportedPixels(
            f"transfer syntax {transfer_syntax.name[:64]} is not read; send the image as Explicit VR Little "
            "Endian, JPEG, JPEG-LS, JPEG 2000 or RLE"
        )


def _check_length(pixel: Dataset) -> None:
    """Raises UnsupportedPixels when the pixels are not as many as the header says.

    A frame more or less is another Number of Frames than was sent; anything less than a frame is padding.
    """
    found_bytes, count = len(pixel.PixelData), int(pixel.NumberOfFrames)
    if pixel.file_meta.TransferSyntaxUID.is_encapsulated:
        if count * _ITEM_HEADER_BYTES > found_bytes:
            raise UnsupportedPixels(f"the header says {count} frames, the pixel data are too short for them")
        return
    frame_bytes = _native_frame_bytes(pixel)
    if found_bytes < frame_bytes * count:
        raise UnsupportedPixels(
            f"the pixel data are cut off: {found_bytes} bytes of {frame_bytes * count}; send the image again"
        )
    if found_bytes >= frame_bytes * (count + 1):
        raise UnsupportedPixels(
            f"the header says {count} frames, the pixel data have {found_bytes // frame_bytes}: "
            "correct Number of Frames at the sender"
        )


def _native_frame_bytes(pixel: Dataset) -> int:
    samples = pixel.Rows * pixel.Columns * pixel.SamplesPerPixel
    if pixel.PhotometricInterpretation == "YBR_FULL_422":
        samples = pixel.Rows * pixel.Columns * 2
    return int(samples) * int(pixel.BitsAllocated) // 8
