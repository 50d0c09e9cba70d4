"""The sender: one delivery request in, every result object at its destination, each with its proof."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from service.config import Destination
from service.errors import PeerUnavailable, Permanent
from service.send.scu import OutgoingObject, Sent
from service.storage.deliveries import DeliveryState, Proof
from service.storage.ledger import Ledger, Transaction
from service.storage.port import InstanceStore
from service.study.messages import DeliveryRequest
from service.study.state import StudyEvent, StudyState

log = structlog.get_logger()

SendInstances = Callable[[Destination, Sequence[OutgoingObject]], Sequence[Sent]]
"""Sends objects over one association. Raises PeerUnavailable when there is none to be had."""


class Sender:
    """Delivers result objects. An object that a destination has is never sent to it again."""

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        destinations: Mapping[str, Destination],
        send_instances: SendInstances,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._destinations = destinations
        self._send_instances = send_instances

    def handle(self, body: dict[str, Any]) -> None:
        """Do what a DeliveryRequest asks for.

        Raises PeerUnavailable when the destination cannot take everything now, Permanent for a destination
        that is not configured.
        """
        request = DeliveryRequest.from_json(body)
        destination = self._destination(request.destination)
        with self._ledger.read() as tx:
            waiting = tx.deliveries.waiting(request.study_instance_uid, request.revision, request.destination)
        objects = [
            OutgoingObject(stored.sop_class_uid, stored.sop_instance_uid, self._store.get(stored.key))
            for stored in waiting
        ]
        sent = self._send_instances(destination, objects) if objects else ()
        with self._ledger.begin() as tx:
            for one in sent:
                _mark(tx, one, request.destination)
            _settle(tx, request)
        self._log(request, sent)
        later = [one.detail for one in sent if one.retryable]
        if later:
            raise PeerUnavailable(f"{request.destination} did not take everything: {later[0]}")

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

    def _log(self, request: DeliveryRequest, sent: Sequence[Sent]) -> None:
        log.info(
            "results sent",
            study_instance_uid=request.study_instance_uid,
            destination=request.destination,
            accepted=sum(one.accepted for one in sent),
            refused=sum(not one.accepted for one in sent),
        )


def _mark(tx: Transaction, sent: Sent, destination: str) -> None:
    if sent.accepted:
        state, proof = DeliveryState.DELIVERED, Proof.STORE_STATUS
    else:
        state = DeliveryState.WAITING if sent.retryable else DeliveryState.REJECTED
        proof = Proof.NONE
    tx.deliveries.mark(sent.sop_instance_uid, destination, state, proof, sent.detail)


def _settle(tx: Transaction, request: DeliveryRequest) -> None:
    """Move the study on when every object has arrived everywhere, or was turned away."""
    study = tx.studies.lock(request.study_instance_uid)
    if (study.revision, study.state) != (request.revision, StudyState.REPORTED):
        return
    deliveries = tx.deliveries.of_study(request.study_instance_uid, request.revision)
    if any(delivery.state is DeliveryState.WAITING for delivery in deliveries):
        return
    rejected = [delivery for delivery in deliveries if delivery.state is DeliveryState.REJECTED]
    if rejected:
        reason = f"{rejected[0].destination} rejected {len(rejected)} objects: {rejected[0].detail}"
        tx.studies.move(request.study_instance_uid, StudyEvent.GAVE_UP, reason)
        return
    places = ", ".join(sorted({delivery.destination for delivery in deliveries}))
    tx.studies.move(
        request.study_instance_uid,
        StudyEvent.ALL_DELIVERED,
        f"{len(deliveries)} objects delivered to {places}",
    )
