"""The port with TLS: who is let in, who is not, and that nobody waits for a peer that is silent."""

import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from service.accept.scp import StorageSCP
from service.config.peers import TLSSettings
from tests.fakes.datasets import IMPLICIT_VR_LE, encoded, us_dataset
from tests.fakes.peer import (
    ABORT,
    ASSOCIATE_AC,
    P_DATA,
    RELEASE_RP,
    BadPeer,
    associate_rq,
    p_data,
    pdu,
    store_rq,
)
from tests.servers.certificates import Credentials, Hospital
from tests.unit.accept.doubles import Desk, send, wait_for

RELEASE = pdu(0x05, bytes(4))
SUCCESS = b"\0\0\0\x09\2\0\0\0\0\0"


def settings(hospital: Hospital, **values: Any) -> TLSSettings:
    files = {
        "certificate": hospital.service.certificate,
        "key": hospital.service.key,
        "ca": hospital.authority.certificate,
    }
    return TLSSettings(**files | values)


def client(hospital: Hospital, credentials: Credentials | None, **versions: Any) -> ssl.SSLContext:
    """A peer that trusts the hospital's authority and shows `credentials`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(hospital.authority.certificate)
    if credentials is not None:
        context.load_cert_chain(credentials.certificate, credentials.key)
    for name, version in versions.items():
        setattr(context, name, version)
    return context


@contextmanager
def listening(tls: TLSSettings, desk: Desk | None = None, **values: Any) -> Iterator[StorageSCP]:
    """An SCP with TLS on a free port, and without on another."""
    desk = desk or Desk(tls=tls, **values)
    scp = StorageSCP(desk.settings, desk.receiver, port=0, tls_port=0)
    scp.start()
    try:
        yield scp
    finally:
        scp.stop(grace_s=5.0)


def store(pixel_bytes: int = 0) -> bytes:
    """A C-STORE of an ultrasound image, PDU by PDU."""
    dataset = us_dataset(PixelData=bytes(pixel_bytes)) if pixel_bytes else us_dataset()
    data = encoded(dataset, IMPLICIT_VR_LE)
    starts = range(0, len(data), 100_000)
    pieces = [p_data(data[at : at + 100_000], command=False, last=at == starts[-1]) for at in starts]
    return p_data(store_rq(dataset.SOPInstanceUID), command=True, last=True) + b"".join(pieces)


def is_let_in(scp: StorageSCP, context: ssl.SSLContext) -> bool:
    try:
        with BadPeer(scp.tls_port, tls=context) as peer:
            return peer.associate() == ASSOCIATE_AC
    except (ssl.SSLError, ConnectionError):
        return False


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_instances_come_over_tls_and_over_plain_tcp_at_the_same_time(
    hospital: Hospital, version: ssl.TLSVersion
) -> None:
    desk = Desk(tls=settings(hospital))
    context = client(hospital, hospital.scanner, minimum_version=version, maximum_version=version)
    with listening(desk.settings.tls, desk) as scp, BadPeer(scp.tls_port, tls=context) as peer:
        assert peer.associate() == ASSOCIATE_AC
        assert send(scp, us_dataset()) == [0x0000]
        for pixel_bytes in (0, 3_000_000):
            peer.send(store(pixel_bytes))
            kind, answer = peer.receive_pdu()
            assert (kind, SUCCESS in answer) == (P_DATA, True)
    assert len(desk.ledger.instances) == 3
    assert max(instance.size_bytes for instance in desk.ledger.instances.values()) > 3_000_000


def test_whole_association_in_one_record_is_served(hospital: Hospital) -> None:
    with (
        listening(settings(hospital)) as scp,
        BadPeer(scp.tls_port, tls=client(hospital, hospital.scanner)) as peer,
    ):
        peer.send(associate_rq("PREREAD", "SCANNER") + store() * 3 + RELEASE)
        assert [peer.receive_pdu()[0] for _ in range(5)] == [ASSOCIATE_AC, P_DATA, P_DATA, P_DATA, RELEASE_RP]


def test_connection_is_closed_with_close_notify(hospital: Hospital) -> None:
    with (
        listening(settings(hospital)) as scp,
        BadPeer(scp.tls_port, tls=client(hospital, hospital.scanner)) as peer,
    ):
        peer.associate()
        peer.send(RELEASE)
        assert peer.receive_pdu()[0] == RELEASE_RP
        assert peer._socket.recv(10) == b""  # without close_notify it raises: ragged ends are not suppressed


@pytest.mark.parametrize("policy", ["required", "optional", "off"])
@pytest.mark.parametrize("who", ["scanner", "nobody", "stranger", "expired"])
def test_client_certificate_is_checked_as_configured(hospital: Hospital, policy: str, who: str) -> None:
    credentials = None if who == "nobody" else getattr(hospital, who)
    tls = settings(hospital, client_certificates=policy)
    with structlog.testing.capture_logs() as logs, listening(tls) as scp:
        let_in = is_let_in(scp, client(hospital, credentials))
        wait_for(lambda: scp.open_connections == 0)
    good = {"required": {"scanner"}, "optional": {"scanner", "nobody"}}
    assert let_in is (who in good.get(policy, {who}))
    reasons = [entry["reason"] for entry in logs if entry["event"] == "TLS handshake failed"]
    words = {
        "nobody": "shows no certificate",
        "stranger": "unable to get local issuer",
        "expired": "has expired",
    }
    assert len(reasons) == (not let_in)
    assert all(words[who] in reason for reason in reasons)


def test_peer_reads_why_it_is_turned_away(hospital: Hospital) -> None:
    with (
        listening(settings(hospital)) as scp,
        pytest.raises(ssl.SSLError, match="unknown ca"),
        BadPeer(scp.tls_port, tls=client(hospital, hospital.stranger)) as peer,
    ):
        peer.send(associate_rq("PREREAD", "SCANNER"))
        peer._socket.recv(10)


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ({"minimum_version": "1.3"}, {"maximum_version": ssl.TLSVersion.TLSv1_2}, "minimum_version"),
        (
            {},
            {"ciphers": "AES128-SHA256", "maximum_version": ssl.TLSVersion.TLSv1_2},
            "cipher suite of BCP 195",
        ),
        (
            {},
            {"ciphers": "DHE-RSA-AES128-SHA", "maximum_version": ssl.TLSVersion.TLSv1_2},
            "cipher suite of BCP",
        ),
    ],
)
def test_weak_protocols_are_refused(
    hospital: Hospital, ours: dict[str, Any], theirs: dict[str, Any], words: str
) -> None:
    ciphers = theirs.pop("ciphers", None)
    context = client(hospital, hospital.scanner, **theirs)
    if ciphers:
        context.set_ciphers(ciphers)
    with structlog.testing.capture_logs() as logs, listening(settings(hospital, **ours)) as scp:
        assert not is_let_in(scp, context)
        wait_for(lambda: scp.open_connections == 0)
    assert [words in entry["reason"] for entry in logs if entry["event"] == "TLS handshake failed"] == [True]


def test_silent_clients_keep_nobody_out_and_are_closed(hospital: Hospital) -> None:
    with listening(settings(hospital), network_timeout_s=1.0) as scp:
        silent = [socket.create_connection(("127.0.0.1", scp.tls_port), 20) for _ in range(5)]
        silent[0].sendall(b"\x16\x03\x01\x02\0\1")  # the beginning of a ClientHello
        assert is_let_in(scp, client(hospital, hospital.scanner))
        wait_for(lambda: scp.open_connections == 0)
        for connection in silent:
            with connection:
                assert connection.recv(10) == b""


def test_stop_does_not_wait_for_a_handshake(hospital: Hospital) -> None:
    with (
        listening(settings(hospital)) as scp,
        socket.create_connection(("127.0.0.1", scp.tls_port), 20) as peer,
    ):
        wait_for(lambda: scp.open_connections == 1)
        threads = threading.active_count()
        scp.stop(grace_s=60.0)
        assert peer.recv(10) == b""
        assert threading.active_count() < threads


def test_peer_without_tls_on_the_tls_port_and_the_other_way_round(hospital: Hospital) -> None:
    with structlog.testing.capture_logs() as logs, listening(settings(hospital)) as scp:
        with BadPeer(scp.tls_port) as peer:
            assert peer.associate() not in (ASSOCIATE_AC, ABORT)
        with pytest.raises(ssl.SSLError):
            BadPeer(scp.port, tls=client(hospital, hospital.scanner))
        wait_for(lambda: scp.open_connections == 0)
    (reason,) = [entry["reason"] for entry in logs if entry["event"] == "TLS handshake failed"]
    assert "does not speak TLS" in reason


def test_only_tls_leaves_the_other_port_closed(hospital: Hospital) -> None:
    with listening(settings(hospital, only=True)) as scp:
        assert scp.port == 0  # none was opened
        assert is_let_in(scp, client(hospital, hospital.scanner))


def test_new_certificate_is_used_from_the_next_connection_on(hospital: Hospital, tmp_path: Path) -> None:
    files = Credentials(tmp_path / "c.pem", tmp_path / "c.key")
    _install(hospital.service, files)
    tls = settings(hospital, certificate=files.certificate, key=files.key)
    with listening(tls) as scp:
        context = client(hospital, hospital.scanner)
        with BadPeer(scp.tls_port, tls=context) as before:
            _install(hospital.scanner, files)
            assert before.associate() == ASSOCIATE_AC
        assert _shown(scp, context) == _der(hospital.scanner)


def test_broken_new_certificate_keeps_the_old_one_and_says_so(hospital: Hospital, tmp_path: Path) -> None:
    files = Credentials(tmp_path / "c.pem", tmp_path / "c.key")
    _install(hospital.service, files)
    tls = settings(hospital, certificate=files.certificate, key=files.key)
    context = client(hospital, hospital.scanner)
    with structlog.testing.capture_logs() as logs, listening(tls) as scp:
        files.certificate.write_text("no certificate")
        assert [_shown(scp, context) for _ in range(3)] == [_der(hospital.service)] * 3
        shutil.copy(hospital.scanner.certificate, files.certificate)  # not that of the key
        assert _shown(scp, context) == _der(hospital.service)
        files.certificate.unlink()
        assert _shown(scp, context) == _der(hospital.service)
        _install(hospital.scanner, files)
        assert _shown(scp, context) == _der(hospital.scanner)
    errors = [entry["reason"] for entry in logs if entry["log_level"] == "error"]
    assert len(errors) == 3
    assert all("must be readable PEM files" in error for error in errors)


def _install(credentials: Credentials, files: Credentials) -> None:
    shutil.copy(credentials.certificate, files.certificate)
    shutil.copy(credentials.key, files.key)


def _shown(scp: StorageSCP, context: ssl.SSLContext) -> bytes | None:
    """The certificate that a new connection is shown."""
    with BadPeer(scp.tls_port, tls=context) as peer:
        assert isinstance(peer._socket, ssl.SSLSocket)
        return peer._socket.getpeercert(binary_form=True)


def _der(credentials: Credentials) -> bytes:
    return ssl.PEM_cert_to_DER_cert(credentials.certificate.read_text())
