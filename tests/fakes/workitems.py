"""Workitems as a RIS makes them, and what we keep of them."""

from datetime import UTC, datetime
from typing import Any

from pydicom.dataset import Dataset

from service.study.workitem import HeldWorkitem, Workitem, WorkitemCode, WorkitemInput, WorkitemState
from tests.factories import STUDY, US_IMAGE

CODE = WorkitemCode("US-MASS", "99TEST", "Breast mass on ultrasound")
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SERIES = f"{STUDY}.1"


def code_item(code: WorkitemCode) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme, code.meaning
    return item


def input_item(
    study: str = STUDY, series: str = SERIES, *instances: str, sop_class: str = US_IMAGE
) -> Dataset:
    """One item of the Input Information Sequence; it can be had from AE title PACS."""
    item, way = Dataset(), Dataset()
    item.TypeOfInstances, item.StudyInstanceUID, item.SeriesInstanceUID = "DICOM", study, series
    item.ReferencedSOPSequence = []
    for uid in instances:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = sop_class, uid
        item.ReferencedSOPSequence.append(reference)
    way.RetrieveAETitle = "PACS"
    item.DICOMRetrievalSequence = [way]
    return item


def attributes(uid: str, *inputs: Dataset, **values: Any) -> Dataset:
    """A workitem that waits for a performer."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.34.6.1", uid
    ds.ProcedureStepState, ds.InputReadinessState = "SCHEDULED", "READY"
    ds.ScheduledProcedureStepPriority, ds.WorklistLabel = "MEDIUM", "AI"
    ds.ProcedureStepLabel = "Mass on ultrasound"
    ds.ScheduledWorkitemCodeSequence = [code_item(CODE)]
    ds.ScheduledStationNameCodeSequence = []
    ds.InputInformationSequence = list(inputs)
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def held(uid: str = "1.9.1", **values: Any) -> HeldWorkitem:
    """One in our ledger, whose study goes its way."""
    what = values.pop("input", WorkitemInput(STUDY, (SERIES,)))
    defaults: dict[str, Any] = {
        "workitem": Workitem(uid, "IN PROGRESS", CODE, what),
        "manager": "ris",
        "transaction_uid": f"{uid}.7",
        "state": WorkitemState.WORKING,
        "classifiers": ("us-mass",),
        "destinations": ("pacs",),
        "found_at": NOW,
        "due_at": NOW,
    }
    return HeldWorkitem(**defaults | values)
