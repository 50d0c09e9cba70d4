"""Takes secrets out of what is said, should somebody's error message quote one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from service.config import Settings
from service.wiring.doctor.examine import Examined
from service.wiring.doctor.secret_files import secret_files

MASK = "***"
_SHORTEST = 6
"""Shorter ones are parts of common words; they stand in URLs, of which the whole password is masked."""
_IN_URL = re.compile(r"(?<=://)([^/@:\s]*):([^/@\s]*)@")


class Redaction:
    """Knows every secret that the configuration names."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = sorted(set(_secrets(settings)), key=len, reverse=True)

    def of(self, examined: Examined) -> Examined:
        """The same without them."""
        return replace(
            examined,
            findings=tuple(
                replace(one, seen=self._without(one.seen), to_do=self._without(one.to_do))
                for one in examined.findings
            ),
        )

    def _without(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return _IN_URL.sub(rf"\1:{MASK}@", text)


def _secrets(settings: Settings) -> Iterator[str]:
    for url in (settings.broker.url, settings.ledger.url):
        password = _password(url)
        yield from (one for one in {password, unquote(password)} if len(one) >= _SHORTEST)
    for _, path in secret_files(settings):
        yield from (line for line in _words(path) if len(line) >= _SHORTEST)


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _words(path: Path) -> list[str]:
    """Of a small file of text: a password, a token, or two keys."""
    try:
        return path.read_text(encoding="utf-8").split() if path.stat().st_size < 64 * 1024 else []
    except (OSError, UnicodeDecodeError):
        return []
