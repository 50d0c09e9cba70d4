"""Fields and segments that the parts of an HL7 message have in common."""

from datetime import datetime

from pydicom.sr.coding import Code

PRELIMINARY, FINAL, CORRECTION, WRONG = "P", "F", "C", "W"
"""Status of a message (OBR-25, HL7 table 0123) and of what it says (OBX-11, table 0085)."""
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_OBX_FIELDS = 17
"""Up to OBX-16."""


def escaped(text: str) -> str:
    """A text as a component of a field, on one line: control characters frame segments and messages."""
    return "".join(_ESCAPES.get(one, one if one >= " " else " ") for one in text)


def coded(value: str, meaning: str, scheme: str) -> str:
    """A coded element (CE)."""
    return f"{escaped(value)}^{escaped(meaning)}^{escaped(scheme)}"


def code(concept: Code) -> str:
    """`coded` for one of ours."""
    return coded(concept.value, concept.meaning, concept.scheme_designator)


def moment(at: datetime) -> str:
    """A time stamp (TS) with its offset."""
    return at.strftime("%Y%m%d%H%M%S%z")


def observation(value_type: str, name: str, group: str, value: str, status: str, at: datetime) -> list[str]:
    """An OBX, not numbered yet. `group` is the sub-ID (OBX-4), by which what belongs together is tied."""
    fields = [""] * _OBX_FIELDS
    fields[:6] = ["OBX", "", value_type, name, group, value]
    fields[11] = status
    fields[14] = moment(at)
    return fields
