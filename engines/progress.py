"""What a long job tells whoever shows its progress."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` steps of `phase`; `message` is one line for people."""

    phase: str
    done: int
    total: int
    message: str = ""


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report to nobody."""
