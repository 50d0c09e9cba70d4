"""A client of the object store, as the settings say. Making one asks nobody yet."""

from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials, ReadOnlyCredentials
from botocore.session import Session

from service.config.store import StoreSettings
from service.errors import ConfigurationError

CONNECTIONS = 64
"""Kept open at most; a further one is closed after its request."""
_LINES = 2


def s3_client(settings: StoreSettings) -> Any:
    """A client that threads may share.

    Raises ConfigurationError where the file with the credentials, or `ca`, cannot be read.
    """
    session = Session()
    if settings.credentials_file is not None:
        resolver = CredentialResolver([_FileProvider(settings.credentials_file)])
        session.register_component("credential_provider", resolver)
    if settings.ca is not None and not settings.ca.is_file():
        raise ConfigurationError(f"store.ca: there is no file {settings.ca}")
    return session.create_client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.endpoint_url or None,
        verify=str(settings.ca) if settings.ca else True,
        config=Config(
            connect_timeout=settings.connect_timeout_s,
            read_timeout=settings.timeout_s,
            retries={"mode": "standard", "total_max_attempts": settings.attempts},
            max_pool_connections=CONNECTIONS,
            signature_version="s3v4",
            # Stores of one's own have a certificate for one name, not for one of each bucket.
            s3={"addressing_style": "path" if settings.endpoint_url else "auto"},
            # We send Content-MD5, which every store verifies; not all understand the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


class _FileCredentials(Credentials):  # type: ignore[misc] # botocore has no types
    """Reads the file for each request, so that keys can be changed while the service runs."""

    def __init__(self, path: Path) -> None:
        super().__init__(*_read(path), method=_FileProvider.METHOD)
        self._path = path

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """What one request is signed with."""
        return ReadOnlyCredentials(*_read(self._path), None)


class _FileProvider(CredentialProvider):  # type: ignore[misc]
    METHOD = "preread-credentials-file"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def load(self) -> Credentials:
        """Raises ConfigurationError where the file cannot be read."""
        return _FileCredentials(self._path)


def _read(path: Path) -> tuple[str, str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"store.credentials_file: cannot read {path}: {reason}") from None
    if len(lines) != _LINES:
        raise ConfigurationError(
            f"store.credentials_file: {path} must have two lines, the access key ID and the secret access key"
        )
    return lines[0], lines[1]
