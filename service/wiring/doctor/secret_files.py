"""Files that hold secrets: they are there, and not for everybody."""

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from service.config import Settings
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning
from service.wiring.doctor.tls_sections import tls_sections

_OTHERS = stat.S_IROTH | stat.S_IWOTH
NamedFile = tuple[str, Path]
"""A setting, and the file that it names."""


def secret_files(settings: Settings) -> list[NamedFile]:
    """Every file with a password, a token or a secret key; private keys of TLS not among them."""
    named: list[tuple[str, Path | None]] = [
        ("broker.password_file", settings.broker.password_file),
        ("store.credentials_file", settings.store.credentials_file),
        ("accept.stow.tokens_file", settings.accept.stow.tokens_file),
        ("worklist.oidc.client_secret_file", settings.worklist.oidc.client_secret_file),
    ]
    for one in settings.destinations:
        peers = {"stow": one.stow, "fhir": one.fhir, "webhook": one.webhook}
        named += [
            (f"destinations.{one.name}.{way}.bearer_token_file", peer.bearer_token_file)
            for way, peer in peers.items()
            if peer is not None
        ]
        if one.webhook is not None:
            named.append((f"destinations.{one.name}.webhook.secret_file", one.webhook.secret_file))
    named += [
        (f"sources.{one.name}.dicomweb.bearer_token_file", one.dicomweb.bearer_token_file)
        for one in settings.sources
        if one.dicomweb is not None
    ]
    return [(setting, path) for setting, path in named if path is not None]


def look_at_secrets(settings: Settings, configuration: Path | None) -> Iterator[Finding]:
    """Files, and passwords that stand in the configuration itself."""
    keys = [(f"{one.setting}.key", one.key) for one in tls_sections(settings)]
    files = [*secret_files(settings), *keys]
    for setting, path in files:
        yield look_at_file(setting, path)
    in_urls = [
        setting
        for setting, url in (("broker.url", settings.broker.url), ("ledger.url", settings.ledger.url))
        if _has_password(url) and (setting != "broker.url" or settings.broker.kind == "rabbitmq")
    ]
    if in_urls and configuration is not None:
        yield look_at_file(f"the configuration, with a password in {' and '.join(in_urls)}", configuration)
    if not files and not in_urls:
        yield skipped("secrets", "the configuration names no file with a secret, and holds none")


def look_at_file(setting: str, path: Path) -> Finding:
    """Whether it can be read here, and by whom else."""
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except OSError as error:
        return failed(
            setting,
            f"{path} cannot be read: {error.strerror}",
            "put the secret there, and let the user of the service read it",
        )
    if is_empty:
        return failed(setting, f"{path} is empty", "put the secret into it")
    if mode & _OTHERS:
        return warning(
            setting,
            f"{path} can be read or changed by every user of this machine (mode {stat.S_IMODE(mode):04o})",
            f"chmod 0640 {path}, or 0600",
        )
    return ok(setting, f"{path} is there, and not for everybody (mode {stat.S_IMODE(mode):04o})")


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False
