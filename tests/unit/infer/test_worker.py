import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset

from service.cli.demo.samples import real_ultrasound
from service.enqueue.leasing import Leasing
from service.enqueue.port import Envelope
from service.errors import InvalidMessage, Permanent
from service.infer.worker import Worker
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.fence import fence_of
from service.storage.store.memory import MemoryStore
from service.study.messages import InferenceRequest
from service.study.model import Priority
from service.study.state import AnalysisState, StudyState
from tests.fakes.classifier import FakeClassifier, FakeScore
from tests.fakes.datasets import EXPLICIT_VR_LE, US_MULTI_FRAME, us_dataset
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom, receive, study_of


def queued(ledger: Ledger, store: MemoryStore, datasets: list[Dataset]) -> str:
    uid = receive(ledger, store, datasets)
    assemble(ledger, store)
    enqueue(ledger, store, US_TO_PACS)
    return uid


def worker(ledger: Ledger, store: MemoryStore, classifier: FakeClassifier | None = None) -> Worker:
    return Worker(ledger, store, {"us-mass": classifier or FakeClassifier()}, INLINE_POOLS, max_frames=4)


def test_scored_study_moves_on_with_result_and_report_request(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store, phantom())

    worker(ledger, store).handle(InferenceRequest(uid, 1, "us-mass").to_json())

    assert study_of(ledger, uid).state is StudyState.INFERRED
    with ledger.read() as tx:
        (analysis,) = tx.analyses.of_study(uid, 1)
    assert analysis.state is AnalysisState.SCORED
    assert analysis.result is not None
    assert sorted(score.laterality for score in analysis.result.scores) == ["L", "R"]
    assert all(store.exists(score.heatmap_key) for score in analysis.result.scores)
    assert len(messages(ledger, "report")) == 1


def test_only_the_hottest_frames_of_a_cine_are_in_the_store(ledger: Ledger, store: MemoryStore) -> None:
    brighter = np.random.default_rng(1).integers(0, 20, (4, 96, 96), np.uint8)
    brighter += np.arange(20, 100, 20, dtype=np.uint8)[:, np.newaxis, np.newaxis]
    cine = us_dataset(
        SOPClassUID=US_MULTI_FRAME,
        BodyPartExamined="BREAST",
        NumberOfFrames=4,
        Rows=96,
        Columns=96,
        PixelData=brighter.tobytes(),
    )
    cine.file_meta = FileMetaDataset()
    cine.file_meta.TransferSyntaxUID = EXPLICIT_VR_LE
    uid = queued(ledger, store, [cine])
    pools, classifiers = INLINE_POOLS, {"us-mass": FakeClassifier()}

    Worker(ledger, store, classifiers, pools, 4, 2).handle(InferenceRequest(uid, 1, "us-mass").to_json())

    with ledger.read() as tx:
        (analysis,) = tx.analyses.of_study(uid, 1)
    assert analysis.result is not None
    (score,) = analysis.result.scores
    assert [bool(one.heatmap_key) for one in score.frames] == [False, False, True, True]
    kept = {one.heatmap_key for one in score.frames if one.heatmap_key} | {score.heatmap_key}
    assert set(store.keys("analyses/")) == kept


def test_repeated_request_changes_nothing(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store, phantom())
    classifier = FakeClassifier()
    one, request = worker(ledger, store, classifier), InferenceRequest(uid, 1, "us-mass").to_json()

    one.handle(request)
    one.handle(request)

    assert classifier.seen == 2
    assert len(messages(ledger, "report")) == 1


def test_result_of_work_that_was_given_to_another_is_not_entered(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store, phantom())
    request = InferenceRequest(uid, 1, "us-mass", Priority.URGENT)
    one, leasing = worker(ledger, store), Leasing(ledger)
    stalled = leasing.take(Envelope("1", request.queue, request.to_json()))
    successor = leasing.take(Envelope("1", request.queue, request.to_json()))

    one.handle(request.to_json(), fence_of(stalled))
    assert study_of(ledger, uid).state is StudyState.QUEUED
    one.handle(request.to_json(), fence_of(successor))
    assert study_of(ledger, uid).state is StudyState.INFERRED


