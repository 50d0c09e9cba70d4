"""A role tells the ledger what keeps it from its work, so that the pages can say so."""

import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from service.storage.ledger.ledger import Ledger

Check = Callable[[], str]
"""What is wrong, and what to do; empty where nothing is."""


class NoticeBoard:
    """Call `turn` again and again.

    Replicas of a role are told apart by their host, unless they find the same: what stands in the ledger is
    `common`, and told once.
    """

    def __init__(
        self, ledger: Ledger, role: str, checks: Mapping[str, Check], *, common: bool = False
    ) -> None:
        self._ledger = ledger
        who = role if common else f"{role}@{socket.gethostname()}"
        self._checks = {f"{who}/{name}": check for name, check in checks.items()}
        self._shown: dict[str, str | None] = dict.fromkeys(self._checks)

    def turn(self) -> None:
        """Enter what has changed. Raises LedgerUnavailable."""
        found = {source: check() for source, check in self._checks.items()}
        changed = {source: text for source, text in found.items() if text != self._shown[source]}
        if not changed:
            return
        with self._ledger.begin() as tx:
            for source, text in changed.items():
                if text:
                    tx.notices.put(source, text, datetime.now(UTC))
                else:
                    tx.notices.clear(source)
        self._shown |= changed
