"""Attributes as DICOM JSON (PS3.18 annex F)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

MEDIA_TYPE = "application/dicom+json"
Attributes = Mapping[str, Sequence[str]]
"""By keyword, the values as text; none where the attribute is empty."""
_WHOLE = frozenset({"IS", "US", "UL", "SS", "SL"})
_FRACTIONS = frozenset({"DS", "FL", "FD"})
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
NO_TEXT = frozenset({"SQ", "OB", "OW", "OF", "OD", "OL", "OV", "UN", "AT"})
"""VRs of which nothing is returned by a search."""


def as_json(attributes: Attributes) -> dict[str, dict[str, Any]]:
    """A dataset, in the order of its tags."""
    elements = {}
    for keyword, values in attributes.items():
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise ValueError(f"{keyword} is no keyword of the data dictionary")
        elements[f"{tag:08X}"] = _element(dictionary_VR(tag).split(" or ")[0], values)
    return dict(sorted(elements.items()))


def _element(vr: str, values: Sequence[str]) -> dict[str, Any]:
    converted = [value for value in (_value(vr, text) for text in values) if value is not None]
    return {"vr": vr, "Value": converted} if converted else {"vr": vr}


def _value(vr: str, text: str) -> object:
    """None for what is no value of this VR."""
    if vr == "PN":
        groups = zip(_GROUPS, text.split("="), strict=False)
        return {name: group for name, group in groups if group} or None
    try:
        return int(text) if vr in _WHOLE else float(text) if vr in _FRACTIONS else text
    except ValueError:
        return None
