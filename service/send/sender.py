"""The sender: one delivery request in, every result object at its destination, each with its proof."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from service.config import Destination
from service.errors import NotConfirmed, PeerUnavailable, Permanent
from service.send.confirmation import Confirmation
from service.send.link import Link, OpenLink
from service.send.outcome import Sent
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.steps.delivered import settle
from service.storage.ledger.steps.fence import Fence, unfenced
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.storage.store.port import InstanceStore
from service.study.messages import DeliveryRequest
from service.study.state import StudyEvent, StudyState
from service.telemetry.metrics.sending import OBJECT_SECONDS, OBJECTS
from service.telemetry.traces.spans import CONFIRM, SEND
from service.telemetry.traces.tracing import TRACES

log = structlog.get_logger()

_OPEN = (DeliveryState.WAITING, DeliveryState.SENT)


class Sender:
    """Delivers result objects. What a destination has taken is sent again only where it does not hold it."""

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        destinations: Mapping[str, Destination],
        open_link: OpenLink,
        wait_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._destinations = destinations
        self._open_link = open_link
        self._confirmations = {
            name: Confirmation(ledger, destination, open_link, wait_s, now)
            for name, destination in destinations.items()
        }

    def handle(self, body: dict[str, Any], fence: Fence = unfenced) -> None:
        """Do of a DeliveryRequest what can be done now; repeat it until nothing is raised.

        What a PACS answers is entered where the fence lets it through.

        Raises PeerUnavailable when the destination cannot take everything now, NotConfirmed while it has not
        confirmed that it holds everything, Permanent for a destination that is not configured.
        """
        request = DeliveryRequest.from_json(body)
        destination = self._destination(request.destination)
        try:
            waits = self._deliver(request, destination, fence)
        except PeerUnavailable as error:
            self._settle(request, str(error))
            raise
        left = self._settle(request, waits)
        if left:
            raise NotConfirmed(waits or left)

    def give_up(self, body: dict[str, Any], reason: str) -> None:
        """Enter that a request became a dead letter."""
        request = DeliveryRequest.from_json(body)
        with self._ledger.begin() as tx:
            study = tx.studies.lock(request.study_instance_uid)
            if (study.revision, study.state) == (request.revision, StudyState.REPORTED):
                tx.studies.move(
                    request.study_instance_uid,
                    StudyEvent.GAVE_UP,
                    f"results could not be sent to {request.destination}: {reason}",
                )

    def _destination(self, name: str) -> Destination:
        try:
            return self._destinations[name]
        except KeyError:
            raise Permanent(
                f"destination {name!r} is not configured here; configured: {', '.join(self._destinations)}"
            ) from None

    def _deliver(self, request: DeliveryRequest, destination: Destination, fence: Fence) -> str:
        """Send what waits and confirm what was sent; why some of it is not confirmed."""
        with self._ledger.read() as tx:
            key = request.study_instance_uid, request.revision, request.destination
            waiting, unconfirmed = tx.deliveries.waiting(*key), tx.deliveries.sent(*key)
        confirmation = self._confirmations[request.destination]
        if not waiting and not unconfirmed:
            return ""
        if not waiting and (waits := confirmation.only_waits(request)):
            return waits
        classes = dict.fromkeys(one.sop_class_uid for one in waiting)
        with self._open_link(destination, classes) as link:
            later = self._send(link, request, waiting, fence)
            with TRACES.part(CONFIRM, destination=request.destination) as span:
                waits = confirmation.confirm(link, request)
                span.set(waits=bool(waits))
        if later:
            raise PeerUnavailable(f"{request.destination} did not take everything: {later[0]}")
        return waits

    def _send(
        self, link: Link, request: DeliveryRequest, waiting: Sequence[StoredObject], fence: Fence
    ) -> list[str]:
        """Send objects, and enter each before the next; why some have to be sent later."""
        outcomes = []
        for stored in waiting:
            content = self._store.get(stored.key)
            with TRACES.part(
                SEND, destination=request.destination, kind=stored.kind, bytes=len(content)
            ) as span:
                began = time.monotonic()
                sent = link.store(stored, content)
                outcome = _count(sent, request.destination, time.monotonic() - began)
                span.set(outcome=outcome, status=f"{sent.status:04X}")
            with self._ledger.begin() as tx:
                if fence(tx):
                    _mark(tx, sent, request.destination)
            outcomes.append(sent)
        if outcomes:
            self._log(request, outcomes)
        return [sent.detail for sent in outcomes if sent.retryable]

    def _settle(self, request: DeliveryRequest, waits: str) -> str:
        """Move the study on, or say what it waits for: `waits`, or else the words on one of its objects.

        Empty where this destination is done with.
        """
        with self._ledger.begin() as tx:
            study = tx.studies.lock(request.study_instance_uid)
            deliveries = tx.deliveries.of_study(request.study_instance_uid, request.revision)
            own = [d for d in deliveries if d.destination == request.destination]
            left = [d for d in own if d.state in _OPEN]
            settle(tx, request.study_instance_uid, request.revision)
            reason = (waits or left[0].detail) if left else ""
            if reason and study.revision == request.revision:
                tx.studies.explain(request.study_instance_uid, reason, StudyState.REPORTED)
        proofs = [d.proof for d in own if d.state is DeliveryState.DELIVERED]
        if proofs and len(proofs) == len(own):
            TRACES.current.set(proof=min(proofs, key=lambda proof: proof.strength).value)
        return reason

    def _log(self, request: DeliveryRequest, sent: Sequence[Sent]) -> None:
        log.info(
            "results sent",
            study_instance_uid=request.study_instance_uid,
            destination=request.destination,
            accepted=sum(one.is_there for one in sent),
            refused=sum(not one.is_there for one in sent),
        )


def _count(sent: Sent, destination: str, seconds: float) -> str:
    """Returns the outcome by its name."""
    outcome = "accepted" if sent.is_there else "later" if sent.retryable else "rejected"
    OBJECTS.labels(destination, outcome).inc()
    OBJECT_SECONDS.labels(destination).observe(seconds)
    return outcome


def _mark(tx: Transaction, sent: Sent, destination: str) -> None:
    if sent.is_there:
        state = DeliveryState.SENT
    else:
        state = DeliveryState.WAITING if sent.retryable else DeliveryState.REJECTED
    tx.deliveries.mark(sent.sop_instance_uid, destination, state, Proof.NONE, sent.detail)
