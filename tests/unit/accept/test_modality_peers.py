"""pynetdicom as the modality: procedure steps, and commitment on the same and on a new association."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from service.accept.commitment.scu import CommitmentSCU
from service.config import AcceptSettings
from service.errors import ConfigurationError
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE, us_dataset
from tests.fakes.modality import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    MPPS,
    STEP,
    STUDY,
    TRANSACTION,
    commitment_request,
    step_begins,
    step_ends,
)
from tests.fakes.peer import BadServer
from tests.servers.certificates import Hospital
from tests.unit.accept import doubles
from tests.unit.accept.commitment_desk import CommitmentDesk
from tests.unit.accept.doubles import wait_for


class Modality:
    """An AE that asks, and hears reports on its associations and on a port of its own."""

    def __init__(self, status: int = 0x0000) -> None:
        self.heard: list[tuple[int, Dataset]] = []
        self.status = status
        self.was_told = threading.Event()

    def hear(self, event: Any) -> tuple[int, None]:
        self.heard.append((event.event_type, event.event_information))
        self.was_told.set()
        return self.status, None

    def associate(self, port: int) -> Any:
        ae = AE("US1")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
        ae.add_requested_context(MPPS, [IMPLICIT_VR_LE])
        ae.add_requested_context(COMMITMENT, [EXPLICIT_VR_LE])
        ae.add_requested_context(US_IMAGE, [EXPLICIT_VR_LE])
        handlers = [
            (evt.EVT_N_EVENT_REPORT, self.hear),
            (evt.EVT_CONN_OPEN, lambda event: doubles._clients.append(event.assoc.dul.socket.socket)),
        ]
        assoc = ae.associate("127.0.0.1", port, ae_title="PREREAD", evt_handlers=handlers)
        assert assoc.is_established
        return assoc

    def ask(self, assoc: Any, *instances: str) -> int:
        request = commitment_request((US_IMAGE, uid) for uid in instances)
        answer, _ = assoc.send_n_action(request, 1, COMMITMENT, COMMITMENT_INSTANCE)
        return int(answer.Status)

    @contextmanager
    def listening(self, *, accepts_role: bool = True, tls: ssl.SSLContext | None = None) -> Iterator[int]:
        """Its port."""
        ae = AE("US1")
        ae.add_supported_context(COMMITMENT, scu_role=True, scp_role=accepts_role)
        server = ae.start_server(
            ("127.0.0.1", 0),
            block=False,
            evt_handlers=[(evt.EVT_N_EVENT_REPORT, self.hear)],
            ssl_context=tls,
        )
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.server_close()


@pytest.fixture(params=["own", "pynetdicom"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path, receiver=request.param)
    yield desk
    desk.ledger.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path, receiver="own", network_timeout_s=20)
    yield desk
    desk.ledger.close()


def scu(port: int, tls: dict[str, Any] | None = None) -> CommitmentSCU:
    peers = ({"ae_title": "US1", "host": "127.0.0.1", "port": port, "tls": tls},)
    return CommitmentSCU(AcceptSettings.model_validate({"commitment_peers": peers, "network_timeout_s": 20}))


def test_step_begins_and_ends(desk: CommitmentDesk) -> None:
    with desk.listening() as scp:
        assoc = Modality().associate(scp.port)
        created, _ = assoc.send_n_create(step_begins(), MPPS, STEP)
        changed, _ = assoc.send_n_set(step_ends(["1.5.1"]), MPPS, STEP)
        late, _ = assoc.send_n_set(step_ends(["1.5.2"]), MPPS, STEP)
        again, _ = assoc.send_n_create(step_begins(), MPPS, STEP)
        assoc.release()
    with desk.ledger.read() as tx:
        (step,) = tx.procedure_steps.of_study(STUDY)
    assert (step.status, step.instance_uids, step.calling_ae_title) == ("COMPLETED", ("1.5.1",), "US1")
    assert [created.Status, changed.Status, late.Status, again.Status] == [0x0000, 0x0000, 0x0110, 0x0111]
    assert late.ErrorID == 0xA710
    assert "no longer be updated" in late.ErrorComment


def test_step_without_a_uid_gets_one(desk: CommitmentDesk) -> None:
    with desk.listening() as scp:
        assoc = Modality().associate(scp.port)
        answer, _ = assoc.send_n_create(step_begins(), MPPS, None)
        assoc.release()
    with desk.ledger.read() as tx:
        (step,) = tx.procedure_steps.of_study(STUDY)
    assert answer.Status == 0x0000
    assert step.sop_instance_uid.startswith("2.25.")


def test_other_services_in_these_contexts_are_refused(own: CommitmentDesk) -> None:
    with own.listening() as scp:
        assoc = Modality().associate(scp.port)
        got, _ = assoc.send_n_get([], MPPS, STEP)
        deleted = assoc.send_n_delete(MPPS, STEP)
        assert assoc.send_n_create(step_begins(), MPPS, STEP)[0].Status == 0x0000
        assoc.release()
    assert (got.Status, deleted.Status) == (0x0211, 0x0211)


def test_report_comes_on_the_same_association_while_it_is_idle(own: CommitmentDesk) -> None:
    kept = own.keep()
    modality = Modality()
    with own.listening() as scp:
        assoc = modality.associate(scp.port)
        assert modality.ask(assoc, kept.sop_instance_uid) == 0x0000
        assert modality.was_told.wait(20)
        wait_for(lambda: own.commitments()[0].answered_at is not None)
        assert assoc.send_n_create(step_begins(), MPPS, STEP)[0].Status == 0x0000
        assoc.release()
    ((event_type, information),) = modality.heard
    assert (event_type, information.TransactionUID) == (1, TRANSACTION)
    assert information.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == kept.sop_instance_uid
    assert own.commitments()[0].reason == "reported 1 of 1 instances as committed"


def test_image_and_its_commitment_come_on_one_association(own: CommitmentDesk) -> None:
    image, modality = us_dataset(), Modality()
    with own.listening() as scp:
        assoc = modality.associate(scp.port)
        assert assoc.send_c_store(doubles._with_meta(image)).Status == 0x0000
        assert modality.ask(assoc, image.SOPInstanceUID) == 0x0000
        assert modality.was_told.wait(20)
        assoc.release()
    assert [event_type for event_type, _ in modality.heard] == [1]


def test_several_requests_are_reported_one_after_the_other(own: CommitmentDesk) -> None:
    kept = own.keep()
    modality = Modality()
    with own.listening() as scp:
        assoc = modality.associate(scp.port)
        assert modality.ask(assoc, kept.sop_instance_uid) == 0x0000
        assert modality.ask(assoc, kept.sop_instance_uid, "1.5.9") == 0x0000
        own.ahead = timedelta(seconds=10)
        wait_for(lambda: len(modality.heard) == 2)
        wait_for(lambda: all(one.answered_at for one in own.commitments()))
        assoc.release()
    assert [event_type for event_type, _ in modality.heard] == [1, 2]


def test_association_that_is_released_leaves_the_report_to_a_new_one(desk: CommitmentDesk) -> None:
    kept = desk.keep()
    modality = Modality()
    with desk.listening() as scp, modality.listening() as port:
        assoc = modality.associate(scp.port)
        assert modality.ask(assoc, kept.sop_instance_uid) == 0x0000
        assoc.release()
        reporter = desk.reporter(scu(port).send)
        wait_for(lambda: not desk.held.holds(1))
        desk.ahead = timedelta(seconds=2)
        reporter.turn()
    (commitment,) = desk.commitments()
    assert commitment.answered_at is not None
    assert [event_type for event_type, _ in modality.heard] == [1]
    assert modality.heard[0][1].TransactionUID == TRANSACTION


def test_failures_are_reported_on_a_new_association(own: CommitmentDesk) -> None:
    modality = Modality()
    with own.listening() as scp, modality.listening() as port:
        assoc = modality.associate(scp.port)
        assert modality.ask(assoc, "1.5.9") == 0x0000
        assoc.release()
        wait_for(lambda: not own.held.holds(1))
        own.ahead = timedelta(seconds=10)
        own.reporter(scu(port).send).turn()
    ((event_type, information),) = modality.heard
    (failed,) = information.FailedSOPSequence
    assert event_type == 2
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == ("1.5.9", 0x0112)


@pytest.mark.parametrize("trouble", ["unknown", "hangs up", "refuses the role", "answers a failure"])
def test_peer_that_cannot_be_told_is_named_with_what_to_do(own: CommitmentDesk, trouble: str) -> None:
    expected = {
        "unknown": "add its host and port to accept.commitment_peers",
        "hangs up": "cannot be reached",
        "refuses the role": "does not let us be the SCP",
        "answers a failure": "answered the report with 0x0110",
    }
    modality = Modality(status=0x0110)
    kept = own.keep()
    with modality.listening(accepts_role=trouble != "refuses the role") as port, own.listening() as scp:
        assoc = Modality().associate(scp.port)
        assert modality.ask(assoc, kept.sop_instance_uid) == 0x0000
        assoc.release()
        wait_for(lambda: not own.held.holds(1))
        own.ahead = timedelta(seconds=2)
        with BadServer(lambda connection: None) as hangs_up:
            known = scu(hangs_up.port if trouble == "hangs up" else port)
            send = CommitmentSCU(AcceptSettings()).send if trouble == "unknown" else known.send
            own.reporter(send).turn()
    (commitment,) = own.commitments()
    assert commitment.answered_at is None
    assert commitment.attempts == 1
    assert expected[trouble] in commitment.reason


def test_report_on_a_new_association_goes_over_tls_where_the_certificate_is_to_be_believed(
    own: CommitmentDesk, hospital: Hospital
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(hospital.pacs.certificate, hospital.pacs.key)
    modality, kept = Modality(), own.keep()
    with own.listening() as scp, modality.listening(tls=context) as port:
        assoc = modality.associate(scp.port)
        assert modality.ask(assoc, kept.sop_instance_uid) == 0x0000
        assoc.release()
        wait_for(lambda: not own.held.holds(1))
        own.ahead = timedelta(seconds=10)
        own.reporter(scu(port, {"ca": hospital.other_authority.certificate}).send).turn()
        (waiting,) = own.commitments()
        own.ahead = timedelta(hours=2)
        own.reporter(scu(port, {"ca": hospital.authority.certificate}).send).turn()
    assert "its certificate is not trusted" in waiting.reason
    assert "accept.commitment_peers.US1.tls.ca" in waiting.reason
    assert [event_type for event_type, _ in modality.heard] == [1]


def test_tls_of_a_peer_that_cannot_be_used_is_an_error_at_start() -> None:
    with pytest.raises(ConfigurationError, match=r"commitment_peers\.US1\.tls\.ca \(none\.pem\)"):
        scu(1, {"ca": "none.pem"})
