"""Throw-away certificates, made with the openssl command line."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.programs import require

_LOOPBACK = "IP:127.0.0.1,DNS:localhost"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate and its private key, PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A certification authority in a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._openssl = str(require("openssl", "openssl"))
        self._folder = folder / name
        self._folder.mkdir()
        self._own = Credentials(self._folder / "ca.pem", self._folder / "ca.key")
        self._run(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-keyout", str(self._own.key), "-out", str(self._own.certificate)),
        )

    @property
    def certificate(self) -> Path:
        """What those trust who trust it."""
        return self._own.certificate

    def issue(self, name: str, days: int = 2, hosts: str = "") -> Credentials:
        """Credentials of `name`, for so many days from now; a negative number has passed.

        `hosts` is a Subject Alternative Name, such as `IP:127.0.0.1,DNS:localhost`.
        """
        issued = Credentials(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={hosts}\n" if hosts else "")
        self._run(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", str(issued.key), "-out", str(request)),
        )
        self._run(
            *("x509", "-req", "-in", str(request), "-days", str(days), "-CAcreateserial"),
            *("-extfile", str(extensions)),
            *(
                "-CA",
                str(self._own.certificate),
                "-CAkey",
                str(self._own.key),
                "-out",
                str(issued.certificate),
            ),
        )
        return issued

    def _run(self, *arguments: str) -> None:
        subprocess.run([self._openssl, *arguments], check=True, capture_output=True, timeout=60)


@dataclass(frozen=True, slots=True)
class Hospital:
    """Whom a hospital trusts, and whom not."""

    authority: Authority
    service: Credentials
    scanner: Credentials
    expired: Credentials
    stranger: Credentials
    """From another authority."""
    other_authority: Authority
    pacs: Credentials
    """Of who is called: they name this machine's loopback interface."""
    expired_pacs: Credentials


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """Certificates of all kinds."""
    folder = tmp_path_factory.mktemp("certificates")
    authority, other = Authority(folder, "hospital"), Authority(folder, "elsewhere")
    return Hospital(
        authority=authority,
        service=authority.issue("preread"),
        scanner=authority.issue("scanner"),
        expired=authority.issue("expired", days=-1),
        stranger=other.issue("stranger"),
        other_authority=other,
        pacs=authority.issue("pacs", hosts=_LOOPBACK),
        expired_pacs=authority.issue("expired-pacs", days=-1, hosts=_LOOPBACK),
    )
