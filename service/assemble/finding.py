"""What one condition of a completeness rule has found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`is_met` is None where there is nothing to judge by: then the quiet period decides.

    `text` reads well after "complete: " (met), alone (not met: "waiting for ..."), or after a semicolon.
    """

    is_met: bool | None
    text: str
