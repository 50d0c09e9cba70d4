"""The Image Pixel Module (PS3.3 C.7.6.3) of a dataset, checked, with what is easily repaired repaired.

What a decoder needs is copied to a fresh dataset, so that it meets checked numbers only and the original
stays as it was sent.
"""

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from service.dicom.quiet import quiet
from service.dicom.values import integer, text, value_of
from service.errors import UnsupportedPixels

MAX_PIXELS = 64 * 1024**2
"""Rows x columns of a frame. The largest mammograms have 30 million; more is an attack on the memory."""
_COLOR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
_GRAY = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
_BITS_ALLOCATED = (8, 16)


def frame_count(ds: Dataset) -> int:
    """Number of Frames; 1 where it is absent, empty or 0. Raises UnsupportedPixels where it is no number."""
    if not text(ds, "NumberOfFrames"):
        return 1
    count = integer(ds, "NumberOfFrames")
    if count is None or count < 0:
        raise UnsupportedPixels("Number of Frames is not a whole number: correct it at the sender")
    return max(count, 1)


def image_pixel(ds: Dataset) -> Dataset:
    """A dataset with the checked Image Pixel Module, the pixels and the transfer syntax of `ds`.

    Missing Samples per Pixel, Photometric Interpretation, Planar Configuration, Bits Stored, High Bit and
    Pixel Representation get the one value that they can have. Raises UnsupportedPixels where pixels or
    indispensable attributes are missing, or of a kind that is not read.
    """
    if not isinstance(value_of(ds, "PixelData"), bytes):
        raise UnsupportedPixels("the instance has no Pixel Data: it was removed or never sent; send it again")
    pixel = Dataset()
    with quiet():
        _copy_transfer_syntax(ds, pixel)
        _copy_size(ds, pixel)
        _copy_color(ds, pixel)
        _copy_depth(ds, pixel)
        pixel.NumberOfFrames = frame_count(ds)
        for keyword in ("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
            if value_of(ds, keyword) is not None:
                pixel[keyword] = ds[keyword]
    return pixel


def _copy_transfer_syntax(ds: Dataset, pixel: Dataset) -> None:
    transfer_syntax = text(ds, "TransferSyntaxUID")
    if not transfer_syntax:
        raise UnsupportedPixels(
            "the file does not say its transfer syntax: send it with file meta information"
        )
    pixel.file_meta = FileMetaDataset()
    pixel.file_meta.TransferSyntaxUID = UID(transfer_syntax)


def _copy_size(ds: Dataset, pixel: Dataset) -> None:
    rows, columns = integer(ds, "Rows"), integer(ds, "Columns")
    if not rows or not columns or rows < 0 or columns < 0:
        raise UnsupportedPixels("Rows or Columns is missing or zero: the instance has no image")
    if rows * columns > MAX_PIXELS:
        raise UnsupportedPixels(f"{rows} x {columns} pixels are more than the {MAX_PIXELS} that are read")
    pixel.Rows, pixel.Columns = rows, columns


def _copy_color(ds: Dataset, pixel: Dataset) -> None:
    photometric = text(ds, "PhotometricInterpretation").upper()
    samples = integer(ds, "SamplesPerPixel") or (3 if photometric in _COLOR else 1)
    photometric = photometric or ("RGB" if samples > 1 else "MONOCHROME2")
    allowed = {1: _GRAY, 3: _COLOR}.get(samples, frozenset())
    if photometric not in allowed:
        raise UnsupportedPixels(
            f"Photometric Interpretation {photometric[:16]!r} with {samples} samples per pixel is not read; "
            f"read are {', '.join(sorted(_GRAY))} with 1 and {', '.join(sorted(_COLOR))} with 3"
        )
    pixel.SamplesPerPixel, pixel.PhotometricInterpretation = samples, photometric
    if samples > 1:
        pixel.PlanarConfiguration = 1 if integer(ds, "PlanarConfiguration") == 1 else 0


def _copy_depth(ds: Dataset, pixel: Dataset) -> None:
    stored = integer(ds, "BitsStored")
    allocated = integer(ds, "BitsAllocated") or (16 if stored and stored > 8 else 8)  # noqa: PLR2004 - a byte
    if allocated not in _BITS_ALLOCATED:
        raise UnsupportedPixels(f"{allocated} bits per sample are not read; 8 and 16 are")
    stored = stored if stored and 1 <= stored <= allocated else allocated
    pixel.BitsAllocated, pixel.BitsStored, pixel.HighBit = allocated, stored, stored - 1
    pixel.PixelRepresentation = 1 if integer(ds, "PixelRepresentation") == 1 else 0
