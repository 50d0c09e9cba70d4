"""Specific Character Set (0008,0005) as senders spell it, and text as it is shown.

The defined terms are in PS3.3 C.12.1.1.2. pydicom corrects some misspellings of its own accord; what is not
declared, or not known, it reads as Latin-1, so that bytes come out as they went in. That serves a copy. Where
text is shown or compared it would turn a Chinese or Japanese name into nonsense that looks like a name: there
such bytes become U+FFFD.
"""

import re
from collections.abc import Mapping
from collections.abc import Sequence as Values
from types import MappingProxyType

from pydicom.charset import CODES_TO_ENCODINGS, convert_encodings, python_encoding
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from service.dicom.quiet import quiet
from service.dicom.values import MAX_VALUES, items, value_of

NO_CHARACTER_SETS: Mapping[str, str] = MappingProxyType({})
"""No sender's text is in another character set than it declares."""
MAX_DEPTH = 16
"""Sequences within sequences that are followed."""
DEFAULT = "ascii"
"""The repertoire without any declaration (ISO_IR 6)."""
_CODECS = python_encoding | {
    **dict.fromkeys(("", "ISO_IR 6", "ISO 2022 IR 6"), DEFAULT),
    **dict.fromkeys(("ISO_IR 203", "ISO 2022 IR 203"), "iso8859_15"),
}
"""Python's name of each defined term's encoding."""
_WITHOUT_EXTENSIONS = {"UTF8", "GB18030", "GBK", "big5", "koi8_r", *(f"cp125{n}" for n in range(9))}
"""Encodings in which an escape sequence has no meaning (PS3.5 6.1.2.5.4)."""
_EXTENSIONS = tuple(dict.fromkeys(CODES_TO_ENCODINGS.values()))
_DEFINED_TERMS = {re.sub(r"[^A-Z0-9]", "", term.upper()): term for term in _CODECS if term}
_PREFIXES = ("ISO 2022 IR ", "ISO_IR ")
_NUMBERS = {term.split()[-1]: term for prefix in _PREFIXES for term in _CODECS if term.startswith(prefix)}
_PARTS_OF_8859 = {1: 100, 2: 101, 3: 109, 4: 110, 5: 144, 6: 127, 7: 126, 8: 138, 9: 148, 11: 166, 15: 203}
_OTHER_NAMES = {
    "UTF8": "ISO_IR 192",
    "UNICODE": "ISO_IR 192",
    "ISO10646": "ISO_IR 192",
    "GB2312": "GB18030",
    "CP936": "GB18030",
    "ISO2022GB18030": "GB18030",
    "ASCII": "ISO_IR 6",
    "USASCII": "ISO_IR 6",
    "LATIN1": "ISO_IR 100",
    "JISX0201": "ISO_IR 13",
    "JISX0208": "ISO 2022 IR 87",
    "KSX1001": "ISO 2022 IR 149",
    "KSC5601": "ISO 2022 IR 149",
    **{f"ISO8859{part}": f"ISO_IR {number}" for part, number in _PARTS_OF_8859.items()},
    # ISO_IR 87 and the like: sets of two bytes per character have a term with code extensions only.
    **{f"IR{number}": term for number, term in _NUMBERS.items()},
    **{f"ISOIR{number}": term for number, term in _NUMBERS.items()},
}
_OTHER_CODECS = {
    **{f"{name}125{n}": f"cp125{n}" for n in range(9) for name in ("CP", "WINDOWS", "WIN")},
    "BIG5": "big5",
    "EUCJP": "euc_jp",
    "EUCKR": "euc_kr",
    "KOI8R": "koi8_r",
    "SHIFTJIS": "shift_jis",
    "SJIS": "shift_jis",
}
"""Encodings that no defined term means and senders use all the same."""


def defined_term(spelling: str) -> str:
    """The defined term that `spelling` means, or `spelling` itself where none is recognised.

    Case, blanks, hyphens and underscores do not count: `iso-ir100` is `ISO_IR 100`.
    """
    bare = _bare(spelling)
    return _DEFINED_TERMS.get(bare) or _OTHER_NAMES.get(bare) or spelling


def correct_charset(ds: Dataset) -> None:
    """Make `ds` decode its text by the character set that its sender meant. Call before any text is read."""
    declared = _declared(ds)
    corrected = [term if term in python_encoding else defined_term(term) for term in declared]
    if corrected != declared:
        with quiet():
            _decode_by(ds, convert_encodings(corrected))


def decode_for_display(ds: Dataset, character_set: str = "") -> None:
    """Make `ds` decode its text for being shown and compared, not for being copied.

    Bytes that the declared character set does not have become U+FFFD; without a declaration these are all
    beyond ASCII. Escape sequences count even where the set that they name is not declared. With
    `character_set`, values of (0008,0005) joined by backslashes, that one holds whatever is declared, in
    sequence items too. Call before any text is read.
    """
    terms = character_set.split("\\") if character_set else _declared(ds)
    with quiet():
        decode = _decode_all_by if character_set else _decode_by
        decode(ds, _encodings(terms))


def is_character_set(text: str) -> bool:
    """Whether `text` names character sets, joined by backslashes; only the first of several may be empty."""
    first, *others = text.split("\\")
    return (_codec(first) is not None) and all(term and _codec(term) is not None for term in others)


def _declared(ds: Dataset) -> list[str]:
    """The values of Specific Character Set, the first of which may be empty (PS3.3 C.12.1.1.2)."""
    value = value_of(ds, "SpecificCharacterSet")
    values = list(value[:MAX_VALUES]) if isinstance(value, MultiValue) else [value or ""]
    return [str(term) for term in values]


def _encodings(terms: Values[str]) -> list[str]:
    """What pydicom is to decode by: the encoding at the beginning of a value, then those of escapes."""
    first = _codec(terms[0]) or DEFAULT
    return [first] if first in _WITHOUT_EXTENSIONS else [first, *_EXTENSIONS]


def _codec(term: str) -> str | None:
    """Python's name of the encoding; None where the term is not known."""
    codec: str | None = _CODECS.get(defined_term(term.strip()), _OTHER_CODECS.get(_bare(term)))
    return codec


def _bare(spelling: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", spelling.upper())


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


def _decode_all_by(ds: Dataset, encodings: list[str], depth: int = 0) -> None:
    """Set the encodings of `ds` and of all items, whatever character set they have of their own."""
    ds.set_original_encoding(*ds.original_encoding, encodings)
    for tag in list(ds.keys()) if depth < MAX_DEPTH else ():
        if dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ":
            for item in items(ds, keyword_for_tag(tag)):
                _decode_all_by(item, encodings, depth + 1)
