"""Throw-away certificates, made with the openssl command line."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.programs import require


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

    def issue(self, name: str, days: int = 2) -> Credentials:
        """Credentials of `name`, for so many days from now; a negative number has passed."""
        issued = Credentials(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request = self._folder / f"{name}.csr"
        self._run(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", str(issued.key), "-out", str(request)),
        )
        self._run(
            *("x509", "-req", "-in", str(request), "-days", str(days), "-CAcreateserial"),
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
    )
