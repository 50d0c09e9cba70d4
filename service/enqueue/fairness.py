"""Whose turn it is: earlier-named queues first, with a share for the others so that none starves."""

from collections.abc import Sequence

TURN_OF_OTHERS = 5
"""Every fifth delivery goes to another queue first: urgent work keeps four fifths of a busy consumer."""


class Turns:
    """The order in which a consumer looks at its queues. Not safe to share between threads without a lock."""

    def __init__(self, queues: Sequence[str]) -> None:
        self._queues = tuple(queues)
        self._taken = 0

    def order(self) -> tuple[str, ...]:
        """The queues for the next delivery.

        On every fifth delivery the order starts further down, one queue further each time, so that each of
        n queues is looked at first at least once in 5 (n - 1) deliveries.
        """
        turn, rest = divmod(self._taken + 1, TURN_OF_OTHERS)
        if rest or len(self._queues) == 1:
            return self._queues
        start = 1 + (turn - 1) % (len(self._queues) - 1)
        return self._queues[start:] + self._queues[:start]

    def taken(self) -> None:
        """A delivery was handed out."""
        self._taken += 1
