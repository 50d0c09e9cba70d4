"""The conformance gate: every object is read back and checked before it may be sent.

What a PACS refuses, or takes and shows wrongly, is found here, where somebody can see why.
"""

from collections.abc import Collection, Iterator, Sequence
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

from service.config import ReportSettings
from service.report.documents import codes
from service.report.iod import iod_faults
from service.report.report_object import ReportObject

_IDENTITY = ("StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber", "SpecificCharacterSet")
_SHOWN = 3
_TEMPLATES = {"sr": "1500", "assessment": "1500", "cad-sr": "4000", "key-objects": "2010"}
_OTHERS = ("ReferencedStudySequence", "ReferencedRequestSequence", "ReferencedPerformedProcedureStepSequence")
"""Sequences in which a sender's own references are handed on."""
_EVIDENCE = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
_HUNDRED = 100.0


def faults_of(
    built: ReportObject, source: Dataset, known: Collection[str], settings: ReportSettings
) -> list[str]:
    """What is wrong with an object, in words for a person; nothing for a good one.

    `source`: the header of an image of the study. `known`: the SOP Instance UIDs that it may refer to.
    """
    try:
        ds = dcmread(BytesIO(built.data))
        return [
            *_form(built, ds, settings),
            *iod_faults(ds),
            *_identity(ds, source),
            *_references(ds, known),
            *_report(built, ds),
        ]
    except (InvalidDicomError, ValueError, AttributeError, KeyError, TypeError, OSError) as reason:
        return [f"it cannot be read back ({type(reason).__name__})"]


def told(faults: Sequence[str]) -> str:
    """The first of them, and how many more there are; empty for none."""
    more = f", and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return "; ".join(faults[:_SHOWN]) + more


def _form(built: ReportObject, ds: Dataset, settings: ReportSettings) -> Iterator[str]:
    if (ds.SOPClassUID, ds.SOPInstanceUID) != (built.sop_class_uid, built.sop_instance_uid):
        yield "its SOP Class or Instance UID is not the one that was entered"
    if ds.file_meta.MediaStorageSOPInstanceUID != ds.SOPInstanceUID:
        yield "its file meta information names another instance"
    if not all(UID(uid).is_valid for uid in (ds.SOPInstanceUID, ds.SeriesInstanceUID)):
        yield "one of its UIDs is no UID"
    if ds.get("ContentQualification") != settings.content_qualification:
        yield f"its Content Qualification is not {settings.content_qualification}"


def _identity(ds: Dataset, source: Dataset) -> Iterator[str]:
    """Whose study it is, after a trip through the character set. No value is quoted."""
    for keyword in _IDENTITY:
        if str(ds.get(keyword) or "") != str(source.get(keyword) or ""):
            yield f"{keyword} is not that of the images"


def _references(ds: Dataset, known: Collection[str]) -> Iterator[str]:
    evidence = {uid for keyword in _EVIDENCE for item in ds.get(keyword) or () for uid in _referred(item)}
    for uid in dict.fromkeys(_referred(ds)):
        if uid not in known:
            yield f"it refers to {uid}, which is neither an image nor an object of this study"
    if ds.get("Modality") in {"SR", "KO"}:
        content = {uid for item in ds.ContentSequence for uid in _referred(item)}
        yield from (f"its evidence lacks {uid}, to which it refers" for uid in sorted(content - evidence))


def _referred(ds: Dataset) -> Iterator[str]:
    """SOP Instance UIDs that are referred to, at any depth."""
    for element in ds:
        if element.keyword == "ReferencedSOPInstanceUID":
            yield str(element.value)
        elif element.VR == "SQ" and element.keyword not in _OTHERS:
            for item in element.value:
                yield from _referred(item)


def _report(built: ReportObject, ds: Dataset) -> Iterator[str]:
    """What the root of the template says, and that no number is out of its range."""
    template = _TEMPLATES.get(built.kind)
    if template is None:
        return
    if ds.ContentTemplateSequence[0].TemplateIdentifier != template:
        yield f"its template is not TID {template}"
    if built.kind != "key-objects" and (
        ds.get("CompletionFlag"),
        ds.get("VerificationFlag"),
    ) != ("COMPLETE", "UNVERIFIED"):
        yield "it does not say that it is complete and unverified"
    for number in _numbers(ds):
        if number.ConceptNameCodeSequence[0].CodeValue == codes.PROBABILITY_OF_CANCER.value:
            value = float(number.MeasuredValueSequence[0].NumericValue)
            if not 0 <= value <= _HUNDRED:
                yield "a probability is not between 0 and 100 %"


def _numbers(ds: Dataset) -> Iterator[Dataset]:
    for item in ds.get("ContentSequence") or ():
        if item.get("ValueType") == "NUM":
            yield item
        yield from _numbers(item)
