"""A classifier in the shadow of another: kept and compared, never sent, shown or waited for."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from service.access.person import somebody
from service.cli.rules.shadow_agreement import compare
from service.config import ReportSettings, Rule
from service.enqueue.routing import route
from service.infer.worker import Worker
from service.report.reporter import Reporter
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.make_urgent import make_urgent
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.storage.retention.images import ImageRetention
from service.storage.store.memory import MemoryStore
from service.storage.store.port import InstanceStore
from service.study.messages import InferenceRequest, ReportRequest
from service.study.model import InstanceHeader, Priority
from service.study.state import AnalysisState, StudyEvent, StudyState
from service.worklist.listing import Listing
from service.worklist.reading import read_page
from tests.fakes.classifier import FakeClassifier, FakeManifest, FakeScore
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom, receive, study_of

SHADOWED = US_TO_PACS.model_copy(update={"shadow": ("us-next",)})


class Brighter(FakeClassifier):
    """The next version: sees everything 20 percentage points more suspicious."""

    def __init__(self) -> None:
        super().__init__()
        self.manifest = FakeManifest(name="us-next")

    def score(self, image: NDArray[np.uint8]) -> FakeScore:
        score = super().score(image)
        return FakeScore(score.probability + 0.2, score.heatmap)


def worker(ledger: Ledger, store: InstanceStore) -> Worker:
    classifiers = {"us-mass": FakeClassifier(), "us-next": Brighter()}
    return Worker(ledger, store, classifiers, INLINE_POOLS, max_frames=4)


def queued(ledger: Ledger, store: InstanceStore, rule: Rule = SHADOWED) -> str:
    uid = receive(ledger, store, phantom())
    assemble(ledger, store)
    enqueue(ledger, store, rule)
    return uid


def read(ledger: Ledger, store: InstanceStore, uid: str, classifier: str) -> Analysis:
    revision = study_of(ledger, uid).revision
    worker(ledger, store).handle(InferenceRequest(uid, revision, classifier).to_json())
    with ledger.read() as tx:
        found = tx.analyses.find(uid, revision, classifier)
    assert found is not None
    return found


def deliver(ledger: Ledger, store: MemoryStore, uid: str) -> None:
    Reporter(ledger, store, ReportSettings()).handle(ReportRequest(uid, 1).to_json())
    with ledger.begin() as tx:
        for one in tx.deliveries.waiting(uid, 1, "pacs"):
            tx.deliveries.mark(
                one.sop_instance_uid, "pacs", DeliveryState.DELIVERED, Proof.QUERY, "found there"
            )
        tx.studies.move(uid, StudyEvent.ALL_DELIVERED, "delivered")


def test_both_are_asked_and_the_one_in_the_shadow_has_time(ledger: Ledger, store: MemoryStore) -> None:
    queued(ledger, store)
    assert len(messages(ledger, "inference.us-mass.urgent")) == 1
    assert len(messages(ledger, "inference.us-next")) == 1  # routine, though the study is urgent


def test_nothing_waits_for_it_and_nobody_is_sent_or_shown_it(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store)
    read(ledger, store, uid, "us-mass")
    assert study_of(ledger, uid).state is StudyState.INFERRED
    deliver(ledger, store, uid)

    in_shadow = read(ledger, store, uid, "us-next")  # the study is long delivered

    assert in_shadow.state is AnalysisState.SCORED
    assert study_of(ledger, uid).state is StudyState.DELIVERED
    with ledger.read() as tx:
        assert {one.classifier for one in tx.deliveries.objects_of(uid)} == {"us-mass"}
    (entry,) = read_page(ledger, Listing(), research=True, person=somebody("")).entries
    assert [one.name for one in entry.classifiers] == ["us-mass"]


def test_one_that_is_faster_moves_no_study(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store)
    assert read(ledger, store, uid, "us-next").state is AnalysisState.SCORED
    assert study_of(ledger, uid).state is StudyState.QUEUED
    assert messages(ledger, "report") == []


def test_one_that_fails_fails_no_study(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store)
    worker(ledger, store).give_up(InferenceRequest(uid, 1, "us-next").to_json(), "broken")
    assert study_of(ledger, uid).state is StudyState.QUEUED
    read(ledger, store, uid, "us-mass")
    assert study_of(ledger, uid).state is StudyState.INFERRED


def test_what_a_late_image_has_overtaken_is_not_read(ledger: Ledger, store: MemoryStore) -> None:
    first, second = phantom()
    uid = receive(ledger, store, [first])
    assemble(ledger, store)
    enqueue(ledger, store, SHADOWED)
    receive(ledger, store, [second])
    worker(ledger, store).handle(InferenceRequest(uid, 1, "us-next").to_json())
    with ledger.read() as tx:
        found = tx.analyses.find(uid, 1, "us-next")
    assert found is not None
    assert found.state is AnalysisState.QUEUED


def test_making_a_study_urgent_leaves_it_routine(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store, SHADOWED.model_copy(update={"priority": Priority.ROUTINE}))
    with ledger.begin() as tx:
        make_urgent(tx, uid, "asked for")
        found = tx.analyses.find(uid, 1, "us-next")
    assert found is not None
    assert found.priority is Priority.ROUTINE


def test_images_stay_until_it_has_read_them(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store)
    read(ledger, store, uid, "us-mass")
    deliver(ledger, store, uid)
    later = datetime.now(UTC) + timedelta(days=30)
    retention = ImageRetention(ledger, store, days=1, now=lambda: later)
    assert retention.remove(uid) is None
    read(ledger, store, uid, "us-next")
    assert retention.remove(uid) is not None


def test_a_classifier_that_reads_the_study_anyway_is_in_no_shadow() -> None:
    header = InstanceHeader("1.2.3", {"Modality": ("US",)})
    also_read = US_TO_PACS.model_copy(update={"name": "b", "classifiers": ("us-next",)})
    assert route([header], [SHADOWED, also_read]).shadows == ()
    assert route([header], [SHADOWED]).shadows == ("us-next",)


def test_the_comparison_counts_what_both_said(ledger: Ledger, store: MemoryStore) -> None:
    uid = queued(ledger, store)
    pair = (read(ledger, store, uid, "us-next"), read(ledger, store, uid, "us-mass"))

    found = compare([pair])

    assert (found.studies, found.both_scored, found.images) == (1, 1, 2)
    assert found.median_difference == pytest.approx(0.2)
    assert found.difference_95 == pytest.approx(0.2)
    assert found.median_latency_s is not None
    assert found.agreement in {0.0, 1.0}
    assert len(found.disagreements) == 1 - found.agreement
