"""Result objects, where each has to go, and what proves that it arrived."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.tables import deliveries, objects


class DeliveryState(StrEnum):
    """Where one object stands at one destination."""

    WAITING = "waiting"
    SENT = "sent"
    """Stored there, by what the destination has answered; it has not confirmed yet that it holds it."""
    DELIVERED = "delivered"
    REJECTED = "rejected"
    HELD = "held"
    """Not sent: it did not pass the conformance gate. `detail` says why."""


class Proof(StrEnum):
    """What tells that a destination holds an object, weakest first."""

    NONE = "none"
    STORE_STATUS = "c-store status"
    STOW_STATUS = "stow-rs status"
    HL7_ACK = "hl7 acknowledgement"
    HTTP_STATUS = "http status"
    QUERY = "query"
    """It was found there, by C-FIND or QIDO-RS."""
    COMMITMENT = "storage commitment"
    """The destination has taken over the responsibility for it (PS3.4 annex J)."""

    @property
    def strength(self) -> int:
        """The higher, the stronger."""
        return list(Proof).index(self)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A result object whose bytes lie in the instance store under `key`. `kind`: `service.config.profiles`.
    `fault`: why it may not be sent; empty for one that passed the conformance gate.
    """

    sop_instance_uid: str
    study_instance_uid: str
    revision: int
    classifier: str
    kind: str
    sop_class_uid: str
    series_instance_uid: str
    key: str
    created_at: datetime
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One object at one destination. `detail` explains the state to a person."""

    sop_instance_uid: str
    destination: str
    study_instance_uid: str
    state: DeliveryState
    proof: Proof
    detail: str
    updated_at: datetime


@dataclass(frozen=True)
class Deliveries:
    """The tables of result objects and of their deliveries."""

    connection: Connection

    def add_object(self, stored: StoredObject) -> None:
        """Enter an object; one that an earlier revision made alike now belongs to this revision."""
        if not insert_if_absent(self.connection, objects, asdict(stored)):
            self.connection.execute(
                update(objects)
                .where(objects.c.sop_instance_uid == stored.sop_instance_uid)
                .values(revision=stored.revision, fault=stored.fault)
            )

    def add(self, stored: StoredObject, destination: str) -> None:
        """Enter that an object has to go to a destination. One that was rejected there is sent again.

        One with a fault is held back.
        """
        waiting = {
            "state": DeliveryState.HELD if stored.fault else DeliveryState.WAITING,
            "proof": Proof.NONE,
            "detail": f"held back: {stored.fault}" if stored.fault else "waiting to be sent",
            "updated_at": datetime.now(UTC),
        }
        key = {
            "sop_instance_uid": stored.sop_instance_uid,
            "destination": destination,
            "study_instance_uid": stored.study_instance_uid,
        }
        if not insert_if_absent(self.connection, deliveries, key | waiting):
            self.connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.sop_instance_uid == stored.sop_instance_uid,
                    deliveries.c.destination == destination,
                    deliveries.c.state.in_((DeliveryState.REJECTED, DeliveryState.HELD)),
                )
                .values(waiting)
            )

    def mark(
        self, sop_instance_uid: str, destination: str, state: DeliveryState, proof: Proof, detail: str
    ) -> None:
        """Enter what became of an object at a destination. What has arrived stays delivered, whatever is said
        later, and a proof gives way to a stronger one only.
        """
        no_stronger = [other for other in Proof if other.strength <= proof.strength]
        may_change = deliveries.c.state != DeliveryState.DELIVERED
        if state is DeliveryState.DELIVERED:
            may_change = or_(may_change, deliveries.c.proof.in_(no_stronger))
        self._change(sop_instance_uid, destination, may_change, state, proof, detail)

    def take_back(self, sop_instance_uid: str, destination: str, detail: str) -> None:
        """A destination does not hold what it was sent: it is sent again. What is delivered stays so."""
        was_sent = deliveries.c.state == DeliveryState.SENT
        self._change(sop_instance_uid, destination, was_sent, DeliveryState.WAITING, Proof.NONE, detail)

    def ask_again(self, sop_instance_uid: str, destination: str, detail: str) -> None:
        """Have it sent once more, though it has arrived."""
        arrived = deliveries.c.state.in_((DeliveryState.SENT, DeliveryState.DELIVERED))
        self._change(sop_instance_uid, destination, arrived, DeliveryState.WAITING, Proof.NONE, detail)

    def _change(
        self,
        sop_instance_uid: str,
        destination: str,
        condition: ColumnElement[bool],
        state: DeliveryState,
        proof: Proof,
        detail: str,
    ) -> None:
        self.connection.execute(
            update(deliveries)
            .where(
                deliveries.c.sop_instance_uid == sop_instance_uid,
                deliveries.c.destination == destination,
                condition,
            )
            .values(state=state, proof=proof, detail=detail, updated_at=datetime.now(UTC))
        )

    def objects_of(self, study_instance_uid: str, revision: int | None = None) -> tuple[StoredObject, ...]:
        """The result objects of a study, of one revision or of all, oldest first."""
        statement = select(objects).where(objects.c.study_instance_uid == study_instance_uid)
        if revision is not None:
            statement = statement.where(objects.c.revision == revision)
        rows = self.connection.execute(
            statement.order_by(objects.c.created_at, objects.c.kind, objects.c.sop_instance_uid)
        )
        return tuple(StoredObject(**row._mapping) for row in rows)

    def of_study(self, study_instance_uid: str, revision: int) -> tuple[Delivery, ...]:
        """All deliveries of one revision's objects, by destination."""
        rows = self.connection.execute(
            select(deliveries)
            .join(objects)
            .where(deliveries.c.study_instance_uid == study_instance_uid, objects.c.revision == revision)
            .order_by(deliveries.c.destination, deliveries.c.sop_instance_uid)
        )
        return tuple(_delivery(row) for row in rows)

    def objects_of_studies(self, study_instance_uids: Sequence[str]) -> tuple[StoredObject, ...]:
        """The result objects of several studies, of every revision, oldest first."""
        rows = self.connection.execute(
            select(objects)
            .where(objects.c.study_instance_uid.in_(study_instance_uids))
            .order_by(objects.c.created_at, objects.c.kind, objects.c.sop_instance_uid)
        )
        return tuple(StoredObject(**row._mapping) for row in rows)

    def of_studies(self, study_instance_uids: Sequence[str]) -> tuple[Delivery, ...]:
        """All deliveries of several studies, of every revision, by destination."""
        rows = self.connection.execute(
            select(deliveries)
            .where(deliveries.c.study_instance_uid.in_(study_instance_uids))
            .order_by(deliveries.c.destination, deliveries.c.sop_instance_uid)
        )
        return tuple(_delivery(row) for row in rows)

    def waiting(self, study_instance_uid: str, revision: int, destination: str) -> tuple[StoredObject, ...]:
        """The objects of one revision that a destination does not have yet."""
        return self._objects_in(DeliveryState.WAITING, study_instance_uid, revision, destination)

    def sent(self, study_instance_uid: str, revision: int, destination: str) -> tuple[StoredObject, ...]:
        """The objects of one revision that a destination has not confirmed yet."""
        return self._objects_in(DeliveryState.SENT, study_instance_uid, revision, destination)

    def _objects_in(
        self, state: DeliveryState, study_instance_uid: str, revision: int, destination: str
    ) -> tuple[StoredObject, ...]:
        rows = self.connection.execute(
            select(objects)
            .join(deliveries)
            .where(
                objects.c.study_instance_uid == study_instance_uid,
                objects.c.revision == revision,
                deliveries.c.destination == destination,
                deliveries.c.state == state,
            )
            # Heatmaps first: when the report arrives, what it refers to is there. Of messages the newer one
            # last: it takes the place of the one before.
            .order_by(objects.c.kind, objects.c.created_at, objects.c.sop_instance_uid)
        )
        return tuple(StoredObject(**row._mapping) for row in rows)


def _delivery(row: Row[Any]) -> Delivery:
    values = row._mapping
    return Delivery(**{**values, "state": DeliveryState(values["state"]), "proof": Proof(values["proof"])})
