"""Specific Character Set (0008,0005) as senders spell it.

The defined terms are in PS3.3 C.12.1.1.2. pydicom corrects some misspellings of its own accord; an unknown
term makes it read Latin-1, which turns a Chinese or Japanese name into nonsense.
"""

import re

from pydicom.charset import convert_encodings, python_encoding
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from service.dicom.quiet import quiet
from service.dicom.values import MAX_VALUES, value_of

_DEFINED_TERMS = {re.sub(r"[^A-Z0-9]", "", term.upper()): term for term in python_encoding}
_OTHER_NAMES = {
    "UTF8": "ISO_IR 192",
    "UNICODE": "ISO_IR 192",
    "IR192": "ISO_IR 192",
    "GB2312": "GB18030",
    "CP936": "GB18030",
    "ISO2022IR58": "ISO 2022 IR 58",
    "ASCII": "ISO_IR 6",
    "USASCII": "ISO_IR 6",
    "LATIN1": "ISO_IR 100",
    "ISO88591": "ISO_IR 100",
    "IR100": "ISO_IR 100",
}


def defined_term(spelling: str) -> str:
    """The defined term that `spelling` means, or `spelling` itself where none is recognised.

    Case, blanks, hyphens and underscores do not count: `iso-ir100` is `ISO_IR 100`.
    """
    bare = re.sub(r"[^A-Z0-9]", "", spelling.upper())
    return _OTHER_NAMES.get(bare) or _DEFINED_TERMS.get(bare) or spelling


def correct_charset(ds: Dataset) -> None:
    """Make `ds` decode its text by the character set that its sender meant. Call before any text is read."""
    declared = _declared(ds)
    corrected = [term if term in python_encoding else defined_term(term) for term in declared]
    if corrected != declared:
        with quiet():
            _decode_by(ds, convert_encodings(corrected))


def _declared(ds: Dataset) -> list[str]:
    """The values of Specific Character Set, the first of which may be empty (PS3.3 C.12.1.1.2)."""
    value = value_of(ds, "SpecificCharacterSet")
    values = list(value[:MAX_VALUES]) if isinstance(value, MultiValue) else [value or ""]
    return [str(term) for term in values]


def _decode_by(ds: Dataset, encodings: list[str]) -> None:
    """Set the encodings of `ds`, and of the items that pydicom has parsed already.

    An item with a character set of its own keeps it.
    """
    ds.set_original_encoding(*ds.original_encoding, encodings)
    for element in ds.values():
        if isinstance(element.value, Sequence):
            for item in element.value[:MAX_VALUES]:
                if "SpecificCharacterSet" not in item:
                    _decode_by(item, encodings)
