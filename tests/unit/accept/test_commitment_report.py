"""pynetdicom as the PACS that reports storage commitment on an association of its own, as SCP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt

from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.study.state import StudyState
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE
from tests.fakes.modality import COMMITMENT, COMMITMENT_INSTANCE, dataset_of, references
from tests.unit.accept import doubles
from tests.unit.accept.commitment_desk import CommitmentDesk
from tests.unit.outgoing_study import (
    HEATMAP,
    SC_CLASS,
    SR,
    SR_CLASS,
    TRANSACTION,
    ask_for_commitment,
    deliveries_in,
    report_study,
    study_in,
)

BOTH = ((SC_CLASS, HEATMAP), (SR_CLASS, SR))
Pairs = Sequence[tuple[str, str]]


@pytest.fixture(params=["own", "pynetdicom"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path, receiver=request.param)
    report_study(desk.ledger, desk.store)
    ask_for_commitment(desk.ledger)
    yield desk
    desk.ledger.close()


def report(
    committed: Pairs = (), failed: Pairs = (), reason: int = 0x0112, transaction_uid: str | None = TRANSACTION
) -> Dataset:
    failures = references(failed)
    for item in failures:
        item.FailureReason = reason
    named = references(committed)
    return dataset_of(
        {
            "TransactionUID": transaction_uid,
            "ReferencedSOPSequence": named or None,
            "FailedSOPSequence": failures or None,
        }
    )


@contextmanager
def association(desk: CommitmentDesk, roles: Sequence[Any] | None = None) -> Iterator[Any]:
    ae = AE("PACS")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    ae.add_requested_context(COMMITMENT, [EXPLICIT_VR_LE, IMPLICIT_VR_LE])
    opened = [(evt.EVT_CONN_OPEN, lambda event: doubles._clients.append(event.assoc.dul.socket.socket))]
    roles = [build_role(COMMITMENT, scp_role=True)] if roles is None else roles
    with desk.listening() as scp:
        assoc = ae.associate(
            "127.0.0.1", scp.port, ae_title="PREREAD", ext_neg=list(roles), evt_handlers=opened
        )
        assert assoc.is_established
        yield assoc
        assoc.release()


def tell(desk: CommitmentDesk, ds: Dataset, event_type: int = 1, uid: str = COMMITMENT_INSTANCE) -> int:
    with association(desk) as assoc:
        (context,) = assoc.accepted_contexts
        assert (context.as_scu, context.as_scp) == (False, True)
        answer, _ = assoc.send_n_event_report(ds, event_type, COMMITMENT, uid)
    return int(answer.Status)


def test_study_is_delivered_when_the_last_object_is_committed(desk: CommitmentDesk) -> None:
    assert tell(desk, report(BOTH)) == 0x0000
    assert {one.proof for one in deliveries_in(desk.ledger).values()} == {Proof.COMMITMENT}
    study = study_in(desk.ledger)
    assert study.state is StudyState.DELIVERED
    assert study.reason == "2 objects delivered to pacs (proof: storage commitment)"
    with desk.ledger.read() as tx:
        request = tx.commitment_requests.find(TRANSACTION)
    assert request is not None
    assert request.ended_at is not None
    assert request.reason == "reported 2 of 2 objects as committed"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (0x0110, "processing failure"),
        (0x0112, "does not have the object"),
        (0x0119, "another SOP Class"),
        (0x0122, "does not keep this SOP Class"),
        (0x0131, "has seen this Transaction UID"),
        (0x0213, "out of resources"),
        (0x9999, "its log says why"),
    ],
)
def test_object_that_is_not_committed_waits_again_with_the_reason(
    desk: CommitmentDesk, reason: int, words: str
) -> None:
    assert tell(desk, report(BOTH[:1], BOTH[1:], reason), event_type=2) == 0x0000
    deliveries = deliveries_in(desk.ledger)
    assert deliveries[HEATMAP].state is DeliveryState.DELIVERED
    assert deliveries[SR].state is DeliveryState.WAITING
    assert words in deliveries[SR].detail and f"0x{reason:04X}" in deliveries[SR].detail
    assert study_in(desk.ledger).state is StudyState.REPORTED


def test_report_that_comes_twice_changes_nothing(desk: CommitmentDesk) -> None:
    assert [tell(desk, report(BOTH)), tell(desk, report((), BOTH), event_type=2)] == [0, 0]
    assert {one.proof for one in deliveries_in(desk.ledger).values()} == {Proof.COMMITMENT}


def test_objects_that_were_not_asked_about_are_left_alone(desk: CommitmentDesk) -> None:
    assert tell(desk, report([(SC_CLASS, HEATMAP), (SC_CLASS, "1.5.9")])) == 0x0000
    assert deliveries_in(desk.ledger)[SR].state is DeliveryState.SENT


@pytest.mark.parametrize(
    ("ds", "event_type", "uid", "status"),
    [
        (report(BOTH, transaction_uid="2.25.1"), 1, COMMITMENT_INSTANCE, 0x0115),
        (report(BOTH, transaction_uid=None), 1, COMMITMENT_INSTANCE, 0x0115),
        (report([("", HEATMAP)]), 1, COMMITMENT_INSTANCE, 0x0115),
        (report(BOTH), 3, COMMITMENT_INSTANCE, 0x0113),
        (report(BOTH), 1, "1.2.3", 0x0112),
    ],
    ids=["unknown transaction", "no transaction", "no class", "unknown event", "other instance"],
)
def test_report_that_says_nothing_useful_is_refused(
    desk: CommitmentDesk, ds: Dataset, event_type: int, uid: str, status: int
) -> None:
    assert tell(desk, ds, event_type, uid) == status
    assert {one.state for one in deliveries_in(desk.ledger).values()} == {DeliveryState.SENT}


@pytest.mark.parametrize(("scu", "scp"), [(True, True), (False, True), (True, False)])
def test_roles_are_agreed_as_proposed(desk: CommitmentDesk, scu: bool, scp: bool) -> None:
    with association(desk, [build_role(COMMITMENT, scu_role=scu, scp_role=scp)]) as assoc:
        (context,) = assoc.accepted_contexts
        assert (context.as_scu, context.as_scp) == (scu, scp)


def test_pacs_without_role_selection_is_heard_all_the_same(desk: CommitmentDesk) -> None:
    with association(desk, []) as assoc:
        (context,) = assoc.accepted_contexts
        context._as_scp = True  # it does not know better, and pynetdicom would not send
        answer, _ = assoc.send_n_event_report(report(BOTH), 1, COMMITMENT, COMMITMENT_INSTANCE)
    assert answer.Status == 0x0000
    assert study_in(desk.ledger).state is StudyState.DELIVERED
