"""What a check has found, in words for a person. No secrets, no patient data."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How it stands; the later, the worse."""

    SKIPPED = "skipped"
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """`about`: what was looked at. `seen`: one sentence. `to_do`: one more; empty where nothing is."""

    outcome: Outcome
    about: str
    seen: str
    to_do: str = ""


def ok(about: str, seen: str) -> Finding:
    """As it should be."""
    return Finding(Outcome.OK, about, seen)


def warning(about: str, seen: str, to_do: str) -> Finding:
    """The service works, and somebody should know."""
    return Finding(Outcome.WARNING, about, seen, to_do)


def failed(about: str, seen: str, to_do: str) -> Finding:
    """The service does not work so, or loses what it promises."""
    return Finding(Outcome.FAILED, about, seen, to_do)


def skipped(about: str, why: str) -> Finding:
    """Not looked at."""
    return Finding(Outcome.SKIPPED, about, why)
