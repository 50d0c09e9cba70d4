"""A delivered study of whose two classifiers one has failed is tried again."""

from service.config import ReportSettings, Rule
from service.infer.worker import Worker
from service.report.reporter import Reporter
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.retry_study import retry_study
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.storage.store.memory import MemoryStore
from service.study.messages import InferenceRequest, ReportRequest
from service.study.state import StudyEvent, StudyState
from tests.fakes.classifier import FakeClassifier, FakeManifest
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, phantom, receive, study_of

TWO = US_TO_PACS.model_copy(update={"classifiers": ("us-mass", "us-second")})


def route(ledger: Ledger, store: MemoryStore, rule: Rule, worker: Worker, *working: str) -> str:
    """Analyse and report the present revision; what does not work is given up. Returns the study's UID."""
    enqueue(ledger, store, rule)
    with ledger.read() as tx:
        (study,) = tx.studies.in_state(StudyState.QUEUED)
    for name in rule.classifiers:
        body = InferenceRequest(study.study_instance_uid, study.revision, name).to_json()
        if name in working:
            worker.handle(body)
        else:
            worker.give_up(body, "broken")
    request = ReportRequest(study.study_instance_uid, study.revision)
    Reporter(ledger, store, ReportSettings()).handle(request.to_json())
    return study.study_instance_uid


def deliver(ledger: Ledger, uid: str) -> int:
    """Send what waits. Returns how many objects that were."""
    with ledger.begin() as tx:
        waiting = tx.deliveries.waiting(uid, study_of(ledger, uid).revision, "pacs")
        for one in waiting:
            tx.deliveries.mark(
                one.sop_instance_uid, "pacs", DeliveryState.DELIVERED, Proof.STORE_STATUS, "0x0000"
            )
        tx.studies.move(uid, StudyEvent.ALL_DELIVERED, "delivered")
    return len(waiting)


def test_nothing_is_done_twice(ledger: Ledger, store: MemoryStore) -> None:
    # Arrange
    receive(ledger, store, phantom())
    assemble(ledger, store)
    classifier = FakeClassifier()
    second = FakeClassifier()
    second.manifest = FakeManifest(name="us-second")
    worker = Worker(ledger, store, {"us-mass": classifier, "us-second": second}, INLINE_POOLS, max_frames=4)
    uid = route(ledger, store, TWO, worker, "us-mass")
    assert (deliver(ledger, uid), classifier.seen) == (3, 2)

    # Act
    with ledger.begin() as tx:
        retry_study(tx, uid, "tried again")
    route(ledger, store, TWO, worker, "us-mass", "us-second")

    # Assert
    assert classifier.seen == 2
    assert "the earlier report of us-mass stands" in study_of(ledger, uid).reason
    assert deliver(ledger, uid) == 3  # those of us-second
    assert (study_of(ledger, uid).state, study_of(ledger, uid).revision) == (StudyState.DELIVERED, 2)
