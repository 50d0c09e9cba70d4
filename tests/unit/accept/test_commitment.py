from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from service.accept.association.answer import Answer
from service.accept.association.command import Command
from service.accept.association.event_reports import OwedReport
from service.accept.association.negotiation import Context
from tests.fakes.datasets import IMPLICIT_VR_LE, US_IMAGE, encoded
from tests.fakes.modality import COMMITMENT, COMMITMENT_INSTANCE, N_ACTION, TRANSACTION, commitment_request
from tests.unit.accept.commitment_desk import CommitmentDesk

CONTEXT = Context(1, COMMITMENT, IMPLICIT_VR_LE)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path)
    yield desk
    desk.ledger.close()


def ask(
    desk: CommitmentDesk,
    dataset: Dataset | bytes,
    owed: list[OwedReport] | None = None,
    uid: str = COMMITMENT_INSTANCE,
    action_type_id: int | None = 1,
) -> Answer:
    data = dataset if isinstance(dataset, bytes) else encoded(dataset, IMPLICIT_VR_LE)
    command = Command(N_ACTION, 1, bool(data), COMMITMENT, uid, action_type_id)
    return desk.services.answer(command, CONTEXT, data, "US1", None if owed is None else owed.append)


def test_request_is_in_the_ledger_when_it_is_answered(desk: CommitmentDesk) -> None:
    assert ask(desk, commitment_request([(US_IMAGE, "1.5.1"), (US_IMAGE, "1.5.2")])).status == 0x0000
    (commitment,) = desk.commitments()
    assert (commitment.transaction_uid, commitment.calling_ae_title) == (TRANSACTION, "US1")
    assert [one.sop_instance_uid for one in commitment.references] == ["1.5.1", "1.5.2"]
    assert (commitment.answered_at, commitment.attempts) == (None, 0)


@pytest.mark.parametrize(
    ("dataset", "status"),
    [
        (b"", 0x0115),
        (commitment_request([(US_IMAGE, "1.5.1")], transaction_uid=None), 0x0115),
        (commitment_request([]), 0x0115),
        (commitment_request([("", "1.5.1")]), 0x0115),
        (commitment_request([(US_IMAGE, "")]), 0x0115),
        (encoded(commitment_request([(US_IMAGE, "1.5.1")]), IMPLICIT_VR_LE)[:-2], 0x0110),
        (bytes(2**20 + 1), 0x0213),
    ],
    ids=["no dataset", "no transaction", "no references", "no class", "no instance", "cut off", "too long"],
)
def test_request_that_says_nothing_useful_is_refused(
    desk: CommitmentDesk, dataset: Dataset | bytes, status: int
) -> None:
    assert ask(desk, dataset).status == status
    assert desk.commitments() == []


def test_other_instance_and_other_actions_are_refused(desk: CommitmentDesk) -> None:
    request = commitment_request([(US_IMAGE, "1.5.1")])
    assert ask(desk, request, uid="1.2.3").status == 0x0112
    assert ask(desk, request, action_type_id=2).status == 0x0123
    assert ask(desk, request, action_type_id=None).status == 0x0123
    assert desk.commitments() == []


def test_all_that_is_kept_is_reported_as_committed(desk: CommitmentDesk) -> None:
    one, two = desk.keep(), desk.keep()
    owed: list[OwedReport] = []
    ask(desk, commitment_request((i.sop_class_uid, i.sop_instance_uid) for i in (one, two)), owed)
    report = owed[0].report()
    assert report is not None
    assert (report.event_type_id, report.information.TransactionUID) == (1, TRANSACTION)
    named = [item.ReferencedSOPInstanceUID for item in report.information.ReferencedSOPSequence]
    assert named == [one.sop_instance_uid, two.sop_instance_uid]
    assert "FailedSOPSequence" not in report.information


def test_each_failure_has_its_reason_after_the_grace(desk: CommitmentDesk) -> None:
    kept, other, lost = desk.keep(), desk.keep(), desk.keep()
    desk.store.delete(lost.key)
    asked = [(US_IMAGE, kept.sop_instance_uid), ("1.2.3", other.sop_instance_uid)]
    asked += [(US_IMAGE, lost.sop_instance_uid), (US_IMAGE, "1.5.9")]
    owed: list[OwedReport] = []
    ask(desk, commitment_request(asked), owed)
    assert owed[0].report() is None  # an instance may be on its way into the ledger
    desk.ahead = timedelta(seconds=10)
    report = owed[0].report()
    assert report is not None
    failed = {
        item.ReferencedSOPInstanceUID: item.FailureReason for item in report.information.FailedSOPSequence
    }
    assert report.event_type_id == 2
    assert failed == {other.sop_instance_uid: 0x0119, lost.sop_instance_uid: 0x0112, "1.5.9": 0x0112}
    assert [i.ReferencedSOPInstanceUID for i in report.information.ReferencedSOPSequence] == [
        kept.sop_instance_uid
    ]


def test_instance_that_comes_within_the_grace_is_committed(desk: CommitmentDesk) -> None:
    owed: list[OwedReport] = []
    ask(desk, commitment_request([(US_IMAGE, "1.5.1")]), owed)
    assert owed[0].report() is None
    desk.keep(sop_instance_uid="1.5.1")
    report = owed[0].report()
    assert report is not None
    assert report.event_type_id == 1


def test_answer_of_the_peer_ends_the_request(desk: CommitmentDesk) -> None:
    owed = reported(desk)
    owed.answered(0x0000)
    (commitment,) = desk.commitments()
    assert commitment.answered_at is not None
    assert (commitment.attempts, commitment.reason) == (1, "reported 1 of 1 instances as committed")


@pytest.mark.parametrize("ending", ["failure", "lost"])
def test_report_without_success_is_left_to_a_new_association(desk: CommitmentDesk, ending: str) -> None:
    owed = reported(desk)
    assert desk.held.holds(1)
    if ending == "failure":
        owed.answered(0x0110)
    else:
        owed.lost()
    (commitment,) = desk.commitments()
    assert not desk.held.holds(1)
    assert (commitment.answered_at, commitment.attempts) == (None, 1)
    assert ("0x0110" if ending == "failure" else "association ended") in commitment.reason


def reported(desk: CommitmentDesk) -> OwedReport:
    """A request whose report was just sent."""
    instance = desk.keep()
    owed: list[OwedReport] = []
    ask(desk, commitment_request([(US_IMAGE, instance.sop_instance_uid)]), owed)
    assert owed[0].report() is not None
    return owed[0]
