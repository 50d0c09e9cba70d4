"""Confirmation by asking the destination what it holds, by C-FIND or QIDO-RS."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from service.config import Destination
from service.errors import PeerAborted, PeerRefused
from service.send.doubt import Doubt
from service.send.link import Link
from service.send.unconfirmed import Step, Unconfirmed
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import DeliveryState, Proof

_LOOK_S = 0.5


class QueryConfirmation:
    """Asks, and enters what is found, and what is gone and has to be sent again."""

    def __init__(
        self, ledger: Ledger, destination: Destination, wait_s: float, now: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._destination = destination
        self._wait_s = wait_s
        self._now = now
        self._doubt = Doubt(now)

    def confirm(self, link: Link, objects: Sequence[Unconfirmed], why: str) -> Step:
        """Look for `objects`; `why` is what kept a stronger proof away. Raises PeerUnavailable."""
        refusal = link.cannot_query()
        try:
            missing = objects if refusal else self._look(link, objects)
        except PeerAborted as error:
            if not self._doubt.is_refusal("query"):
                raise
            refusal = str(error)
        except PeerRefused as error:
            refusal = str(error)
        if refusal and self._destination.confirm == "query":
            return Step(waits=refusal)
        if refusal:
            return Step(objects, f"{why}; {refusal}" if why else refusal)
        found = [one for one in objects if one not in missing]
        return Step(waits=self._enter(link.query, found, missing, why))

    def _look(self, link: Link, objects: Sequence[Unconfirmed]) -> Sequence[Unconfirmed]:
        """What it does not find within a moment."""
        deadline = time.monotonic() + self._wait_s
        missing = [one for one in objects if not link.holds(one.stored)]
        while missing and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
            missing = [one for one in missing if not link.holds(one.stored)]
        return missing

    def _enter(
        self, query: str, found: Sequence[Unconfirmed], missing: Sequence[Unconfirmed], why: str
    ) -> str:
        """What is waited for."""
        to = self._destination.name
        patience = timedelta(seconds=self._destination.missing_after_s)
        gone = [one for one in missing if self._now() >= one.sent_at + patience]
        with self._ledger.begin() as tx:
            for one in found:
                detail = f"found by {query}; {why}" if why else f"found by {query}"
                tx.deliveries.mark(one.uid, to, DeliveryState.DELIVERED, Proof.QUERY, detail)
            for one in gone:
                tx.deliveries.take_back(one.uid, to, f"{to} took it and {query} does not find it: sent again")
        if gone:
            return f"{to} does not hold {len(gone)} objects that it took ({query}): they are sent again"
        return f"{to} took {len(missing)} objects that {query} does not find yet" if missing else ""
