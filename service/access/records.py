"""What is kept of accounts, sessions, tokens, and of what was done with them."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.access.roles import Permission, Role
from service.errors import ConfigurationError

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,'_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Account:
    """A person with a password here. `full_name` becomes the observer's name in DICOM objects."""

    name: str
    full_name: str
    role: Role
    password_hash: str
    disabled: bool
    created_at: datetime

    def __post_init__(self) -> None:
        """Raises ConfigurationError, which says what to enter instead."""
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"{self.name!r} is no account's name: small letters, digits, and . _ @ -, 64 at most"
            )
        if not is_full_name(self.full_name):
            raise ConfigurationError(
                f"{self.full_name!r} cannot be an observer's name in a DICOM object: 1 to 64 letters of "
                "ASCII, digits, spaces, and . , ' _ -"
            )


def is_full_name(text: str) -> bool:
    """Whether a DICOM object of the default character set can name an observer so."""
    return _FULL_NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in; `digest` is of the secret in the cookie. `seen_at`: last thing done."""

    digest: str
    account: str
    full_name: str
    role: Role
    source: str
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A program that may ask for something. It ends at `expires_at`, or earlier where it is revoked."""

    name: str
    digest: str
    scopes: tuple[Permission, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and now < self.expires_at


class Action(StrEnum):
    """What the audit trail tells of."""

    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "sign-in failed"
    SIGNED_OUT = "signed out"
    LISTED = "list viewed"
    VIEWED = "study viewed"
    LOOKED_UP = "badges looked up"
    MADE_URGENT = "study made urgent"
    RETRIED = "study tried again"
    SENT_AGAIN = "results sent again"
    DOWNLOADED = "object downloaded"
    ASSESSED = "result assessed"
    REFUSED = "refused"
    ACCOUNT_CHANGED = "account changed"
    TOKEN_CHANGED = "token changed"  # noqa: S105 - the words, not a secret


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that somebody did, or tried to do. `detail` holds no patient data and no secret."""

    at: datetime
    action: Action
    who: str
    role: str
    address: str
    study_instance_uid: str = ""
    detail: str = ""
    succeeded: bool = True
