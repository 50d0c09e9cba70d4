"""What a manager is told of our work: progress, what was performed, why it was not (PS3.4 table CC.2.5-3)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from service.perform.outputs import Output
from service.study.workitem import WorkitemCode

# PS3.16 CID 9300 Procedure Discontinuation Reasons
UNSPECIFIED = Code("110513", "DCM", "Discontinued for unspecified reason")
INCOMPLETE_INPUT = Code("110523", "DCM", "Object Set incomplete")
MALFORMED_INPUT = Code("110521", "DCM", "Objects incorrectly formatted")
NOT_FOR_US = Code("110522", "DCM", "Object Types not supported")

_ST, _LT = 1024, 10240
"""Longest values of these VRs (PS3.5 6.2)."""


def progress(percent: int, text: str) -> Dataset:
    """How far it is."""
    return _in_sequence("ProcedureStepProgressInformationSequence", _progress(percent, text))


def canceled(reason: str, code: Code, at: datetime, station: WorkitemCode, began_at: datetime) -> Dataset:
    """Why it was not done. That we have begun is told, too."""
    told = _progress(0, reason)
    told.ProcedureStepCancellationDateTime = _dt(at)
    told.ReasonForCancellation = reason[:_LT]
    told.ProcedureStepDiscontinuationReasonCodeSequence = [
        _code(WorkitemCode(code.value, code.scheme_designator, code.meaning))
    ]
    performed = Dataset()
    performed.PerformedStationNameCodeSequence = [_code(station)]
    performed.PerformedProcedureStepStartDateTime = _dt(began_at)
    performed.OutputInformationSequence = []
    changes = _in_sequence("ProcedureStepProgressInformationSequence", told)
    changes.UnifiedProcedureStepPerformedProcedureSequence = [performed]
    return changes


def completed(
    comment: str,
    code: WorkitemCode,
    station: WorkitemCode,
    began_at: datetime,
    ended_at: datetime,
    outputs: Sequence[Output],
) -> Dataset:
    """What was performed, and where its output can be had."""
    performed = Dataset()
    performed.PerformedStationNameCodeSequence = [_code(station)]
    performed.PerformedProcedureStepStartDateTime = _dt(began_at)
    performed.PerformedProcedureStepEndDateTime = _dt(ended_at)
    performed.PerformedWorkitemCodeSequence = [_code(code)]
    performed.CommentsOnThePerformedProcedureStep = comment[:_ST]
    performed.OutputInformationSequence = [_output(one) for one in outputs]
    changes = progress(100, "completed")
    changes.UnifiedProcedureStepPerformedProcedureSequence = [performed]
    return changes


def _progress(percent: int, text: str) -> Dataset:
    told = Dataset()
    told.ProcedureStepProgress = str(percent)
    told.ProcedureStepProgressDescription = text[:_ST]
    return told


def _output(output: Output) -> Dataset:
    """One series (PS3.3 table 10-3b, Referenced Instances and Access)."""
    one = Dataset()
    one.TypeOfInstances = "DICOM"
    one.StudyInstanceUID, one.SeriesInstanceUID = output.study_instance_uid, output.series_instance_uid
    one.ReferencedSOPSequence = []
    for sop_class_uid, sop_instance_uid in output.instances:
        reference = Dataset()
        reference.ReferencedSOPClassUID = sop_class_uid
        reference.ReferencedSOPInstanceUID = sop_instance_uid
        one.ReferencedSOPSequence.append(reference)
    if output.ae_titles:
        one.DICOMRetrievalSequence = [_way("RetrieveAETitle", title) for title in output.ae_titles]
    if output.urls:
        one.WADORSRetrievalSequence = [_way("RetrieveURL", url) for url in output.urls]
    return one


def _way(keyword: str, value: str) -> Dataset:
    way = Dataset()
    setattr(way, keyword, value)
    return way


def _code(code: WorkitemCode) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme
    item.CodeMeaning = code.meaning or code.value
    return item


def _in_sequence(keyword: str, item: Dataset) -> Dataset:
    changes = Dataset()
    changes.SpecificCharacterSet = "ISO_IR 192"
    setattr(changes, keyword, [item])
    return changes


def _dt(at: datetime) -> str:
    """DT with its offset (PS3.5 6.2)."""
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}+0000"
