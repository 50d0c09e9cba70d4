"""Who asks: a person who has signed in, a program with a token, or somebody at this very machine."""

from dataclasses import dataclass
from enum import StrEnum

from service.access.roles import EVERYTHING, Permission


class Way(StrEnum):
    """How it is known who asks."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - the word, not a secret
    OPEN = "open"
    """It is not: nobody has to sign in here."""


@dataclass(frozen=True, slots=True)
class Person:
    """`name` is that of the account or token, `full_name` what is written into results and shown."""

    name: str
    full_name: str
    role: str
    permissions: frozenset[Permission]
    way: Way
    address: str = ""
    language: str = "en"
    """Of the pages that she is shown."""

    def may(self, permission: Permission) -> bool:
        """Whether it is allowed."""
        return permission in self.permissions

    @property
    def is_masked(self) -> bool:
        """Whether patients are to be hidden from whoever asks."""
        return Permission.PATIENTS not in self.permissions

    @property
    def may_operate(self) -> bool:
        """Whether she sees how the service does."""
        return self.may(Permission.OPERATIONS)

    @property
    def has_signed_in(self) -> bool:
        """Whether it is known who asks."""
        return self.way is not Way.OPEN

    def told(self) -> str:
        """For a study's history: who has done something."""
        if self.has_signed_in:
            return f"{self.name} ({self.role})"
        return f"somebody on the worklist page (from {self.address or 'unknown'})"


def somebody(address: str, language: str = "en") -> Person:
    """Whoever reaches a page on which nobody has to sign in."""
    return Person("", "", "", EVERYTHING, Way.OPEN, address, language)
