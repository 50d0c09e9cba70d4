"""Whatever happens in whatever order, a study ends delivered, with every image read and each result once.

Workers take messages that others hold as well, stall, die, and come back; images come late; the PACS is away;
processes are restarted. What a message needs to be handled again is what the real loop does: lease and fence.
"""

import os
import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from service.config import Destination
from service.enqueue.leasing import Leasing
from service.enqueue.port import Envelope
from service.errors import PeerUnavailable, Retryable
from service.send.link import Link
from service.send.outcome import SUCCESS, Sent, outcome
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.fence import Fence, fence_of
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.memory import MemoryStore
from service.study.lifecycle import TRANSITIONS
from service.study.state import StudyEvent, StudyState
from tests.fakes.datasets import us_dataset
from tests.unit.early import SWEEPS, Pacs, Way, predecessor_of

LONG = "PREREAD_INTERLEAVINGS"
"""Environment variable: how many random runs, for a long search."""
STUDY = "1.2.826.0.1.3680043.10.1"
SIDE = 96
OUT_OF_RESOURCES = 0xA700
OF_STUDY: dict[str, Any] = {
    "name": "us",
    "when": {"Modality": "US"},
    "classifiers": ["us-mass"],
    "destinations": ["pacs"],
}
QUEUES = ("inference.us-mass", "report", "delivery.pacs")


def image(number: int) -> Dataset:
    ds = us_dataset(
        StudyInstanceUID=STUDY,
        SeriesInstanceUID=f"{STUDY}.{number % 2}",
        SOPInstanceUID=f"{STUDY}.{number % 2}.{number}",
        SeriesDescription=f"sweep {number % 2}",
        BodyPartExamined="BREAST",
        Rows=SIDE,
        Columns=SIDE,
        PixelData=random.Random(number).randbytes(SIDE * SIDE),
    )
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


class Mood(StrEnum):
    """What the PACS is up to."""

    GOOD = "good"
    AWAY = "away"
    FULL = "full"
    """It has room for one object more each time."""
    FORGETFUL = "forgetful"
    """It answers Success and keeps nothing."""


class MoodyPacs(Pacs):
    """Takes everything, nothing, or the first object alone; or answers Success and forgets.

    It can be asked what it holds.
    """

    mood = Mood.GOOD

    @contextmanager
    def open(self, destination: Destination, classes: Collection[str]) -> Iterator[Link]:
        if self.mood is Mood.AWAY:
            raise PeerUnavailable("away")
        self.room = 1
        with super().open(destination, classes) as link:
            yield link

    def store(self, stored: StoredObject, data: bytes) -> Sent:
        if self.mood is Mood.FULL and not self.room:
            return outcome(stored.sop_instance_uid, OUT_OF_RESOURCES)
        self.room = 0
        if self.mood is Mood.FORGETFUL:
            return outcome(stored.sop_instance_uid, SUCCESS)
        return super().store(stored, data)


@dataclass(frozen=True)
class Hand:
    """A message that a worker has taken, and its lease."""

    row_id: int
    queue: str
    body: dict[str, Any]
    fence: Fence


