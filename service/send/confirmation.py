"""What proves that a destination holds what it was sent: the strongest proof that it offers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from service.config import Destination
from service.config.profiles import MESSAGES
from service.send.confirm_by_commitment import CommitmentConfirmation
from service.send.confirm_by_query import QueryConfirmation
from service.send.link import Link, OpenLink
from service.send.unconfirmed import Unconfirmed, unconfirmed
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.study.messages import DeliveryRequest


class Confirmation:
    """Confirms objects at one destination, as `destinations[].confirm` says."""

    def __init__(
        self,
        ledger: Ledger,
        destination: Destination,
        open_link: OpenLink,
        wait_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._destination = destination
        self._open_link = open_link
        self._commitment = CommitmentConfirmation(ledger, destination, wait_s, now)
        self._query = QueryConfirmation(ledger, destination, wait_s, now)

    def only_waits(self, request: DeliveryRequest) -> str:
        """What is waited for, where the destination need not be asked now; else empty."""
        if not self._has_way("commitment"):
            return ""
        return self._commitment.awaits_all(request, self._unconfirmed(request))

    def confirm(self, link: Link, request: DeliveryRequest) -> str:
        """Enter what is proven now; what the rest waits for. Raises PeerUnavailable."""
        left: Sequence[Unconfirmed] = self._unconfirmed(request)
        why, waits = "", []
        if left and self._has_way("commitment"):
            step = self._commitment.confirm(link, request, left)
            left, why = step.left, step.why
            waits.append(step.waits)
        if left and self._has_way("query"):
            with self._living(link) as living:
                step = self._query.confirm(living, left, why)
            left, why = step.left, step.why
            waits.append(step.waits)
        self._by_status(link.status_proof, left, why)
        return next(filter(None, waits), "")

    @contextmanager
    def _living(self, link: Link) -> Iterator[Link]:
        """The same link, or another one where a PACS did not like what it was asked and hung up."""
        if link.is_open:
            yield link
            return
        with self._open_link(self._destination, ()) as another:
            yield another

    def _has_way(self, way: str) -> bool:
        is_message = self._destination.way in MESSAGES
        return not is_message and self._destination.confirm in ("auto", way)

    def _unconfirmed(self, request: DeliveryRequest) -> tuple[Unconfirmed, ...]:
        with self._ledger.read() as tx:
            return unconfirmed(tx, request)

    def _by_status(self, proof: Proof, objects: Sequence[Unconfirmed], why: str) -> None:
        """Nothing tells more than the answer to storing."""
        with self._ledger.begin() as tx:
            for one in objects:
                detail = f"{one.detail}; {why}" if why else one.detail
                tx.deliveries.mark(one.uid, self._destination.name, DeliveryState.DELIVERED, proof, detail)
