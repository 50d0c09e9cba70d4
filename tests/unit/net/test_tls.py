"""PEM files and profiles, for those who call us and those whom we call."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.config import ClientTLS
from service.config.peers import TLSSettings
from service.errors import ConfigurationError
from service.net.client_tls import client_context
from service.net.server_tls import Certificates
from tests.servers.certificates import Hospital

Load = Callable[..., ssl.SSLContext]


def server(**files: Any) -> ssl.SSLContext:
    return Certificates("some.tls", TLSSettings(**files)).current()


def client(**files: Any) -> ssl.SSLContext:
    return client_context("some.tls", ClientTLS(**files))


BOTH = pytest.mark.parametrize("load", [server, client])


def files(hospital: Hospital, **values: Any) -> dict[str, Any]:
    own = hospital.service
    return {"ca": hospital.authority.certificate, "certificate": own.certificate, "key": own.key} | values


@BOTH
def test_profiles_are_those_of_bcp_195(hospital: Hospital, load: Load) -> None:
    context = load(**files(hospital))
    suites = {suite["name"] for suite in context.get_ciphers()}
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert all(name.startswith(("TLS_", "ECDHE-")) for name in suites)
    assert {"ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"} <= suites
    assert not any("CBC" in name or name.endswith(("-SHA", "CCM", "CCM8")) for name in suites)
    newest = load(**files(hospital, minimum_version="1.3"))
    assert newest.minimum_version == ssl.TLSVersion.TLSv1_3


@BOTH
def test_the_other_side_is_verified(hospital: Hospital, load: Load) -> None:
    assert load(**files(hospital)).verify_mode == ssl.CERT_REQUIRED


@BOTH
@pytest.mark.parametrize("wrong", ["certificate", "key", "ca"])
@pytest.mark.parametrize("content", [None, "-----BEGIN NONSENSE-----"])
def test_file_that_cannot_be_used_is_a_configuration_error(
    hospital: Hospital, tmp_path: Path, load: Load, wrong: str, content: str | None
) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=rf"some\.tls\.{wrong} \(.*file\.pem.* must be"):
        load(**files(hospital, **{wrong: path}))


@BOTH
def test_key_of_another_certificate_is_a_configuration_error(hospital: Hospital, load: Load) -> None:
    with pytest.raises(ConfigurationError, match="KEY_VALUES_MISMATCH"):
        load(**files(hospital, key=hospital.scanner.key))


@BOTH
def test_key_with_a_password_is_a_configuration_error_and_nobody_is_asked(
    hospital: Hospital, tmp_path: Path, load: Load
) -> None:
    key = tmp_path / "locked.key"
    hospital.authority._run(
        *("rsa", "-aes128", "-passout", "pass:secret", "-in", str(hospital.service.key), "-out", str(key))
    )
    with pytest.raises(ConfigurationError, match="the key has a password"):
        load(**files(hospital, key=key))


def test_without_a_ca_those_of_the_system_are_believed() -> None:
    context = client()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
