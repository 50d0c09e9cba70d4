from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from service.errors import OutOfSpace, PeerUnavailable
from service.fetch.fetcher import Fetched, Fetcher
from service.fetch.found import FoundInstance, FoundStudy
from service.fetch.query import StudyQuery
from service.fetch.transfer import Transfer
from service.fetch.wanted import Wanted
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE
from tests.unit.fetch import receivers
from tests.unit.fetch.receivers import ScriptedReceiver, take

STORABLE = {US_IMAGE: (EXPLICIT_VR_LE,)}
RESULTS = "1.2.9"


@dataclass
class FakeArchive:
    """Has these instances; `sends` says what a retrieval does."""

    instances: tuple[FoundInstance, ...]
    sends: Callable[[Transfer], object] | None = None
    asked_without: list[Collection[str]] = field(default_factory=list)

    def find_studies(self, query: StudyQuery) -> tuple[FoundStudy, ...]:
        return ()

    def find_instances(
        self, study_instance_uid: str, without_series: Collection[str] = ()
    ) -> tuple[FoundInstance, ...]:
        self.asked_without.append(without_series)
        return self.instances

    def retrieve(
        self, study_instance_uid: str, instances: Sequence[FoundInstance], transfer: Transfer
    ) -> None:
        if self.sends is not None:
            self.sends(transfer)
            return
        for one in instances:
            take(transfer, b"dataset", one.sop_class_uid, one.sop_instance_uid, EXPLICIT_VR_LE)


def instances(*uids: str, sop_class_uid: str = US_IMAGE) -> tuple[FoundInstance, ...]:
    return tuple(FoundInstance("1.2.3.1", "US", uid, sop_class_uid) for uid in uids)


def fetch(
    archive: FakeArchive,
    receiver: ScriptedReceiver | None = None,
    arrived: Collection[str] = (),
    told: list[tuple[int, int]] | None = None,
) -> Fetched:
    wanted = Wanted(STORABLE, lambda _study: {RESULTS})
    fetcher = Fetcher(
        archive,
        receiver or ScriptedReceiver(),
        receivers.spool,
        wanted,
        lambda _study: arrived,
        arrive_within_s=0,
    )
    progress = told if told is not None else []
    return fetcher.fetch("1.2.3", lambda done, total: progress.append((done, total)))


def test_study_is_complete_when_everything_was_taken() -> None:
    told: list[tuple[int, int]] = []
    archive = FakeArchive(instances("1", "2"))
    outcome = fetch(archive, told=told)
    assert outcome.is_complete and outcome.received == {"1", "2"}
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert archive.asked_without == [{RESULTS}]


def test_what_is_not_stored_is_left_out_and_no_fault() -> None:
    report = FoundInstance("1.2.3.2", "SR", "9", "1.2.840.10008.5.1.4.1.1.88.11")
    outcome = fetch(FakeArchive((*instances("1"), report)))
    assert outcome.is_complete
    assert outcome.left_out == {"1.2.840.10008.5.1.4.1.1.88.11": 1}


def test_modality_decides_where_the_pacs_tells_no_sop_class() -> None:
    wanted = Wanted(STORABLE, lambda _study: ())
    assert wanted.is_storable(FoundInstance("1", "US", "2", ""))
    assert not wanted.is_storable(FoundInstance("1", "PR", "2", ""))


def test_study_without_images_is_no_success() -> None:
    outcome = fetch(FakeArchive(()))
    assert not outcome.is_complete
    assert "has no image" in outcome.problems[0]


def test_refused_and_missing_instances_make_it_incomplete() -> None:
    def one_of_three(transfer: Transfer) -> None:
        take(transfer, b"", US_IMAGE, "1", EXPLICIT_VR_LE)
        transfer.refuse("2", "damaged")

    outcome = fetch(FakeArchive(instances("1", "2", "3"), one_of_three))
    assert (set(outcome.received), outcome.refused, set(outcome.missing)) == ({"1"}, {"2": "damaged"}, {"3"})
    assert not outcome.is_complete


def test_instance_that_was_refused_and_then_taken_is_received() -> None:
    answers = iter([0xA700, 0x0000])

    def twice(transfer: Transfer) -> None:
        take(transfer, b"", US_IMAGE, "1", EXPLICIT_VR_LE)
        take(transfer, b"", US_IMAGE, "1", EXPLICIT_VR_LE)

    assert fetch(FakeArchive(instances("1"), twice), ScriptedReceiver(lambda _uid: next(answers))).is_complete


def test_pacs_that_breaks_off_is_a_problem_and_what_came_counts() -> None:
    def break_off(transfer: Transfer) -> None:
        take(transfer, b"", US_IMAGE, "1", EXPLICIT_VR_LE)
        raise PeerUnavailable("the PACS went away")

    outcome = fetch(FakeArchive(instances("1", "2"), break_off))
    assert (set(outcome.received), set(outcome.missing)) == ({"1"}, {"2"})
    assert outcome.problems == ("the PACS went away",)


def test_receiver_that_is_away_is_named_and_not_the_pacs() -> None:
    def away(_uid: str) -> int:
        raise OutOfSpace("make room")

    outcome = fetch(FakeArchive(instances("1")), ScriptedReceiver(away))
    assert outcome.problems == ("handing on to Preread stopped: make room",)


def moved(transfer: Transfer) -> None:
    transfer.destination = "PREREAD"
    transfer.refuse("2", "not sent")


def test_move_counts_what_is_here_and_not_what_the_pacs_says() -> None:
    outcome = fetch(FakeArchive(instances("1", "2"), moved), arrived={"1", "2", "7"})
    assert outcome.is_complete and outcome.received == {"1", "2"}


def test_move_to_somebody_else_is_told_from_what_is_missing() -> None:
    outcome = fetch(FakeArchive(instances("1", "2"), moved), arrived=())
    assert "PREREAD has the host and port" in outcome.problems[0]
    assert (set(outcome.missing), outcome.refused) == ({"1"}, {"2": "not sent"})
