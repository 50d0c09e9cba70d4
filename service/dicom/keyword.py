"""DICOM keywords (PS3.6) as routing rules name them: one keyword, or a path of them through sequences."""

import difflib
from functools import cache

from pydicom.datadict import DicomDictionary, dictionary_VR, tag_for_keyword

COMMAND_GROUP = 0x0000
# Bytes, not text: PS3.5 6.2.
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "SQ", "OB or OW"})


def is_keyword(path: str) -> bool:
    """Whether `path` names an attribute with values that can be compared.

    That is a keyword such as `Modality`, or a path of sequences that ends in one, joined by dots:
    `RequestAttributesSequence.RequestedProcedureDescription`.
    """
    *sequences, leaf = path.split(".")
    return all(_vr(keyword) == "SQ" for keyword in sequences) and _vr(leaf) not in _BINARY | {""}


def suggest_keyword(path: str) -> str:
    """The path that `path` was probably meant to be; empty when nothing is close."""
    *sequences, leaf = path.split(".")
    meant = [_closest(keyword, sequences=True) for keyword in sequences] + [_closest(leaf, sequences=False)]
    return ".".join(meant) if all(meant) else ""


def _closest(keyword: str, *, sequences: bool) -> str:
    by_lower = {name.lower(): name for name in _keywords(sequences)}
    matches = difflib.get_close_matches(keyword.lower(), by_lower, n=1, cutoff=0.75)
    return by_lower[matches[0]] if matches else ""


@cache
def _keywords(sequences: bool) -> tuple[str, ...]:
    names = (entry[4] for entry in DicomDictionary.values() if entry[4])
    return tuple(
        name for name in names if (_vr(name) == "SQ") is sequences and _vr(name) not in _BINARY - {"SQ"}
    )


def _vr(keyword: str) -> str:
    """The value representation of a keyword; empty where PS3.6 does not know it."""
    # PS3.6 has retired attributes without a keyword: an empty one would find them.
    tag = tag_for_keyword(keyword) if keyword else None
    return "" if tag is None or tag >> 16 == COMMAND_GROUP else str(dictionary_VR(tag))
