"""Who may store by HTTP: bearer tokens (RFC 6750) from a file."""

import hmac
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from service.config.types import AETitle
from service.errors import ConfigurationError

SHORTEST = 16
"""Characters of a token; shorter ones can be tried out."""
_ae_title = TypeAdapter(AETitle)


class Tokens:
    """The tokens of a file and their names. Raises ConfigurationError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            lines = path.read_text("ascii").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"accept.stow.tokens_file ({path}) cannot be read ({type(error).__name__}): give a readable "
                "file with a line `NAME TOKEN` for each token, in ASCII"
            ) from None
        entries = [(number, line.split()) for number, line in enumerate(lines, 1)]
        self._entries = [
            _entry(words, f"accept.stow.tokens_file ({path}), line {number}")
            for number, words in entries
            if words and not words[0].startswith("#")
        ]
        if not self._entries:
            raise ConfigurationError(
                f"accept.stow.tokens_file ({path}) has no token: add a line `NAME TOKEN`, or leave it out"
            )

    def name_of(self, authorization: str) -> str | None:
        """Whose token the Authorization header has; None where it is nobody's."""
        scheme, _, token = authorization.partition(" ")
        digest = _digest(token.strip())
        found = None
        for name, known in self._entries:  # all of them, always: time tells nothing
            if hmac.compare_digest(digest, known):
                found = name
        return found if scheme.lower() == "bearer" else None


def _entry(words: list[str], where: str) -> tuple[str, bytes]:
    try:
        name, token = words
        _ae_title.validate_python(name)
    except (ValueError, ValidationError):
        raise ConfigurationError(
            f"{where}: write NAME TOKEN, NAME an AE title of 1 to 16 characters without blanks"
        ) from None
    if len(token) < SHORTEST:
        raise ConfigurationError(f"{where}: the token has less than {SHORTEST} characters: take a longer one")
    return name, _digest(token)


def _digest(token: str) -> bytes:
    """Of one length, whatever the token's."""
    return sha256(token.encode("utf-8")).digest()
