"""A PACS that answers a question with A-ABORT may refuse it, or is just being stopped: nobody can tell."""

from collections.abc import Callable
from datetime import datetime, timedelta

REMEMBERED = timedelta(hours=1)
"""How long after an A-ABORT the next one to the same question is believed."""


class Doubt:
    """Of one destination. Threads may share one.

    A weaker proof is taken where the PACS refuses the stronger one, and must not be taken because it was
    stopped at the wrong moment: so the first A-ABORT is doubted, and the question is asked again later.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._aborted_at: dict[str, datetime] = {}

    def is_refusal(self, question: str) -> bool:
        """Whether this A-ABORT, which has just answered `question`, is taken for a refusal."""
        last, now = self._aborted_at.get(question), self._now()
        self._aborted_at[question] = now
        return last is not None and now - last < REMEMBERED
