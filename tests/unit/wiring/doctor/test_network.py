import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from service.config.tls import ClientTLS
from service.errors import PeerUnavailable
from service.net.client_tls import client_context
from service.net.reach import reach
from service.wiring.doctor.endpoints import Endpoint, endpoints
from service.wiring.doctor.network import look_at_network
from tests.servers.certificates import Credentials, Hospital
from tests.servers.process import HOST, free_port
from tests.unit.wiring.doctor.told import PACS, check_words, only, settings_in


@contextmanager
def listening(own: Credentials | None = None) -> Iterator[int]:
    """Takes connections, with TLS where it has a certificate."""
    context = None
    if own is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own.certificate, own.key)
    with socket.create_server((HOST, 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                with suppress(OSError):
                    connection, _ = server.accept()
                    connection.settimeout(5)
                    with connection, suppress(OSError):
                        if context is not None:
                            with context.wrap_socket(connection, server_side=True) as wrapped:
                                wrapped.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def endpoint(port: int, hospital: Hospital) -> Endpoint:
    tls = ClientTLS(ca=hospital.authority.certificate)
    return Endpoint("destination pacs", HOST, port, lambda: client_context("tls", tls))


def test_who_listens_is_reached() -> None:
    with listening() as port:
        found = only(check_words(look_at_network(Endpoint("destination pacs", HOST, port))))
    assert found.outcome == "ok"
    assert f"port {port} answers in" in found.seen


def test_certificate_that_soon_ends_is_told(hospital: Hospital) -> None:
    with listening(hospital.pacs) as port:
        reached, ends = check_words(look_at_network(endpoint(port, hospital)))
    assert "TLSv1.3, certificate good until" in reached.seen
    assert (ends.outcome, "in 1 days" in ends.seen) == ("warning", True)


@pytest.mark.parametrize(
    ("credentials", "why"),
    [
        ("expired_pacs", "has expired"),
        ("stranger", "not trusted"),
        ("", "TLS handshake"),
    ],
)
def test_tls_that_fails_is_told(hospital: Hospital, credentials: str, why: str) -> None:
    with (
        listening(getattr(hospital, credentials) if credentials else None) as port,
        pytest.raises(PeerUnavailable, match=why),
    ):
        list(look_at_network(endpoint(port, hospital)))


def test_port_that_nobody_has_is_told() -> None:
    with pytest.raises(PeerUnavailable, match="Connection refused"):
        list(look_at_network(Endpoint("destination pacs", HOST, free_port())))


def test_name_that_nobody_has_is_told() -> None:
    with pytest.raises(PeerUnavailable, match=r"the name nowhere\.invalid is not resolved"):
        list(look_at_network(Endpoint("destination pacs", "nowhere.invalid", 104)))


def test_who_does_not_answer_is_not_waited_for() -> None:
    with socket.socket() as full:
        full.bind((HOST, 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # the kernel takes them until the queue is full
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(PeerUnavailable, match=r"does not answer within 0\.2 s"):
            reach(HOST, full.getsockname()[1], 0.2)
        for one in waiting:
            one.close()


def test_every_server_of_the_configuration_is_looked_for(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path,
        ledger={"url": "postgresql+psycopg://preread:secret@database/preread"},
        broker={"kind": "rabbitmq", "url": "amqps://preread:secret@broker/"},
        store={"kind": "s3", "bucket": "images", "endpoint_url": "https://store:9000"},
        accept={"commitment_peers": [{"ae_title": "CT", "host": "ct", "port": 4242}]},
        worklist={
            "public_url": "https://page",
            "oidc": {"issuer": "https://login/realms/x", "client_id": "preread"},
        },
        destinations=[
            PACS,
            {"name": "ris", "hl7": {"host": "ris", "tls": {}}},
            {"name": "fhir", "fhir": {"url": "http://fhir/r4"}},
        ],
        sources=[
            {"name": "old", "dicomweb": {"qido_url": "https://old/q", "wado_url": "https://older:8443/w"}}
        ],
    )
    found = {(one.host, one.port, one.tls is not None) for one in endpoints(settings, settings.destinations)}
    assert found == {
        ("database", 5432, False),
        ("broker", 5671, True),
        ("store", 9000, True),
        ("ct", 4242, False),
        ("login", 443, True),
        ("127.0.0.1", 1, False),
        ("ris", 2575, True),
        ("fhir", 80, False),
        ("old", 443, True),
        ("older", 8443, True),
    }
