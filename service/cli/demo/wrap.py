"""Your own images for the demonstration: DICOM as it is, PNG and JPEG wrapped into a DICOM study.

A PNG does not say what it shows. Whoever gives one to `preread demo` says that it is a breast ultrasound
image, so the wrapped study states BREAST and US; side and pixel spacing stay unknown.
"""

import warnings
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import MediaStorageDirectoryStorage, generate_uid

from service.cli.demo.ultrasound import ImageIdentity, StudyIdentity, ultrasound_image
from service.errors import ConfigurationError, MissingAttribute, NotDicom, TooLarge, UnsupportedPixels

MAX_FILES = 500
MAX_TOTAL_BYTES = 1024**3
MAX_PIXELS = 40_000_000
"""Several times the largest detector; a compressed file of a few kB can unpack to far more."""

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_EIGHT_BIT_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")
_GRAY_MODES = ("1", "L", "LA")


def load_study(path: Path) -> list[Dataset]:
    """The datasets of a DICOM, PNG or JPEG file, or of all such files in a folder and its subfolders.

    Files of other kinds in a folder are passed over, a DICOMDIR too. DICOM files may belong to several
    studies; pictures become one new study. Raises ConfigurationError where there is nothing to send or the
    folder mixes DICOM and pictures, TooLarge above MAX_FILES, MAX_TOTAL_BYTES or MAX_PIXELS, and NotDicom,
    MissingAttribute or UnsupportedPixels for a file that cannot be read.
    """
    if not path.exists():
        raise ConfigurationError(f"{path} does not exist: give a file or folder of DICOM, PNG or JPEG images")
    files = _files(path)
    dicom = [file for file in files if _is_dicom(file)]
    pictures = [file for file in files if _is_picture(file)]
    if dicom and pictures:
        raise ConfigurationError(f"{path} holds both DICOM files and pictures: give a folder with one kind")
    if not dicom and not pictures:
        raise ConfigurationError(f"{path} holds no DICOM, PNG or JPEG file ({len(files)} of other kinds)")
    return _read_all(dicom, path) if dicom else wrap_images(pictures)


def wrap_images(files: Iterable[Path]) -> list[Dataset]:
    """PNG and JPEG files as one new study of US images, in this order.

    Gray pictures become MONOCHROME2, others RGB; transparency is dropped. Raises UnsupportedPixels for a file
    that is no such picture or has more than 8 bits per sample, TooLarge above MAX_PIXELS.
    """
    study = StudyIdentity(
        study_instance_uid=generate_uid(prefix=None),
        patient_name="WRAPPED^IMAGES",
        patient_id="WRAPPED-1",
        study_description="Pictures wrapped for the demo",
        made_at=datetime.now().astimezone(),
    )
    series_instance_uid = generate_uid(prefix=None)
    return [
        ultrasound_image(
            study, ImageIdentity(series_instance_uid, generate_uid(prefix=None), 1, number), _pixels(file)
        )
        for number, file in enumerate(files, start=1)
    ]


def _files(path: Path) -> list[Path]:
    """All files, sorted by path, hidden ones left out. Raises TooLarge."""
    if path.is_file():
        found = [path]
    else:
        visible = (file for file in path.rglob("*") if not _is_hidden(file.relative_to(path)))
        found = sorted(file for file in visible if file.is_file())
    if len(found) > MAX_FILES:
        raise TooLarge(f"{path} holds {len(found)} files, the demo takes {MAX_FILES}: give one study")
    total_bytes = sum(file.stat().st_size for file in found)
    if total_bytes > MAX_TOTAL_BYTES:
        raise TooLarge(f"{path} holds {total_bytes} bytes, the demo takes {MAX_TOTAL_BYTES}: give one study")
    return found


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


def _head(file: Path, length: int) -> bytes:
    with file.open("rb") as stream:
        return stream.read(length)


def _is_dicom(file: Path) -> bool:
    """Whether the DICOM prefix follows the preamble (PS3.10 7.1). Names say nothing: many have no suffix."""
    return _head(file, 132)[128:] == b"DICM"


def _is_picture(file: Path) -> bool:
    return _head(file, 8).startswith((_PNG, _JPEG))


def _read_all(files: list[Path], path: Path) -> list[Dataset]:
    datasets = [_read(file) for file in files]
    instances = [
        ds for ds in datasets if ds.file_meta.get("MediaStorageSOPClassUID") != MediaStorageDirectoryStorage
    ]
    if not instances:
        raise ConfigurationError(f"{path} holds only a DICOMDIR: give the folder with the images")
    return instances


def _read(file: Path) -> Dataset:
    """Raises NotDicom, or MissingAttribute for a dataset that cannot be sent."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # foreign files break rules; the service judges them, not the demo
            ds = pydicom.dcmread(file)
    except (InvalidDicomError, EOFError, OSError, ValueError) as error:
        raise NotDicom(f"{file} cannot be read: {error}") from error
    if "TransferSyntaxUID" not in ds.file_meta:
        raise MissingAttribute(f"{file} has no Transfer Syntax UID in its header: export it again")
    is_directory = ds.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage
    for keyword in () if is_directory else ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID"):
        if not ds.get(keyword):
            raise MissingAttribute(f"{file} has no {keyword}: export it again")
    return ds


def _pixels(file: Path) -> NDArray[np.uint8]:
    """Shape (rows, columns) or (rows, columns, 3). Raises UnsupportedPixels, TooLarge."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # checked below, before decoding
            picture = Image.open(file, formats=("PNG", "JPEG"))
        with picture:
            _check(file, picture)
            return np.asarray(picture.convert("L" if picture.mode in _GRAY_MODES else "RGB"))
    except (Image.DecompressionBombError, UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UnsupportedPixels(f"{file} cannot be decoded as PNG or JPEG: {error}") from error


def _check(file: Path, picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise TooLarge(f"{file} has {picture.width} x {picture.height} pixels, more than {MAX_PIXELS}")
    if picture.mode not in _EIGHT_BIT_MODES:
        raise UnsupportedPixels(f"{file} has pixels of kind {picture.mode}: save it with 8 bits, gray or RGB")
