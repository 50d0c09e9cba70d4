"""Data types of FHIR R4 as the parts of a Bundle have them in common."""

from datetime import datetime
from typing import Any

from pydicom.sr.coding import Code

Resource = dict[str, Any]
_DICOM_UID = "urn:dicom:uid"
_SYSTEMS = {
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "SCT": "http://snomed.info/sct",
    "UCUM": "http://unitsofmeasure.org",
}


def identifier(uid: str) -> Resource:
    """An Identifier that is a DICOM UID."""
    return {"system": _DICOM_UID, "value": f"urn:oid:{uid}"}


def search_by(uid: str) -> str:
    """The search for the one resource with this identifier."""
    return f"identifier={_DICOM_UID}|urn:oid:{uid}"


def concept(code: Code) -> Resource:
    """A CodeableConcept."""
    coding = {"code": code.value, "display": code.meaning}
    if code.scheme_designator in _SYSTEMS:
        coding["system"] = _SYSTEMS[code.scheme_designator]
    return {"coding": [coding], "text": code.meaning}


def percentage(value: float) -> Resource:
    """A Quantity in %."""
    return {"value": value, "unit": "%", "system": _SYSTEMS["UCUM"], "code": "%"}


def instant(moment: datetime) -> str:
    """To the second, with its offset."""
    return moment.isoformat(timespec="seconds")
