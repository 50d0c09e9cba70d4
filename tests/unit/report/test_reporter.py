from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

from service.config import ReportSettings
from service.config.profiles import ObjectKind
from service.errors import Permanent
from service.infer.worker import Worker
from service.report.reporter import Reporter
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.messages import InferenceRequest, ReportRequest
from service.study.state import StudyState
from tests.fakes.classifier import FakeClassifier
from tests.fakes.datasets import us_dataset
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom, receive, study_of


def inferred(ledger: Ledger, store: MemoryStore, datasets: list[Dataset]) -> str:
    uid = receive(ledger, store, datasets)
    assemble(ledger, store)
    enqueue(ledger, store, US_TO_PACS)
    request = InferenceRequest(uid, study_of(ledger, uid).revision, "us-mass")
    Worker(ledger, store, {"us-mass": FakeClassifier()}, INLINE_POOLS, max_frames=4).handle(request.to_json())
    return uid


def report(ledger: Ledger, store: MemoryStore, uid: str, revision: int = 1) -> None:
    Reporter(ledger, store, ReportSettings()).handle(ReportRequest(uid, revision).to_json())


def test_report_and_heatmaps_are_kept_and_asked_to_be_sent(ledger: Ledger, store: MemoryStore) -> None:
    uid = inferred(ledger, store, phantom())

    report(ledger, store, uid)

    assert study_of(ledger, uid).state is StudyState.REPORTED
    with ledger.read() as tx:
        stored = tx.deliveries.objects_of(uid)
    assert sorted(one.kind for one in stored) == ["heatmap", "heatmap", "sr"]
    for one in stored:
        assert dcmread(BytesIO(store.get(one.key))).SOPInstanceUID == one.sop_instance_uid
    assert [body["destination"] for body in messages(ledger, "delivery.pacs")] == ["pacs"]


def test_repeated_request_writes_nothing_again(ledger: Ledger, store: MemoryStore) -> None:
    uid = inferred(ledger, store, phantom())

    report(ledger, store, uid)
    report(ledger, store, uid)

    assert len(store.keys("objects/")) == 3
    assert len(messages(ledger, "delivery.pacs")) == 1


def test_second_revision_names_the_first_report_and_keeps_the_equal_heatmap(
    ledger: Ledger, store: MemoryStore
) -> None:
    first, second = phantom()
    uid = inferred(ledger, store, [first])
    report(ledger, store, uid)
    with ledger.read() as tx:
        (old,) = [one for one in tx.deliveries.objects_of(uid) if one.kind == "sr"]
    inferred(ledger, store, [second])

    report(ledger, store, uid, revision=2)

    with ledger.read() as tx:
        stored = tx.deliveries.objects_of(uid)
        (new,) = [one for one in tx.deliveries.objects_of(uid, revision=2) if one.kind == "sr"]
    assert sorted(one.kind for one in stored) == ["heatmap", "heatmap", "sr", "sr"]
    predecessors = dcmread(BytesIO(store.get(new.key))).PredecessorDocumentsSequence
    reference = predecessors[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == old.sop_instance_uid


def test_dead_letter_fails_the_study_with_its_reason(ledger: Ledger, store: MemoryStore) -> None:
    uid = inferred(ledger, store, phantom())

    Reporter(ledger, store, ReportSettings()).give_up(ReportRequest(uid, 1).to_json(), "no room")

    assert study_of(ledger, uid).reason == "the result objects could not be written: no room"


def test_each_scored_instance_is_opened_once(
    ledger: Ledger, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = inferred(ledger, store, phantom())
    opened: list[str] = []
    get = store.get  # `open` asks it, too

    def counted(key: str) -> bytes:
        opened.append(key)
        return get(key)

    monkeypatch.setattr(store, "get", counted)
    report(ledger, store, uid)

    assert sorted(key for key in opened if key.startswith("instances/")) == store.keys("instances/")


def test_scored_instance_that_is_gone_says_what_to_do(ledger: Ledger, store: MemoryStore) -> None:
    uid = inferred(ledger, store, phantom())
    store.delete(store.keys("instances/")[1])

    with pytest.raises(Permanent, match="check that the instance store still holds the study"):
        report(ledger, store, uid)
    assert store.keys("objects/") == []


def test_every_frame_of_a_cine_that_was_read_is_in_its_heatmap(ledger: Ledger, store: MemoryStore) -> None:
    frames = np.random.default_rng(1).integers(10, 200, (4, 96, 96), dtype=np.uint8)
    cine = us_dataset(
        SOPClassUID=UltrasoundMultiFrameImageStorage,
        BodyPartExamined="BREAST",
        NumberOfFrames=4,
        Rows=96,
        Columns=96,
        PixelData=frames.tobytes(),
    )
    cine.file_meta = FileMetaDataset()
    cine.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    uid = inferred(ledger, store, [cine])
    with ledger.read() as tx:
        (analysis,) = tx.analyses.of_study(uid, 1)
    assert analysis.result is not None
    assert [frame.number for frame in analysis.result.scores[0].frames] == [1, 2, 3, 4]

    kinds: dict[str, tuple[ObjectKind, ...]] = {"pacs": ("sr", "heatmap", "cine-heatmap")}
    Reporter(ledger, store, ReportSettings(), kinds).handle(ReportRequest(uid, 1).to_json())

    with ledger.read() as tx:
        (heatmaps,) = [one for one in tx.deliveries.waiting(uid, 1, "pacs") if one.kind == "cine-heatmap"]
    assert heatmaps.fault == ""
    assert dcmread(BytesIO(store.get(heatmaps.key))).pixel_array.shape == (4, 96, 96, 3)
