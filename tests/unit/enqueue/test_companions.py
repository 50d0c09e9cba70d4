"""Ultrasound and chest CT of one patient, read together by one classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from service.config import ReportSettings
from service.enqueue.enqueuer import Enqueuer
from service.infer.worker import Worker
from service.report.reporter import Reporter
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.retry_study import retry_study
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.studies import IMAGES_REMOVED
from service.storage.store.memory import MemoryStore
from service.study.companion import CompanionWanted
from service.study.messages import InferenceRequest, ReportRequest
from service.study.model import Study
from service.study.state import AnalysisState, StudyEvent, StudyState
from tests.fakes.classifier import FakeClassifier, FakeCompanion, FakeManifest
from tests.fakes.datasets import us_dataset
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import US_TO_PACS, assemble, headers_for, phantom, receive, study_of

WANTED = {"us-mass": CompanionWanted(("CT",), days=7)}
SIDE = 64


def ultrasound() -> list[Dataset]:
    images = phantom()
    for ds in images:
        ds.StudyDate, ds.PatientBirthDate = "20260310", "19700101"
    return images


def chest_ct(of: Dataset, **attributes: Any) -> list[Dataset]:
    """Slices that get brighter from number to number, sent in another order."""
    study, series = generate_uid(), generate_uid()
    images = []
    for number in range(9, 0, -1):
        ds = us_dataset(
            StudyInstanceUID=study,
            SeriesInstanceUID=series,
            SOPInstanceUID=f"{series[:60]}.{number}",
            SOPClassUID=CTImageStorage,
            Modality="CT",
            BodyPartExamined="CHEST",
            PatientID=of.PatientID,
            PatientBirthDate=of.PatientBirthDate,
            PatientSex=of.PatientSex,
            StudyDate="20260307",
            InstanceNumber=number,
            Rows=SIDE,
            Columns=SIDE,
            PixelData=slice_of(number).tobytes(),
        )
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        images.append(ds)
    return images


def slice_of(number: int) -> np.ndarray:
    noise = np.random.default_rng(number).integers(0, 10, (SIDE, SIDE))
    return (20 * number + noise).astype(np.uint8)


class Department:
    """Receives, routes and reads."""

    def __init__(self, ledger: Ledger, store: MemoryStore) -> None:
        self.ledger, self.store = ledger, store
        self.classifier = FakeClassifier()
        self.classifier.manifest = FakeManifest(companion=FakeCompanion())
        self.worker = Worker(ledger, store, {"us-mass": self.classifier}, INLINE_POOLS, max_frames=4)
        self.read_header = headers_for(store, US_TO_PACS).header_of

    def send(self, images: Sequence[Dataset]) -> str:
        uid = receive(self.ledger, self.store, images)
        assemble(self.ledger, self.store)
        self.route()
        return uid

    def route(self) -> None:
        enqueuer = Enqueuer(self.ledger, [US_TO_PACS], self.read_header, companions=WANTED)
        while enqueuer.enqueue_assembled():
            pass

    def read(self, uid: str) -> Analysis:
        study = self.study(uid)
        self.worker.handle(InferenceRequest(uid, study.revision, "us-mass").to_json())
        with self.ledger.read() as tx:
            (analysis,) = tx.analyses.of_study(uid, study.revision)
        return analysis

    def study(self, uid: str) -> Study:
        return study_of(self.ledger, uid)


@pytest.fixture
def department(ledger: Ledger, store: MemoryStore) -> Department:
    return Department(ledger, store)


def companions(analysis: Analysis) -> list[str]:
    assert analysis.result is not None
    return [one.companion.sop_instance_uid for one in analysis.result.scores if one.companion]


def test_ultrasound_is_read_together_with_the_ct_that_is_here(department: Department) -> None:
    images = ultrasound()
    ct = chest_ct(images[0])
    department.send(ct)

    analysis = department.read(department.send(images))

    assert analysis.state is AnalysisState.SCORED
    assert analysis.companion_study_instance_uid == ct[0].StudyInstanceUID
    assert department.classifier.seen == 2 * 3  # three slices of nine
    assert companions(analysis) == [f"{ct[0].SeriesInstanceUID[:60]}.9"] * 2  # the most suspicious one


def test_the_report_says_which_images_were_judged_together(department: Department) -> None:
    images = ultrasound()
    department.send(chest_ct(images[0]))
    uid = department.send(images)
    (companion, _) = companions(department.read(uid))

    Reporter(department.ledger, department.store, ReportSettings()).handle(ReportRequest(uid, 1).to_json())

    with department.ledger.read() as tx:
        (report,) = [one for one in tx.deliveries.objects_of(uid, 1) if one.kind == "sr"]
    assert f"was judged together with image {companion}".encode() in department.store.get(report.key)


def test_ultrasound_that_comes_first_says_what_it_lacks_and_is_read_when_that_comes(
    department: Department,
) -> None:
    images = ultrasound()
    uid = department.send(images)
    assert "none is here; once one is, both are read" in department.read(uid).reason
    assert department.study(uid).state is StudyState.NOT_ANALYSED

    ct = department.send(chest_ct(images[0]))

    assert department.study(ct).state is StudyState.NOT_ANALYSED  # no rule asks for it by itself
    assert (department.study(uid).state, department.study(uid).revision) == (StudyState.QUEUED, 2)
    assert department.read(uid).state is AnalysisState.SCORED


def test_ct_that_comes_while_the_ultrasound_is_in_the_queue_is_not_missed(department: Department) -> None:
    images = ultrasound()
    uid = department.send(images)
    department.send(chest_ct(images[0]))

    department.worker.handle(InferenceRequest(uid, 1, "us-mass").to_json())  # superseded

    assert (department.study(uid).state, department.study(uid).revision) == (StudyState.QUEUED, 2)
    assert department.read(uid).state is AnalysisState.SCORED


def test_a_second_ct_reopens_nothing(department: Department) -> None:
    images = ultrasound()
    department.send(chest_ct(images[0]))
    uid = department.send(images)
    department.read(uid)

    department.send(chest_ct(images[0]))

    assert department.study(uid).revision == 1


@pytest.mark.parametrize(
    "other",
    [
        {"PatientID": "SOMEBODY"},
        {"PatientBirthDate": "19700102"},
        {"PatientSex": "M"},
        {"StudyDate": "20260302"},
        {"StudyDate": ""},
        {"Modality": "MR"},
    ],
)
def test_a_study_that_may_be_another_patient_s_or_is_too_old_is_no_companion(
    department: Department, other: dict[str, str]
) -> None:
    images = ultrasound()
    department.send(chest_ct(images[0], **other))
    assert department.read(department.send(images)).state is AnalysisState.NOT_ANALYSED


def test_without_patient_id_nothing_goes_together(department: Department) -> None:
    images = ultrasound()
    for ds in images:
        ds.PatientID = ""
    department.send(chest_ct(images[0]))
    assert department.read(department.send(images)).state is AnalysisState.NOT_ANALYSED


@pytest.mark.parametrize("unfit", [{"BodyPartExamined": "HEAD"}, {"PixelData": b"\0\0"}])
def test_ct_of_which_nothing_can_be_read_is_told_as_the_reason(
    department: Department, unfit: dict[str, Any]
) -> None:
    images = ultrasound()
    department.send(chest_ct(images[0], **unfit))
    analysis = department.read(department.send(images))
    assert analysis.state is AnalysisState.NOT_ANALYSED
    assert "no image of that (CT) can be read" in analysis.reason


def test_ct_whose_images_were_removed_is_no_companion(department: Department) -> None:
    images = ultrasound()
    ct = department.send(chest_ct(images[0]))
    with department.ledger.begin() as tx:
        tx.studies.note(ct, IMAGES_REMOVED, "removed")
    assert department.read(department.send(images)).state is AnalysisState.NOT_ANALYSED


def test_scores_beside_another_ct_are_not_taken_over(department: Department) -> None:
    images = ultrasound()
    department.send(chest_ct(images[0]))
    uid = department.send(images)
    department.read(uid)
    Reporter(department.ledger, department.store, ReportSettings()).handle(ReportRequest(uid, 1).to_json())
    nearer = chest_ct(images[0], StudyDate="20260309")
    department.send(nearer)
    with department.ledger.begin() as tx:
        tx.studies.move(uid, StudyEvent.ALL_DELIVERED, "delivered")
        retry_study(tx, uid, "tried again")
    department.route()

    again = department.read(uid)

    assert companions(again) == [f"{nearer[0].SeriesInstanceUID[:60]}.9"] * 2
