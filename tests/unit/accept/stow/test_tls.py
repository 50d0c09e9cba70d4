"""STOW-RS over TLS: who may store, and certificates that are replaced while it runs."""

import shutil
import socket
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from service.errors import ConfigurationError
from tests.fakes.datasets import part10, us_dataset
from tests.servers.certificates import Credentials, Hospital
from tests.servers.process import HOST
from tests.unit.accept.doubles import Desk, wait_for
from tests.unit.accept.stow.bodies import body
from tests.unit.accept.stow.web import post, serving


def settings(hospital: Hospital, **values: Any) -> dict[str, Any]:
    """Mutual TLS."""
    files = {"certificate": hospital.pacs.certificate, "key": hospital.pacs.key}
    return files | {"ca": hospital.authority.certificate, "client_certificates": "required"} | values


def client(hospital: Hospital, credentials: Credentials | None) -> ssl.SSLContext:
    """Trusts the hospital's authority and shows `credentials`."""
    context = ssl.create_default_context(cafile=hospital.authority.certificate)
    if credentials is not None:
        context.load_cert_chain(credentials.certificate, credentials.key)
    return context


def stores(port: int, context: ssl.SSLContext) -> bool:
    try:
        response = post(port, body(part10(us_dataset())), scheme="https", verify=context)
    except (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        return False
    return response.status_code == 200


def shown(port: int, context: ssl.SSLContext) -> bytes | None:
    """The certificate that a new connection is shown."""
    with (
        socket.create_connection((HOST, port), 20) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as secured,
    ):
        return secured.getpeercert(binary_form=True)


def der(credentials: Credentials) -> bytes:
    return ssl.PEM_cert_to_DER_cert(credentials.certificate.read_text())


def install(credentials: Credentials, files: Credentials) -> None:
    shutil.copy(credentials.certificate, files.certificate)
    shutil.copy(credentials.key, files.key)


@pytest.mark.parametrize("policy", ["required", "optional"])
@pytest.mark.parametrize("who", ["scanner", "nobody", "stranger", "expired"])
def test_client_certificate_is_checked_as_configured(hospital: Hospital, policy: str, who: str) -> None:
    desk = Desk()
    context = client(hospital, None if who == "nobody" else getattr(hospital, who))
    good = {"required": {"scanner"}, "optional": {"scanner", "nobody"}}[policy]
    with structlog.testing.capture_logs() as logs:
        with serving(desk, **settings(hospital, client_certificates=policy)) as port:
            assert stores(port, context) is (who in good)
        reasons = [entry["reason"] for entry in logs if entry["event"] == "TLS handshake failed"]
    words = {
        "nobody": "give it one from accept.stow.ca, or see accept.stow.client_certificates",
        "stranger": "not valid for accept.stow.ca: unable to get local issuer certificate",
        "expired": "certificate has expired",
    }
    assert len(desk.ledger.instances) == (who in good)
    assert [words[who] in reason for reason in reasons] == ([] if who in good else [True])


def test_client_without_tls_is_told_of_in_the_log(hospital: Hospital) -> None:
    with structlog.testing.capture_logs() as logs, serving(Desk(), **settings(hospital)) as port:
        with pytest.raises(httpx.TransportError):
            post(port, body(part10(us_dataset())))
        wait_for(lambda: any("let it call https" in str(entry.get("reason")) for entry in logs))


def test_new_certificate_is_used_from_the_next_connection_on(hospital: Hospital, tmp_path: Path) -> None:
    files = Credentials(tmp_path / "c.pem", tmp_path / "c.key")
    install(hospital.pacs, files)
    context = client(hospital, hospital.scanner)
    tls = settings(hospital, certificate=files.certificate, key=files.key)
    renewed = hospital.authority.issue("renewed", hosts="IP:127.0.0.1")
    with serving(Desk(), **tls) as port:
        assert shown(port, context) == der(hospital.pacs)
        install(renewed, files)
        assert shown(port, context) == der(renewed)
        assert stores(port, context)


def test_broken_new_certificate_keeps_the_old_one_and_says_so(hospital: Hospital, tmp_path: Path) -> None:
    files = Credentials(tmp_path / "c.pem", tmp_path / "c.key")
    install(hospital.pacs, files)
    context = client(hospital, hospital.scanner)
    tls = settings(hospital, certificate=files.certificate, key=files.key)
    with structlog.testing.capture_logs() as logs, serving(Desk(), **tls) as port:
        files.certificate.write_text("no certificate")
        assert [shown(port, context) for _ in range(2)] == [der(hospital.pacs)] * 2
    (error,) = [entry["reason"] for entry in logs if entry["log_level"] == "error"]
    assert "accept.stow.certificate" in error


def test_new_ca_holds_from_the_next_connection_on(hospital: Hospital, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    shutil.copy(hospital.authority.certificate, ca)
    with serving(Desk(), **settings(hospital, ca=ca)) as port:
        assert stores(port, client(hospital, hospital.scanner))
        shutil.copy(hospital.other_authority.certificate, ca)
        assert not stores(port, client(hospital, hospital.scanner))
        assert stores(port, client(hospital, hospital.stranger))


@pytest.mark.parametrize("wrong", ["certificate", "key", "ca"])
def test_file_that_cannot_be_used_is_an_error_of_the_configuration(
    hospital: Hospital, tmp_path: Path, wrong: str
) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    with (
        pytest.raises(ConfigurationError, match=rf"accept\.stow\.{wrong} \(.*x\.pem"),
        serving(Desk(), **settings(hospital, **{wrong: tmp_path / "x.pem"})),
    ):
        pass