class Interleavings(RuleBasedStateMachine):
    """One study; every rule is one step of one process."""

    rule_of_the_site = OF_STUDY

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="preread-")
        self.ledger = Ledger(f"sqlite:///{Path(self.folder.name) / 'ledger.sqlite3'}")
        self.ledger.upgrade()
        self.way = Way(self.ledger, MemoryStore(), self.rule_of_the_site)
        self.way.pacs = self.pacs = MoodyPacs(no_query="")
        self.way.restart()
        self.leasing = Leasing(self.ledger)
        self.hands: list[Hand] = []
        self.received: set[int] = set()

    @initialize(number=st.integers(0, 5))
    def first_image_comes(self, number: int) -> None:
        self.image_comes(number)

    @rule(number=st.integers(0, 5))
    def image_comes(self, number: int) -> None:
        self.way.send(image(number))
        self.received.add(number)

    @rule(stages=st.integers(1, len(QUEUES)))
    def all_goes_well_for_a_while(self, stages: int) -> None:
        """So far along the path: chance alone would seldom bring a study to its end."""
        self.way.turn(61.0)
        for queue in QUEUES[:stages]:
            while (hand := self._take(queue)) is not None and self._work(hand):
                self._ack(hand)

    @rule(seconds=st.sampled_from([0.0, 30.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.way.turn(seconds)

    @rule(queue=st.sampled_from(QUEUES))
    def message_is_taken(self, queue: str) -> None:
        """By anybody: with a lease of no time, it may be in several hands."""
        self._take(queue)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def work_is_done(self, data: st.DataObject) -> None:
        """But not acked: the worker may yet die, and another may do the same."""
        self._work(data.draw(st.sampled_from(self.hands)))

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def work_is_done_and_acked(self, data: st.DataObject) -> None:
        hand = data.draw(st.sampled_from(self.hands))
        if self._work(hand):
            self._ack(hand)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def worker_dies(self, data: st.DataObject) -> None:
        self.hands.remove(data.draw(st.sampled_from(self.hands)))

    @rule()
    def everything_restarts(self) -> None:
        self.hands.clear()
        self.way.restart()

    @rule(mood=st.sampled_from(Mood))
    def pacs_changes_its_mood(self, mood: Mood) -> None:
        self.pacs.mood = mood

    @invariant()
    def state_was_reached_by_the_table(self) -> None:
        with self.ledger.read() as tx:
            entries = tx.studies.history(STUDY)
        known = {(event.value, state) for (_, event), state in TRANSITIONS.items()}
        moves = [one for one in entries if one.event in set(StudyEvent)]
        assert all((one.event, one.state) in known for one in moves)
        assert all(one.reason for one in entries)
        revisions = [one.revision for one in entries]
        assert revisions == sorted(revisions)

    @invariant()
    def delivered_study_has_nothing_left_to_send(self) -> None:
        with self.ledger.read() as tx:
            study = tx.studies.find(STUDY)
            if study is not None and study.state is StudyState.DELIVERED:
                deliveries = tx.deliveries.of_study(STUDY, study.revision)
                assert {one.sop_instance_uid for one in deliveries} <= set(self.pacs.held)

    def teardown(self) -> None:
        try:
            self._settle()
            self._judge()
        finally:
            self.ledger.close()
            self.folder.cleanup()

    def _settle(self) -> None:
        """All processes run, and nothing happens any more."""
        self.pacs.mood = Mood.GOOD
        self.hands.clear()
        for _ in range(20):
            self.way.turn(61.0)
            for queue in QUEUES:
                while (hand := self._take(queue)) is not None and self._work(hand):
                    self._ack(hand)
            if self.way.study.state is StudyState.DELIVERED:
                return

    def _judge(self) -> None:
        study = self.way.study
        assert study.state is StudyState.DELIVERED, (study.state, study.reason)
        reports = self.pacs.reports()
        named = [predecessor_of(report) for report in reports]
        newest = [one for one in reports if one.SOPInstanceUID not in named]
        assert len(newest) == 1, "two reports of which neither replaces the other"
        (evidence,) = newest[0].CurrentRequestedProcedureEvidenceSequence
        read = {
            item.ReferencedSOPInstanceUID
            for series in evidence.ReferencedSeriesSequence
            for item in series.ReferencedSOPSequence
        }
        assert {image(number).SOPInstanceUID for number in self.received} <= read

    def _take(self, queue: str) -> Hand | None:
        with self.ledger.begin() as tx:
            rows = tx.outbox.claim([queue], 1, "worker", time.time(), 0.0)
        if not rows:
            return None
        row = rows[0]
        lease = self.leasing.take(Envelope(row.message_id, row.queue, row.body))
        hand = Hand(row.id, queue, row.body, fence_of(lease))
        self.hands.append(hand)
        return hand

    def _work(self, hand: Hand) -> bool:
        handle: Callable[[], None] = {
            "inference.us-mass": lambda: self.way.worker.handle(hand.body, hand.fence),
            "report": lambda: self.way.reporter.handle(hand.body, hand.fence),
            "delivery.pacs": lambda: self.way.sender.handle(hand.body, hand.fence),
        }[hand.queue]
        try:
            handle()
        except Retryable:  # any other error would make a dead letter of what is in good order
            return False
        return True

    def _ack(self, hand: Hand) -> None:
        self.hands.remove(hand)
        with self.ledger.begin() as tx:
            tx.outbox.delete([hand.row_id], "worker")


class InterleavingsOfSeries(Interleavings):
    """The same where series are analysed as soon as they are complete."""

    rule_of_the_site = SWEEPS


TestInterleavings: Any = Interleavings.TestCase
TestInterleavingsOfSeries: Any = InterleavingsOfSeries.TestCase
TestInterleavings.settings = TestInterleavingsOfSeries.settings = settings(
    max_examples=int(os.environ.get(LONG, "10")),
    stateful_step_count=30,
    deadline=None,
    derandomize=LONG not in os.environ,
    phases=[Phase.generate],  # making a failure shorter takes longer than reading it
    suppress_health_check=list(HealthCheck),
)
