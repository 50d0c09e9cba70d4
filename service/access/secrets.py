"""Passwords, and the secrets of sessions and tokens. What is kept of each cannot be turned back into it."""

import secrets
from functools import cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.errors import ConfigurationError

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
"""Characters (NIST SP 800-63B-4, section 3.1.1: length counts, rules on kinds of characters do not)."""
TOKEN_PREFIX = "preread_"  # noqa: S105 - so that scanners for secrets find one that was committed
_HASHER = PasswordHasher()
"""Argon2id with the parameters of RFC 9106's second recommended option, as the library sets them."""


def hashed(password: str, name: str) -> str:
    """What is kept of a password of the account `name`. Raises ConfigurationError for a weak one."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ConfigurationError(
            f"the password has {len(password)} characters: {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}, such "
            "as four words that do not belong together"
        )
    if name.casefold() in password.casefold() or len(set(password)) < SHORTEST_PASSWORD // 2:
        raise ConfigurationError("easy to guess: leave the account's name out of it, and repeat less")
    return _HASHER.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether `kept` is of this password. As slow where there is no such account (None)."""
    try:
        return _HASHER.verify(kept or _nobodys(), password[:LONGEST_PASSWORD]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def be_ready() -> None:
    """So that the first who has no account does not wait longer than the others."""
    _nobodys()


@cache
def _nobodys() -> str:
    """Not made on import: every command would wait for it."""
    return _HASHER.hash(secrets.token_urlsafe(16))


def new_secret(prefix: str = "") -> str:
    """256 bits that nobody can guess."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a random secret. It needs no slow hash: nobody can try 2^256 of them."""
    return sha256(secret.encode()).hexdigest()
