"""A dataset's attributes as lines, without what may tell who the patient is unless that is asked for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from service.dicom.quiet import quiet
from service.dicom.values import MAX_VALUES, texts, value_of

HIDDEN = "(hidden)"
MAX_CHARACTERS = 120
"""Characters of one value that are shown."""
MAX_DEPTH = 8
_PATIENT_GROUP = 0x0010
_SHOWN_VRS = {"UI", "CS", "IS", "DS", "US", "SS", "UL", "SL", "FL", "FD", "UV", "SV", "AT"}
"""Codes, numbers and UIDs. Text, names, dates and bytes may hold anything."""
_SHOWN_KEYWORDS = {
    "Manufacturer",
    "ManufacturerModelName",
    "SoftwareVersions",
    "ImplementationVersionName",
    "SourceApplicationEntityTitle",
}
_CODE = re.compile(r"[A-Z0-9 _]{0,16}")
"""The repertoire of VR CS (PS3.5 table 6.2-1). What breaks it may be a name in the wrong place."""


@dataclass(frozen=True, slots=True)
class DumpLine:
    """One attribute. `depth` counts the sequences around it."""

    depth: int
    tag: str
    vr: str
    keyword: str
    value: str


def dump(ds: Dataset, *, patient_data: bool = False) -> list[DumpLine]:
    """The attributes of file meta information and dataset, in order. Raises nothing for odd values.

    Without `patient_data` values are hidden of text, names and dates, of private attributes, and of the group
    that describes the patient (0010).
    """
    with quiet():
        meta = getattr(ds, "file_meta", None)
        return [
            *(_lines(meta, 0, patient_data) if meta is not None else ()),
            *_lines(ds, 0, patient_data),
        ]


def _lines(ds: Dataset, depth: int, patient_data: bool) -> Iterator[DumpLine]:
    for tag in sorted(ds.keys()):
        keyword = keyword_for_tag(tag)
        items, vr, value = _value(ds, tag, keyword)
        shown = value if patient_data or _is_harmless(tag, vr, keyword, value) else HIDDEN
        name = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
        yield DumpLine(depth, name, vr, keyword or ("private" if (tag >> 16) % 2 else ""), shown)
        if depth < MAX_DEPTH:
            for item in items:
                yield from _lines(item, depth + 1, patient_data)


def _value(ds: Dataset, tag: int, keyword: str) -> tuple[list[Dataset], str, str]:
    """The items of a sequence, the VR, and the value in words."""
    try:
        element = ds[tag]
        vr, value = str(element.VR), element.value
        if isinstance(value, Sequence):
            return list(value[:MAX_VALUES]), vr, f"{len(value)} items"
        if isinstance(value, bytes):
            return [], vr, f"{len(value)} bytes"
        text = "\\".join(texts(ds, keyword)) if keyword and value_of(ds, keyword) is not None else str(value)
    except Exception:  # a converter may raise anything
        return [], "??", "(not readable)"
    return [], vr, "".join(filter(str.isprintable, text))[:MAX_CHARACTERS]


def _is_harmless(tag: int, vr: str, keyword: str, value: str) -> bool:
    group = tag >> 16
    if group == _PATIENT_GROUP or group % 2 or vr == "??":
        return False
    if vr == "CS":
        return all(_CODE.fullmatch(code) for code in value.split("\\"))
    return vr in _SHOWN_VRS or vr in {"SQ", "OB", "OW"} or keyword in _SHOWN_KEYWORDS
