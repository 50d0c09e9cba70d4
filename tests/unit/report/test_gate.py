"""The conformance gate: what a PACS would refuse, or show wrongly, is found before it is sent."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import get_args

import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset

from service.config import ReportSettings
from service.config.profiles import DicomKind
from service.infer.worker import Worker
from service.report import writer as writing
from service.report.gate import faults_of, told
from service.report.objects import ReportObject
from service.report.reporter import Reporter
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.delivered import settle
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.storage.store.memory import MemoryStore
from service.study.messages import InferenceRequest, ReportRequest
from service.study.state import StudyState
from tests.fakes.classifier import FakeClassifier
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, phantom, receive, study_of
from tests.unit.report.builders import as_received, items, mammogram, objects_of, read, result, score_of

SOURCE = as_received(mammogram(SpecificCharacterSet="GB18030", PatientName="Zhang^X=张^小明"))
OBJECTS: dict[str, ReportObject] = {
    one.kind: one for one in objects_of(result(score_of(SOURCE)), SOURCE, kinds=get_args(DicomKind))
}
KNOWN = {one.sop_instance_uid for one in OBJECTS.values()} | {SOURCE.SOPInstanceUID}


def faults(built: ReportObject) -> str:
    return told(faults_of(built, SOURCE, KNOWN, ReportSettings()))


def changed(kind: str, change: Callable[[Dataset], object]) -> ReportObject:
    ds = read(OBJECTS[kind])
    change(ds)
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return replace(OBJECTS[kind], data=buffer.getvalue())


@pytest.mark.parametrize("kind", OBJECTS)
def test_what_we_write_passes(kind: str) -> None:
    assert faults(OBJECTS[kind]) == ""


def a_probability_of(value: float) -> Callable[[Dataset], object]:
    def change(ds: Dataset) -> None:
        items(ds, "111047")[0].MeasuredValueSequence[0].NumericValue = value

    return change


def named_in_latin(ds: Dataset) -> None:
    ds.SpecificCharacterSet, ds.PatientName = "ISO_IR 100", "Zhang^X"


@pytest.mark.parametrize(
    ("kind", "change", "fault"),
    [
        ("sr", lambda ds: ds.pop("Modality"), "Modality"),
        ("sr", lambda ds: ds.pop("CompletionFlag"), "CompletionFlag"),
        ("heatmap", lambda ds: ds.pop("ConversionType"), "ConversionType is missing (module sc-equipment)"),
        ("heatmap", lambda ds: setattr(ds, "ConversionType", None), "ConversionType is empty"),
        ("segmentation", lambda ds: ds.pop("SegmentationType"), "SegmentationType is missing"),
        (
            "segmentation",
            lambda ds: ds.SegmentSequence[0].pop("SegmentLabel"),
            "SegmentSequence.SegmentLabel is missing",
        ),
        ("presentation", lambda ds: ds.pop("ContentLabel"), "ContentLabel is missing"),
        ("heatmap", lambda ds: setattr(ds, "PatientID", "P-8"), "PatientID is not that of the images"),
        ("heatmap", named_in_latin, "PatientName is not that of the images"),
        ("heatmap", lambda ds: setattr(ds, "ContentQualification", "PRODUCT"), "not RESEARCH"),
        ("heatmap", lambda ds: setattr(ds, "SOPInstanceUID", "1.2.3"), "is not the one that was entered"),
        ("sr", a_probability_of(101), "not between 0 and 100 %"),
        ("cad-sr", a_probability_of(-1), "not between 0 and 100 %"),
        ("sr", lambda ds: setattr(ds, "VerificationFlag", "VERIFIED"), "complete and unverified"),
        (
            "sr",
            lambda ds: setattr(ds.ContentTemplateSequence[0], "TemplateIdentifier", "2000"),
            "not TID 1500",
        ),
        ("key-objects", lambda ds: ds.pop("CurrentRequestedProcedureEvidenceSequence"), "its evidence lacks"),
    ],
)
def test_a_fault_is_told(kind: str, change: Callable[[Dataset], object], fault: str) -> None:
    assert fault in faults(changed(kind, change))


def test_a_reference_that_leads_nowhere_is_told() -> None:
    known = KNOWN - {OBJECTS["heatmap"].sop_instance_uid}
    (fault,) = faults_of(OBJECTS["sr"], SOURCE, known, ReportSettings())
    assert OBJECTS["heatmap"].sop_instance_uid in fault


def test_bytes_that_are_no_dicom_are_told() -> None:
    assert "cannot be read back" in faults(replace(OBJECTS["sr"], data=b"x" * 200))


def test_no_value_of_the_patient_is_quoted() -> None:
    said = faults(changed("heatmap", lambda ds: setattr(ds, "PatientID", "P-8")))
    assert "P-8" not in said
    assert "P-7" not in said


def test_what_fails_is_held_back_and_shown_and_the_rest_is_sent(
    ledger: Ledger, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Arrange
    uid = receive(ledger, store, phantom())
    assemble(ledger, store)
    enqueue(ledger, store, US_TO_PACS)
    worker = Worker(ledger, store, {"us-mass": FakeClassifier()}, INLINE_POOLS, max_frames=4)
    worker.handle(InferenceRequest(uid, 1, "us-mass").to_json())
    monkeypatch.setattr(
        writing, "faults_of", lambda built, *_: ["Modality is missing"] if built.kind == "sr" else []
    )

    # Act
    Reporter(ledger, store, ReportSettings()).handle(ReportRequest(uid, 1).to_json())

    # Assert
    with ledger.begin() as tx:
        (report,) = (one for one in tx.deliveries.objects_of(uid, 1) if one.kind == "sr")
        waiting = tx.deliveries.waiting(uid, 1, "pacs")
        (held,) = (one for one in tx.deliveries.of_study(uid, 1) if one.state is DeliveryState.HELD)
        assert (held.sop_instance_uid, held.detail) == (
            report.sop_instance_uid,
            "held back: Modality is missing",
        )
        assert {one.kind for one in waiting} == {"heatmap"}
        for one in waiting:
            tx.deliveries.mark(
                one.sop_instance_uid, "pacs", DeliveryState.DELIVERED, Proof.QUERY, "found there"
            )
        settle(tx, uid, 1)
    study = study_of(ledger, uid)
    assert study.state is StudyState.FAILED
    assert study.reason == "1 objects were not sent, held back: Modality is missing"
