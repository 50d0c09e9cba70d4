"""Studies of which nothing was analysed: an SR that says why, where the settings ask for it."""

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from service.config import ReportSettings
from service.infer.worker import Worker
from service.report.objects import build_objects
from service.report.reporter import Reporter
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.memory import MemoryStore
from service.study.messages import InferenceRequest, ReportRequest
from service.study.result import ImageRefusal
from service.study.state import StudyState
from tests.fakes.classifier import FakeClassifier
from tests.fakes.pool import INLINE_POOLS
from tests.servers.dcmtk import Dciodvfy
from tests.servers.pixelmed import PixelMed
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom, receive, study_of
from tests.unit.report.builders import (
    IMAGE_UID,
    OTHER_IMAGE_UID,
    RETIRED_ULTRASOUND,
    as_received,
    header,
    items,
    result,
)

TELLS = ReportSettings(not_analysed=True)
REFUSED = result(
    refusals=(ImageRefusal(IMAGE_UID, "colour Doppler"), ImageRefusal(OTHER_IMAGE_UID, "colour Doppler"))
)


def sr_of(*sources: Dataset) -> bytes:
    (report,) = build_objects(REFUSED, {one.SOPInstanceUID: one for one in sources}, {}, TELLS)
    assert report.kind == "sr"
    return report.data


def test_it_says_why_and_that_this_is_not_negative() -> None:
    sources = as_received(header()), as_received(header(uid=OTHER_IMAGE_UID))
    report = dcmread(BytesIO(sr_of(*sources)))
    (comment,) = items(report, "121106")
    assert comment.TextValue == (
        "Not analysed because colour Doppler (2 images). This is not a negative result."
    )
    assert items(report, "111047") == []
    (group,) = items(report, "126200")
    assert len(group.ContentSequence) == 2
    assert report.CompletionFlag == "COMPLETE"


@pytest.mark.parametrize("sop_class_uid", ["1.2.840.10008.5.1.4.1.1.6.1", RETIRED_ULTRASOUND])
def test_validators_find_no_error(
    sop_class_uid: str, tmp_path: Path, dciodvfy: Dciodvfy, pixelmed: PixelMed
) -> None:
    path = tmp_path / "sr.dcm"
    path.write_bytes(sr_of(as_received(header(sop_class_uid))))
    assert dciodvfy.errors(path) == []
    assert pixelmed.errors(path) == []
    assert read_class(path) == {sop_class_uid}


def read_class(path: Path) -> set[str]:
    evidence = dcmread(path).CurrentRequestedProcedureEvidenceSequence
    return {
        one.ReferencedSOPClassUID
        for study in evidence
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }


def test_without_the_setting_there_is_none() -> None:
    assert build_objects(REFUSED, {IMAGE_UID: header()}, {}, ReportSettings()) == ()


def refused_study(ledger: Ledger, store: MemoryStore) -> str:
    """A study that no classifier reads: of another modality, though its rule took it."""
    images = phantom()
    for ds in images:
        ds.BodyPartExamined = "LIVER"
    uid = receive(ledger, store, images)
    assemble(ledger, store)
    enqueue(ledger, store, US_TO_PACS)
    worker = Worker(ledger, store, {"us-mass": FakeClassifier()}, INLINE_POOLS, max_frames=4)
    worker.handle(InferenceRequest(uid, 1, "us-mass").to_json())
    assert study_of(ledger, uid).state is StudyState.NOT_ANALYSED
    assert len(messages(ledger, "report")) == 1
    return uid


def reported(
    ledger: Ledger, store: MemoryStore, uid: str, settings: ReportSettings
) -> tuple[StoredObject, ...]:
    Reporter(ledger, store, settings).handle(ReportRequest(uid, 1).to_json())
    with ledger.read() as tx:
        return tx.deliveries.waiting(uid, 1, "pacs")


def test_it_is_sent_and_the_study_stays_not_analysed(ledger: Ledger, store: MemoryStore) -> None:
    uid = refused_study(ledger, store)
    (report,) = reported(ledger, store, uid, TELLS)
    assert report.kind == "sr"
    assert report.fault == ""
    assert b"This is not a negative result" in store.get(report.key)
    study = study_of(ledger, uid)
    assert study.state is StudyState.NOT_ANALYSED
    assert "LIVER" in study.reason
    assert len(messages(ledger, "delivery.pacs")) == 1


def test_repeating_it_changes_nothing(ledger: Ledger, store: MemoryStore) -> None:
    uid = refused_study(ledger, store)
    assert reported(ledger, store, uid, TELLS) == reported(ledger, store, uid, TELLS)
    assert len(messages(ledger, "delivery.pacs")) == 1


def test_without_the_setting_nothing_is_sent(ledger: Ledger, store: MemoryStore) -> None:
    uid = refused_study(ledger, store)
    assert reported(ledger, store, uid, ReportSettings()) == ()
    assert messages(ledger, "delivery.pacs") == []


def test_images_whose_bytes_are_gone_are_left_out(ledger: Ledger, store: MemoryStore) -> None:
    uid = refused_study(ledger, store)
    with ledger.read() as tx:
        first, second = tx.instances.of_study(uid)
    store.delete(first.key)
    (report,) = reported(ledger, store, uid, TELLS)
    (group,) = items(dcmread(BytesIO(store.get(report.key))), "126200")
    assert [one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for one in group.ContentSequence] == [
        second.sop_instance_uid
    ]
    store.delete(second.key)
