from pathlib import Path

import pytest

from service.config.load import load_settings
from service.errors import ConfigurationError

GOOD = """
[accept]
extra_ae_titles = ["MAMMO"]
only_listed_peers = true

[[accept.peers]]
ae_title = "US1"
hosts = ["10.1.0.0/16"]
transfer_syntaxes = ["JPEG 2000 Image Compression (Lossless Only)", "1.2.840.10008.1.2.1"]
max_pdu_bytes = 16384

[accept.tls]
certificate = "/etc/preread/tls.pem"
key = "/etc/preread/tls.key"
ca = "/etc/preread/ca.pem"
"""


def test_peers_and_tls_are_read(tmp_path: Path) -> None:
    (tmp_path / "preread.toml").write_text(GOOD)
    accept = load_settings(tmp_path / "preread.toml").accept
    assert [peer.ae_title for peer in accept.peers] == ["US1"]
    assert (accept.tls.is_on, accept.tls.port, accept.tls.client_certificates) == (True, 2762, "required")


def test_environment_sets_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("CERTIFICATE", "c"), ("KEY", "k"), ("CLIENT_CERTIFICATES", "off")):
        monkeypatch.setenv(f"PREREAD_ACCEPT__TLS__{name}", value)
    assert load_settings().accept.tls.certificate == Path("c")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('key = "/etc/preread/tls.key"', ""), "accept.tls: give both certificate and key"),
        (('ca = "/etc/preread/ca.pem"', ""), "accept.tls: give ca, .* or set client_certificates to off"),
        (
            ('certificate = "/etc/preread/tls.pem"\nkey = "/etc/preread/tls.key"', "only = true"),
            "only closes the",
        ),
        (("[accept.tls]", "[accept.tls]\nport = 11112"), "accept: port and tls.port are both 11112"),
        (
            ("only_listed_peers", 'receiver = "pynetdicom"\nonly_listed_peers'),
            "accept: tls needs receiver = own",
        ),
        (("[[accept.peers]]", "[[peers]]"), "only_listed_peers lets nobody in|unknown key 'peers'"),
        (("only_listed_peers", "resume_free_bytes = 5\nonly_listed_peers"), "resume_free_bytes is below"),
        (("max_pdu_bytes = 16384", "max_pdu_bytes = 100"), r"accept\.peers\.0\.max_pdu_bytes = 100"),
        (("[accept.tls]", "[accept.tls]\ncerts = 1"), r"accept\.tls\.certs: unknown key"),
        (("max_pdu_bytes", "max_pdu"), r"accept\.peers\.0\.max_pdu: unknown key .*max_pdu_bytes"),
    ],
)
def test_settings_that_do_not_go_together_are_an_error(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    (tmp_path / "preread.toml").write_text(GOOD.replace(*change))
    with pytest.raises(ConfigurationError, match=complaint):
        load_settings(tmp_path / "preread.toml")
