"""The SCU against a pynetdicom PACS and peers that misbehave."""

import socket
import threading
from typing import Any

import pytest

from service.config import SendSettings
from service.errors import PeerUnavailable
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE, part10, us_dataset
from tests.fakes.peer import BadServer, pdu
from tests.servers.process import free_port
from tests.unit.send.pacs import SETTINGS, OutgoingObject, destination, running_pacs, send_instances

# pynetdicom leaves closing a socket that never connected to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
BOTH = {US_IMAGE: [EXPLICIT_VR_LE, IMPLICIT_VR_LE], SECONDARY_CAPTURE: [EXPLICIT_VR_LE]}


def outgoing(**attributes: Any) -> OutgoingObject:
    dataset = us_dataset(**attributes)
    return OutgoingObject(dataset.SOPClassUID, dataset.SOPInstanceUID, part10(dataset))


def test_objects_arrive_over_one_association_with_exactly_the_contexts_needed() -> None:
    objects = [outgoing(), outgoing(SOPClassUID=SECONDARY_CAPTURE), outgoing()]
    with running_pacs(BOTH) as pacs:
        sent = send_instances(pacs.destination, objects, SETTINGS)
    assert [one.accepted for one in sent] == [True] * 3
    assert [one.sop_instance_uid for one in sent] == [one.sop_instance_uid for one in objects]
    assert [str(dataset.SOPInstanceUID) for dataset in pacs.datasets] == [
        one.sop_instance_uid for one in objects
    ]
    syntaxes = [EXPLICIT_VR_LE, IMPLICIT_VR_LE]
    assert pacs.associations == [[(US_IMAGE, syntaxes), (SECONDARY_CAPTURE, syntaxes)]]


def test_pacs_that_knows_implicit_vr_only_gets_implicit_vr() -> None:
    dataset = us_dataset()
    one = OutgoingObject(US_IMAGE, dataset.SOPInstanceUID, part10(dataset))
    with running_pacs({US_IMAGE: [IMPLICIT_VR_LE]}) as pacs:
        assert send_instances(pacs.destination, [one], SETTINGS)[0].accepted
    assert pacs.transfer_syntaxes == [IMPLICIT_VR_LE]
    assert pacs.datasets[0].PixelData == dataset.PixelData
    assert pacs.datasets[0].PatientName == dataset.PatientName


def test_class_that_the_pacs_does_not_take_is_rejected_and_the_others_arrive() -> None:
    with running_pacs({US_IMAGE: [EXPLICIT_VR_LE]}) as pacs:
        taken, refused = send_instances(
            pacs.destination, [outgoing(), outgoing(SOPClassUID=SECONDARY_CAPTURE)], SETTINGS
        )
    assert (taken.accepted, refused.accepted, refused.retryable) == (True, False, False)
    assert refused.detail == "the PACS does not take SOP class Secondary Capture Image Storage"


def test_pacs_that_takes_none_of_the_classes_rejects_each_object() -> None:
    with running_pacs({"1.2.840.10008.1.1": [IMPLICIT_VR_LE]}) as pacs:
        sent = send_instances(pacs.destination, [outgoing(), outgoing()], SETTINGS)
    assert [(one.accepted, one.retryable, one.status) for one in sent] == [(False, False, 0x0122)] * 2


@pytest.mark.parametrize(
    ("status", "accepted", "retryable"),
    [(0xB000, True, False), (0xA700, False, True), (0xC000, False, False)],
)
def test_status_of_each_object_is_reported(status: int, accepted: bool, retryable: bool) -> None:
    answers = iter([status, 0x0000])
    with running_pacs(BOTH, lambda _event: next(answers)) as pacs:
        first, second = send_instances(pacs.destination, [outgoing(), outgoing()], SETTINGS)
    assert (first.status, first.accepted, first.retryable) == (status, accepted, retryable)
    assert second.accepted


def test_pacs_that_is_down_is_unavailable_and_the_message_says_what_to_check() -> None:
    port = free_port()
    with pytest.raises(PeerUnavailable) as caught:
        send_instances(destination(port), [outgoing()], SETTINGS)
    for part in ("127.0.0.1", str(port), "ARCHIVE", "PREREAD", "check host and port"):
        assert part in str(caught.value)


def test_host_that_does_not_exist_is_unavailable() -> None:
    with pytest.raises(PeerUnavailable, match="check"):
        send_instances(destination(104, host="pacs.invalid"), [outgoing()], SETTINGS)


def test_rejected_association_is_unavailable_and_the_message_gives_the_reason() -> None:
    with running_pacs(BOTH, require_calling_aet=["OTHER"]) as pacs, pytest.raises(PeerUnavailable) as caught:
        send_instances(pacs.destination, [outgoing()], SETTINGS)
    assert "knows our AE title PREREAD" in str(caught.value)
    assert "alling AE title not recognised" in str(caught.value)


def test_association_that_is_aborted_in_a_store_is_unavailable() -> None:
    def abort(event: Any) -> int:
        event.assoc.abort()
        return 0x0000

    with running_pacs(BOTH, abort) as pacs, pytest.raises(PeerUnavailable, match="ended the association"):
        send_instances(pacs.destination, [outgoing(), outgoing()], SETTINGS)


def test_pacs_that_does_not_answer_a_store_is_unavailable() -> None:
    over = threading.Event()
    impatient = SendSettings(connect_timeout_s=5.0, dimse_timeout_s=0.5)
    with running_pacs(BOTH, lambda _event: int(over.wait(20)) and 0x0000) as pacs:
        with pytest.raises(PeerUnavailable, match="did not answer within"):
            send_instances(pacs.destination, [outgoing()], impatient)
        over.set()


def silent(connection: socket.socket) -> None:
    connection.settimeout(5)
    while connection.recv(65536):
        pass


def web_server(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hangs_up(_connection: socket.socket) -> None:
    pass


def aborts(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(pdu(0x07, b"\0\0\0\0"))


def half_an_answer(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(pdu(0x02, b"\0" * 10, length=200))
    silent(connection)


@pytest.mark.parametrize("script", [silent, web_server, hangs_up, aborts, half_an_answer])
def test_peer_that_is_no_pacs_is_unavailable(script: Any) -> None:
    impatient = SendSettings(connect_timeout_s=1.0, dimse_timeout_s=1.0)
    with BadServer(script) as peer, pytest.raises(PeerUnavailable, match="check host and port"):
        send_instances(destination(peer.port), [outgoing()], impatient)
