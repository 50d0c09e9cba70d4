"""The header of an instance: everything but its pixels, and what is asked of it."""

import zlib
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset as read_elements
from pydicom.uid import DeflatedExplicitVRLittleEndian

from service.dicom.charset import correct_charset, decode_for_display
from service.dicom.keyword import is_keyword, suggest_keyword
from service.dicom.quiet import quiet
from service.dicom.values import FILE_META_GROUP, items, text, texts
from service.errors import NotDicom, StoreUnavailable, TooLarge
from service.study.model import InstanceHeader, StudyHeader

__all__ = [
    "instance_header",
    "is_keyword",
    "read_dataset",
    "read_header",
    "read_header_for_display",
    "study_header",
    "suggest_keyword",
]

MAX_INFLATED_BYTES = 512 * 1024**2
"""Bytes that a deflated dataset may have when inflated. Deflate packs up to 1000 : 1:
without a bound, a small file fills the memory."""
PREFIX = slice(128, 132)
"""Where a Part 10 file says DICM (PS3.10 7.1)."""
_CHUNK_BYTES = 1024**2


def read_header(source: bytes | BinaryIO) -> Dataset:
    """The dataset in a Part 10 file without its pixels, file meta information in `file_meta`.

    Of an open file no more is read than that, unless it is deflated. Values are converted when they are asked
    for; ask by `service.dicom.values`. Raises NotDicom when the bytes are no Part 10 file or cannot be
    parsed, TooLarge when they inflate beyond MAX_INFLATED_BYTES, StoreUnavailable when the file fails.
    """
    return read_dataset(source, stop_before_pixels=True)


def read_header_for_display(source: bytes | BinaryIO, character_set: str = "") -> Dataset:
    """As `read_header`, its text to be shown and compared, not copied: see `decode_for_display`."""
    ds = read_header(source)
    decode_for_display(ds, character_set)
    return ds


def read_dataset(source: bytes | BinaryIO, *, stop_before_pixels: bool = False) -> Dataset:
    """As `read_header`, with the pixels unless `stop_before_pixels`."""
    file = BytesIO(source) if isinstance(source, bytes) else source
    try:
        return _read(file, stop_before_pixels)
    except OSError as error:
        raise StoreUnavailable(f"the instance cannot be read: {error.strerror}; check the store") from error


def _read(file: BinaryIO, stop_before_pixels: bool) -> Dataset:
    if file.read(PREFIX.stop)[PREFIX] != b"DICM":
        raise NotDicom("not a DICOM file: DICM is missing at byte 128; send DICOM Part 10 files (PS3.10 7.1)")
    try:
        with quiet():
            _check_inflated_size(file)
            file.seek(0)
            ds = dcmread(file, stop_before_pixels=stop_before_pixels)
            correct_charset(ds)
    except (TooLarge, OSError):
        raise
    except Exception as error:  # a parser of hostile bytes raises anything, RecursionError too
        raise NotDicom(
            f"the DICOM dataset cannot be read ({type(error).__name__}): it is damaged or cut off; resend it"
        ) from error
    if not ds:
        raise NotDicom("the DICOM file has no attributes: it is damaged or cut off; resend it")
    return ds


def study_header(datasets: Sequence[Dataset]) -> StudyHeader:
    """Patient and study attributes of a study: for each, the first value that any of its datasets has.

    Names are as in the dataset, component groups joined by `=` (PS3.5 6.2.1), decoded with the dataset's own
    character set. `modalities` are all that occur, sorted.
    """

    def first(keyword: str) -> str:
        return next(filter(None, (text(ds, keyword) for ds in datasets)), "")

    return StudyHeader(
        patient_name=first("PatientName"),
        patient_id=first("PatientID"),
        patient_birth_date=first("PatientBirthDate"),
        patient_sex=first("PatientSex"),
        accession_number=first("AccessionNumber"),
        study_date=first("StudyDate"),
        study_time=first("StudyTime"),
        study_description=first("StudyDescription"),
        modalities=tuple(sorted({text(ds, "Modality") for ds in datasets} - {""})),
    )


def instance_header(ds: Dataset, keywords: Iterable[str]) -> InstanceHeader:
    """What routing asks of one instance: the values of `keywords` and no others.

    A keyword may be a path through sequences; all items of each sequence count. An attribute without a value
    is left out.
    """
    found = {path: _values(ds, path) for path in keywords}
    return InstanceHeader(
        sop_instance_uid=text(ds, "SOPInstanceUID"),
        attributes={path: values for path, values in found.items() if values},
    )


def _values(ds: Dataset, path: str) -> tuple[str, ...]:
    *sequences, leaf = path.split(".")
    level = [ds]
    for keyword in sequences:
        level = [item for outer in level for item in items(outer, keyword)]
    return tuple(value for innermost in level for value in texts(innermost, leaf))


def _check_inflated_size(stream: BinaryIO) -> None:
    """Raises TooLarge for a deflated dataset that would inflate beyond the bound, without keeping it.

    The stream stands behind the prefix.
    """
    meta = read_elements(
        stream,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, *_: tag >> 16 != FILE_META_GROUP,
    )
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left, inflated_bytes = stream.read(), 0
    while left and not inflater.eof:
        inflated_bytes += len(inflater.decompress(left, _CHUNK_BYTES))
        left = inflater.unconsumed_tail
        if inflated_bytes > MAX_INFLATED_BYTES:
            raise TooLarge(
                f"the deflated dataset inflates to more than {MAX_INFLATED_BYTES // 1024**2} MiB; "
                "send it with another transfer syntax"
            )
