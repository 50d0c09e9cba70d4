"""When a study is delivered: decided by whoever enters the last word on its objects."""

from collections.abc import Sequence

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.deliveries import Delivery, DeliveryState, Proof
from service.study.state import StudyEvent, StudyState


def settle(tx: Transaction, study_instance_uid: str, revision: int) -> None:
    """Move the study on when every destination has confirmed every object, or turned it away."""
    study = tx.studies.lock(study_instance_uid)
    if (study.revision, study.state) != (revision, StudyState.REPORTED):
        return
    deliveries = tx.deliveries.of_study(study_instance_uid, revision)
    if any(one.state in (DeliveryState.WAITING, DeliveryState.SENT) for one in deliveries):
        return
    rejected = [one for one in deliveries if one.state is DeliveryState.REJECTED]
    held = [one for one in deliveries if one.state is DeliveryState.HELD]
    if rejected or held:
        tx.studies.move(study_instance_uid, StudyEvent.GAVE_UP, _why_not(rejected, held))
    else:
        tx.studies.move(study_instance_uid, StudyEvent.ALL_DELIVERED, _summary(deliveries))


def _why_not(rejected: Sequence[Delivery], held: Sequence[Delivery]) -> str:
    reasons = []
    if rejected:
        reasons.append(f"{rejected[0].destination} rejected {len(rejected)} objects: {rejected[0].detail}")
    if held:
        objects = len({one.sop_instance_uid for one in held})
        reasons.append(f"{objects} objects were not sent, {held[0].detail}")
    return "; ".join(reasons)


def _summary(deliveries: tuple[Delivery, ...]) -> str:
    """Where the objects went, and what proves it: the weakest proof at each destination speaks for all."""
    proofs: dict[str, Proof] = {}
    for one in deliveries:
        known = proofs.get(one.destination, one.proof)
        proofs[one.destination] = min(known, one.proof, key=lambda proof: proof.strength)
    places = ", ".join(f"{destination} (proof: {proof})" for destination, proof in sorted(proofs.items()))
    return f"{len(deliveries)} objects delivered to {places}"
