"""A workitem as DICOM tells it (PS3.4 annex CC, PS3.3 C.30), read so that no value raises."""

from collections.abc import Collection, Iterable

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from service.dicom.identity import is_safe_uid
from service.dicom.values import items, text, texts, value_of
from service.study.model import Priority
from service.study.workitem import Workitem, WorkitemCode, WorkitemInput

RETURNED = (
    "SOPInstanceUID",
    "ProcedureStepState",
    "InputReadinessState",
    "ScheduledWorkitemCodeSequence",
    "ScheduledStationNameCodeSequence",
    "ScheduledProcedureStepPriority",
)
"""What a search asks for: enough to know whether a workitem is for us."""
MAX_REFERENCES = 50_000
"""Instances that the input of a workitem may name."""


def workitem_of(ds: Dataset, storable: Collection[str]) -> Workitem | None:
    """The workitem; None where it has no usable UID. Its input is what is of a `storable` SOP Class."""
    uid = text(ds, "SOPInstanceUID")
    if not is_safe_uid(uid):
        return None
    what, fault = _input(ds, storable)
    urgent = text(ds, "ScheduledProcedureStepPriority").upper() == "HIGH"
    return Workitem(
        uid=uid,
        state=text(ds, "ProcedureStepState").upper(),
        code=next(iter(_codes(ds, "ScheduledWorkitemCodeSequence")), WorkitemCode("", "")),
        input=what,
        priority=Priority.URGENT if urgent else Priority.ROUTINE,
        stations=tuple(_codes(ds, "ScheduledStationNameCodeSequence")),
        fault=fault,
    )


def is_ready(ds: Dataset) -> bool:
    """Whether its input is said to be there (PS3.3 C.30.2); saying nothing is taken to mean so."""
    return text(ds, "InputReadinessState").upper() in ("", "READY")


def _codes(ds: Dataset, keyword: str) -> list[WorkitemCode]:
    return [
        WorkitemCode(
            text(one, "CodeValue"), text(one, "CodingSchemeDesignator"), text(one, "CodeMeaning")[:64]
        )
        for one in items(ds, keyword)
    ]


def _input(ds: Dataset, storable: Collection[str]) -> tuple[WorkitemInput, str]:
    """What is to be analysed, and what is wrong with it."""
    requests = [text(one, "StudyInstanceUID") for one in items(ds, "ReferencedRequestSequence")]
    named = text(ds, "StudyInstanceUID") or (requests[0] if len(set(requests)) == 1 else "")
    given = [one for one in items(ds, "InputInformationSequence") if text(one, "StudyInstanceUID")]
    studies = list(dict.fromkeys(text(one, "StudyInstanceUID") for one in given)) or list(
        filter(None, [named])
    )
    if not studies:
        return WorkitemInput(""), "it names no study: its Input Information Sequence (0040,4021) is empty"
    if len(studies) > 1 and named not in studies:
        return WorkitemInput(""), (
            f"its input is of {len(studies)} studies, and its own Study Instance UID (0020,000D) names none "
            "of them: one study is analysed at a time"
        )
    study = studies[0] if len(studies) == 1 else named
    own = [one for one in given if text(one, "StudyInstanceUID") == study]
    series = tuple(filter(None, (text(one, "SeriesInstanceUID") for one in own)))
    if not all(map(is_safe_uid, (study, *series))):
        return WorkitemInput(""), "its input has a UID that is none (PS3.5 section 9.1)"
    return (
        WorkitemInput(
            study_instance_uid=study,
            # Where one part of the input names no series, the whole study is meant.
            series_instance_uids=_once(series) if len(series) == len(own) else (),
            sop_instance_uids=_once(_instances(own, storable)),
            ae_titles=_once(_of_each(own, "DICOMRetrievalSequence", "RetrieveAETitle")),
            urls=_once(_of_each(own, "WADORSRetrievalSequence", "RetrieveURL")),
        ),
        "",
    )


def _instances(own: Iterable[Dataset], storable: Collection[str]) -> Iterable[str]:
    for one in own:
        references = value_of(one, "ReferencedSOPSequence")
        for reference in references[:MAX_REFERENCES] if isinstance(references, Sequence) else ():
            uid = text(reference, "ReferencedSOPInstanceUID")
            if is_safe_uid(uid) and text(reference, "ReferencedSOPClassUID") in storable:
                yield uid


def _of_each(own: Iterable[Dataset], sequence: str, keyword: str) -> Iterable[str]:
    return (value for one in own for way in items(one, sequence) for value in texts(way, keyword))


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))
