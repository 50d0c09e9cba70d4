"""DCMTK's storescp with TLS as the PACS: what arrives, and what is said where the two do not agree."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.config import ClientTLS, Destination, SendSettings
from service.errors import ConfigurationError, PeerUnavailable
from service.send.links import check_destination
from tests.fakes.peer import BadServer
from tests.servers.certificates import Credentials, Hospital
from tests.servers.dcmtk import Dcmtk
from tests.servers.process import ServerProcess, free_port
from tests.unit.send.pacs import SETTINGS, send_instances
from tests.unit.send.test_scu import outgoing, silent

# pynetdicom leaves closing a socket that never connected to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)


@contextmanager
def storescp(dcmtk: Dcmtk, folder: Path, *options: str) -> Iterator[int]:
    """Its port; what it receives is in `folder`."""
    port = free_port()
    command = [str(dcmtk.path("storescp")), *options, "-od", str(folder), str(port)]
    server = ServerProcess(command, folder / "storescp.log")
    try:
        server.wait_for_port(port)
        yield port
    finally:
        server.stop()


def speaks_tls(hospital: Hospital, own: Credentials, *options: str) -> list[str]:
    return ["+tls", str(own.key), str(own.certificate), "+cf", str(hospital.authority.certificate), *options]


def mutual(hospital: Hospital, **values: Any) -> dict[str, Any]:
    own = hospital.service
    return {"ca": hospital.authority.certificate, "certificate": own.certificate, "key": own.key} | values


def destination(port: int, tls: dict[str, Any] | None, host: str = "127.0.0.1") -> Destination:
    given = ClientTLS(**tls) if tls is not None else None
    return Destination(name="archive", host=host, port=port, ae_title="ARCHIVE", tls=given)


def failure(peer: Destination, settings: SendSettings = SETTINGS) -> str:
    with pytest.raises(PeerUnavailable) as caught:
        send_instances(peer, [outgoing()], settings)
    assert f"archive ({peer.host} port {peer.port}" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("profile", ["--profile-bcp195-nd", "--profile-bcp195", "--profile-bcp195-ex"])
def test_objects_are_sent_over_mutual_tls_in_every_profile_of_bcp_195(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path, profile: str
) -> None:
    objects = [outgoing(PixelData=bytes(400_000)) for _ in range(3)]
    with storescp(dcmtk, tmp_path, *speaks_tls(hospital, hospital.pacs, profile)) as port:
        sent = send_instances(destination(port, mutual(hospital)), objects, SETTINGS)
    assert [one.accepted for one in sent] == [True] * 3
    assert len(list(tmp_path.glob("US*"))) == 3


def test_peer_that_asks_for_no_certificate_gets_none(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    tls = {"ca": hospital.authority.certificate, "minimum_version": "1.3"}
    with storescp(dcmtk, tmp_path, *speaks_tls(hospital, hospital.pacs, "-ic")) as port:
        peer = destination(port, tls, host="localhost")
        assert send_instances(peer, [outgoing()], SETTINGS)[0].accepted


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        (
            "pacs",
            "other_authority",
            "is not trusted (self-signed certificate in certificate chain): name in ",
        ),
        ("expired_pacs", "authority", "its certificate has expired"),
        ("scanner", "authority", "its certificate is for another address: give as host a name"),
    ],
)
def test_certificate_that_is_not_to_be_believed_is_unavailable_and_the_message_says_why(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path, theirs: str, ours: str, words: str
) -> None:
    tls = mutual(hospital, ca=getattr(hospital, ours).certificate)
    with storescp(dcmtk, tmp_path, *speaks_tls(hospital, getattr(hospital, theirs))) as port:
        assert words in failure(destination(port, tls))


def test_name_in_the_certificate_is_not_looked_at_where_that_is_switched_off(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    tls = mutual(hospital, check_host_name=False)
    with storescp(dcmtk, tmp_path, *speaks_tls(hospital, hospital.scanner)) as port:
        assert send_instances(destination(port, tls), [outgoing()], SETTINGS)[0].accepted


@pytest.mark.parametrize("who", ["nobody", "stranger", "expired"])
def test_peer_that_does_not_believe_us_is_unavailable_and_the_message_says_so(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path, who: str
) -> None:
    tls: dict[str, Any] = {"ca": hospital.authority.certificate}
    if who != "nobody":
        own = getattr(hospital, who)
        tls |= {"certificate": own.certificate, "key": own.key}
    with storescp(dcmtk, tmp_path, *speaks_tls(hospital, hospital.pacs)) as port:
        words = failure(destination(port, tls))
    assert "it ended the handshake (" in words
    assert "look at destinations.archive.tls.certificate" in words


def test_peer_without_tls_is_unavailable_and_nothing_is_sent_in_the_clear(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    impatient = SendSettings(connect_timeout_s=2.0, dimse_timeout_s=2.0)
    with storescp(dcmtk, tmp_path) as port:
        words = failure(destination(port, mutual(hospital)), impatient)
    assert "TLS" in words and "take destinations.archive.tls away" in words
    assert list(tmp_path.glob("US*")) == []


def hangs_up(connection: socket.socket) -> None:
    connection.recv(65536)


def speaks_http(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (silent, "did not finish the TLS handshake in time"),
        (hangs_up, "does not speak TLS here"),
        (speaks_http, "does not speak TLS here (WRONG_VERSION_NUMBER)"),
    ],
)
def test_peer_that_is_no_pacs_with_tls_is_unavailable(hospital: Hospital, script: Any, words: str) -> None:
    impatient = SendSettings(connect_timeout_s=1.0, dimse_timeout_s=1.0)
    with BadServer(script) as peer:
        assert words in failure(destination(peer.port, mutual(hospital)), impatient)


def test_peer_that_speaks_an_older_version_only_is_unavailable(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    tls = mutual(hospital, minimum_version="1.3")
    with storescp(dcmtk, tmp_path, *speaks_tls(hospital, hospital.pacs, "--profile-aes")) as port:
        assert "no version of TLS from destinations.archive.tls.minimum_version" in failure(
            destination(port, tls)
        )


def test_peer_that_is_down_is_said_to_be_away_and_not_to_lack_tls(hospital: Hospital) -> None:
    words = failure(destination(free_port(), mutual(hospital)))
    assert "check host and port, that a DICOM service with TLS listens there" in words


def test_peer_that_wants_tls_and_gets_none_is_unavailable(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    with storescp(dcmtk, tmp_path, *speaks_tls(hospital, hospital.pacs)) as port:
        assert "a DICOM service without TLS listens there" in failure(destination(port, None))


def test_files_that_cannot_be_used_are_an_error_at_start_and_a_delay_later(
    hospital: Hospital, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    peer = destination(free_port(), mutual(hospital, ca=tmp_path / "ca.pem"))
    with pytest.raises(
        ConfigurationError, match=r"destinations\.archive\.tls\.ca \(.*ca\.pem\) cannot be used"
    ):
        check_destination(peer)
    assert "destinations.archive.tls.ca" in failure(peer)


def test_new_files_are_used_from_the_next_association_on(
    hospital: Hospital, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(hospital.other_authority.certificate.read_bytes())
    with storescp(dcmtk, tmp_path, *speaks_tls(hospital, hospital.pacs)) as port:
        peer = destination(port, mutual(hospital, ca=ca))
        assert "is not trusted" in failure(peer)
        ca.write_bytes(hospital.authority.certificate.read_bytes())
        assert send_instances(peer, [outgoing()], SETTINGS)[0].accepted
