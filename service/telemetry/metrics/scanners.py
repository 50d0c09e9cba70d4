"""Which calling AE titles are told apart: those that the configuration names, all others together.

Anybody who reaches the port may call himself anything: a series for each title would be without end.
"""

from collections.abc import Iterable

OTHER = "other"
FROM_CONFIGURATION = "a calling AE title of `accept.peers` or `accept.allowed_calling_ae_titles`, or `other`"


class Scanners:
    """The titles that are known."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()

    def know(self, ae_titles: Iterable[str]) -> None:
        """From now on these are told apart."""
        self._known = frozenset(ae_titles)

    @property
    def labels(self) -> frozenset[str]:
        """All values that the label may have."""
        return self._known | {OTHER}

    def label(self, ae_title: str) -> str:
        """The label's value for a calling AE title."""
        return ae_title if ae_title in self._known else OTHER


SCANNERS = Scanners()
"""Of this process."""
