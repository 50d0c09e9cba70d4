"""The sender on real associations, against a PACS on pynetdicom that confirms in its own way."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from service.config import SendSettings
from service.errors import NotConfirmed, PeerAborted
from service.net.enter_commitment import enter_report
from service.send.links import Links
from service.send.sender import Sender
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.study.state import StudyState
from tests.fakes.modality import COMMITMENT
from tests.unit.accept.commitment_desk import CommitmentDesk
from tests.unit.outgoing_study import (
    HEATMAP,
    REQUEST,
    SC_CLASS,
    SR,
    SR_CLASS,
    deliveries_in,
    report_study,
    study_in,
)
from tests.unit.send.scripted_pacs import FIND, ScriptedPacs, listening

# pynetdicom leaves closing a socket to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path)
    report_study(desk.ledger, desk.store)
    yield desk
    desk.ledger.close()


@contextmanager
def sending(desk: CommitmentDesk, pacs: ScriptedPacs, **settings: Any) -> Iterator[Sender]:
    destination = pacs.destination(**settings)
    send = SendSettings(connect_timeout_s=10, dimse_timeout_s=10, keep_open_s=5)
    links = Links([destination], send, partial(enter_report, desk.ledger))
    try:
        yield Sender(desk.ledger, desk.store, {"pacs": destination}, links.open, wait_s=2.0)
    finally:
        links.close()


def proofs(desk: CommitmentDesk) -> set[Proof]:
    return {one.proof for one in deliveries_in(desk.ledger).values()}


def details(desk: CommitmentDesk) -> str:
    return "|".join(one.detail for one in deliveries_in(desk.ledger).values())


def test_report_on_the_same_association_delivers_the_study(desk: CommitmentDesk) -> None:
    with listening(ScriptedPacs()) as pacs, sending(desk, pacs) as sender:
        sender.handle(REQUEST)
    assert study_in(desk.ledger).state is StudyState.DELIVERED
    assert proofs(desk) == {Proof.COMMITMENT}
    assert pacs.answers == [0x0000]
    assert pacs.associations == [[SC_CLASS, SR_CLASS, COMMITMENT, FIND]]
    assert pacs.found == []


def test_report_on_a_new_association_delivers_the_study(desk: CommitmentDesk) -> None:
    with (
        desk.listening() as scp,
        listening(ScriptedPacs(reports_to=scp.port)) as pacs,
        sending(desk, pacs) as sender,
    ):
        sender.handle(REQUEST)
    assert study_in(desk.ledger).state is StudyState.DELIVERED
    assert proofs(desk) == {Proof.COMMITMENT}
    assert pacs.answers == [0x0000]


@pytest.mark.parametrize("on_new_association", [False, True])
def test_object_that_the_pacs_forgets_is_sent_again(desk: CommitmentDesk, on_new_association: bool) -> None:
    with desk.listening() as scp:
        pacs = ScriptedPacs(forgets={SR}, reports_to=scp.port if on_new_association else 0)
        with listening(pacs), sending(desk, pacs) as sender:
            with pytest.raises(NotConfirmed, match="gets it again: it does not have the object"):
                sender.handle(REQUEST)
            assert deliveries_in(desk.ledger)[HEATMAP].state is DeliveryState.DELIVERED
            sender.handle(REQUEST)
    assert pacs.stored == [HEATMAP, SR, SR]
    assert len(set(pacs.transactions)) == 2
    assert study_in(desk.ledger).state is StudyState.DELIVERED
    assert proofs(desk) == {Proof.COMMITMENT}


def test_report_that_does_not_come_is_waited_for(desk: CommitmentDesk) -> None:
    with listening(ScriptedPacs(reports_to=None)) as pacs, sending(desk, pacs) as sender:
        with pytest.raises(NotConfirmed, match="is waited for"):
            sender.handle(REQUEST)
        assert {one.state for one in deliveries_in(desk.ledger).values()} == {DeliveryState.SENT}
        with pytest.raises(NotConfirmed):
            sender.handle(REQUEST)
    assert len(pacs.associations) == len(pacs.transactions) == 1


@pytest.mark.parametrize(
    ("offers", "proof", "words"),
    [
        ((FIND,), Proof.QUERY, "found by C-FIND; the PACS does not accept the Storage Commitment"),
        ((), Proof.STORE_STATUS, "stored (status 0x0000); the PACS does not accept C-FIND (Study Root)"),
    ],
)
def test_next_proof_is_taken_where_the_pacs_does_not_offer_a_stronger_one(
    desk: CommitmentDesk, offers: tuple[str, ...], proof: Proof, words: str
) -> None:
    with listening(ScriptedPacs(offers)) as pacs, sending(desk, pacs) as sender:
        sender.handle(REQUEST)
    assert study_in(desk.ledger).state is StudyState.DELIVERED
    assert proofs(desk) == {proof}
    for word in words.split("; "):
        assert word in details(desk)


@pytest.mark.parametrize(
    ("script", "proof", "words"),
    [
        (
            {"action_status": 0x0110},
            Proof.QUERY,
            "refused the request for storage commitment (status 0x0110)",
        ),
        ({"hangs_up_on": COMMITMENT}, Proof.QUERY, "ended the association when it was asked (A-ABORT)"),
        (
            {"offers": (FIND,), "find_status": 0x0124},
            Proof.STORE_STATUS,
            "did not answer a C-FIND: we are not authorized",
        ),
        ({"offers": (FIND,), "hangs_up_on": FIND}, Proof.STORE_STATUS, "when it was asked (A-ABORT)"),
    ],
    ids=["N-ACTION refused", "N-ACTION aborted", "C-FIND refused", "C-FIND aborted"],
)
def test_refusal_leads_to_the_next_proof(
    desk: CommitmentDesk, script: dict[str, Any], proof: Proof, words: str
) -> None:
    with listening(ScriptedPacs(**script)) as pacs, sending(desk, pacs) as sender:
        if "hangs_up_on" in script:  # once, that may have been a PACS that was being stopped
            with pytest.raises(PeerAborted):
                sender.handle(REQUEST)
            assert study_in(desk.ledger).state is StudyState.REPORTED
        sender.handle(REQUEST)
    assert study_in(desk.ledger).state is StudyState.DELIVERED
    assert proofs(desk) == {proof}
    assert words in details(desk)


def test_named_proof_that_the_pacs_does_not_offer_is_not_weakened(desk: CommitmentDesk) -> None:
    with (
        listening(ScriptedPacs((FIND,))) as pacs,
        sending(desk, pacs, confirm="commitment") as sender,
        pytest.raises(NotConfirmed, match="does not accept the Storage Commitment Push Model"),
    ):
        sender.handle(REQUEST)
    study = study_in(desk.ledger)
    assert study.state is StudyState.REPORTED
    assert "does not accept the Storage Commitment Push Model" in study.reason
    assert pacs.associations[0] == [SC_CLASS, SR_CLASS, COMMITMENT]


def test_query_names_the_instance_within_its_study_and_series(desk: CommitmentDesk) -> None:
    with listening(ScriptedPacs()) as pacs, sending(desk, pacs, confirm="query") as sender:
        sender.handle(REQUEST)
    assert proofs(desk) == {Proof.QUERY}
    assert {str(one.SOPInstanceUID) for one in pacs.found} == {SR, HEATMAP}
    assert {(one.QueryRetrieveLevel, str(one.SeriesInstanceUID)) for one in pacs.found} == {("IMAGE", "1.4")}
    assert pacs.transactions == []


def test_another_preread_confirms_on_the_same_association(desk: CommitmentDesk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = CommitmentDesk(tmp_path / "other", extra_sop_classes=(SR_CLASS,), ae_title="ARCHIVE")
    with other.listening() as scp:
        started_at = time.monotonic()
        with sending(desk, ScriptedPacs(port=scp.port)) as sender:
            sender.handle(REQUEST)
        assert time.monotonic() - started_at < 5
    other.ledger.close()
    assert study_in(desk.ledger).state is StudyState.DELIVERED
    assert proofs(desk) == {Proof.COMMITMENT}