def test_study_without_a_breast_is_not_analysed_and_says_why(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store, real_ultrasound()[:1])
    classifier = FakeClassifier()

    worker(ledger, store, classifier).handle(InferenceRequest(uid, 1, "us-mass").to_json())

    study = study_of(ledger, uid)
    assert study.state is StudyState.NOT_ANALYSED
    assert "us-mass: not analysed because" in study.reason
    assert classifier.seen == 0


def test_request_of_a_reopened_study_is_dropped(ledger: Ledger, store: MemoryStore) -> None:
    first, second = phantom()
    uid = queued(ledger, store, [first])
    receive(ledger, store, [second])
    classifier = FakeClassifier()

    worker(ledger, store, classifier).handle(InferenceRequest(uid, 1, "us-mass").to_json())

    assert classifier.seen == 0
    assert study_of(ledger, uid).state is StudyState.RECEIVED


def test_result_that_comes_after_the_study_was_reopened_is_dropped(
    ledger: Ledger, store: MemoryStore
) -> None:
    first, second = phantom()
    uid = queued(ledger, store, [first])

    class Slow(FakeClassifier):
        def score(self, image: NDArray[np.uint8]) -> FakeScore:
            receive(ledger, store, [second])
            return super().score(image)

    worker(ledger, store, Slow()).handle(InferenceRequest(uid, 1, "us-mass").to_json())

    assert (study_of(ledger, uid).state, study_of(ledger, uid).revision) == (StudyState.RECEIVED, 2)
    assert messages(ledger, "report") == []


def test_late_image_is_analysed_alone_and_the_earlier_score_stays(ledger: Ledger, store: MemoryStore) -> None:
    first, second = phantom()
    classifier = FakeClassifier()
    one = worker(ledger, store, classifier)
    uid = queued(ledger, store, [first])
    one.handle(InferenceRequest(uid, 1, "us-mass").to_json())
    queued(ledger, store, [second])

    one.handle(InferenceRequest(uid, 2, "us-mass").to_json())

    with ledger.read() as tx:
        (before,), (after,) = tx.analyses.of_study(uid, 1), tx.analyses.of_study(uid, 2)
    assert before.result is not None
    assert after.result is not None
    assert classifier.seen == 2
    assert len(after.result.scores) == 2
    assert before.result.scores[0] == after.result.scores[0]


def test_dead_letter_fails_the_study_with_its_reason(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store, phantom())

    worker(ledger, store).give_up(InferenceRequest(uid, 1, "us-mass").to_json(), "engine is gone")

    study = study_of(ledger, uid)
    assert (study.state, study.reason) == (StudyState.FAILED, "us-mass: failed: engine is gone")


def test_strange_messages_and_classifiers_are_permanent(ledger: Ledger, store: MemoryStore) -> None:
    with pytest.raises(InvalidMessage):
        worker(ledger, store).handle({"kind": "report"})
    with pytest.raises(Permanent, match="has no classifier 'mg'; it has: us-mass"):
        worker(ledger, store).handle(InferenceRequest("1.2", 1, "mg").to_json())


def test_image_whose_bytes_are_gone_is_permanent_and_says_what_to_do(
    ledger: Ledger, store: MemoryStore
) -> None:
    uid = queued(ledger, store, phantom())
    store.delete(store.keys("instances/")[0])

    with pytest.raises(Permanent, match="restore the data folder"):
        worker(ledger, store).handle(InferenceRequest(uid, 1, "us-mass").to_json())


def test_body_part_that_an_operator_assumes_lets_an_unnamed_image_be_read(
    ledger: Ledger, store: MemoryStore
) -> None:
    (unnamed, _) = phantom()
    del unnamed.BodyPartExamined, unnamed.StudyDescription
    unnamed.pop("SeriesDescription", None)
    unnamed.pop("AnatomicRegionSequence", None)
    uid = queued(ledger, store, [unnamed])

    request = InferenceRequest(uid, 1, "us-mass", assume_body_part="BREAST")
    worker(ledger, store).handle(request.to_json())

    assert study_of(ledger, uid).state is StudyState.INFERRED
