"""Enter what was written: objects, their deliveries, and what it means for the study."""

from collections.abc import Iterable, Mapping, Sequence

from service.config.profiles import PROFILES, ObjectKind
from service.report.basis import Basis
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.deliveries import StoredObject
from service.study.messages import DeliveryRequest, ReportRequest
from service.study.state import StudyEvent

ObjectsOf = Mapping[str, Sequence[ObjectKind]]
"""The kinds of objects that destinations get, by name."""


def kinds_for(destination: str, objects_of: ObjectsOf) -> Sequence[ObjectKind]:
    """The kinds that a destination gets; the usual ones where nothing else is said."""
    return objects_of.get(destination, PROFILES["generic"])


def enter_objects(
    tx: Transaction, objects: Sequence[StoredObject], destinations: Sequence[str], objects_of: ObjectsOf
) -> dict[str, None]:
    """Enter objects, and their delivery to those `destinations` that get their kind, which are returned."""
    places: dict[str, None] = {}
    for stored in objects:
        tx.deliveries.add_object(stored)
        for destination in destinations:
            if stored.kind in kinds_for(destination, objects_of):
                tx.deliveries.add(stored, destination)
                places[destination] = None
    return places


def ask_for_delivery(tx: Transaction, study_instance_uid: str, revision: int, places: Iterable[str]) -> None:
    """Let the requests to send what waits leave."""
    for destination in places:
        tx.outbox.add(DeliveryRequest(study_instance_uid, revision, destination))


def enter_report(
    tx: Transaction,
    request: ReportRequest,
    basis: Basis,
    written: Mapping[str, Sequence[StoredObject]],
    objects_of: ObjectsOf,
) -> None:
    """Enter objects and deliveries, and let the delivery requests leave. `written` is by classifier."""
    uid, revision = request.study_instance_uid, request.revision
    places: dict[str, None] = {}
    for analysis in basis.analyses:
        places |= enter_objects(tx, written[analysis.classifier], analysis.destinations, objects_of)
    ask_for_delivery(tx, uid, revision, places)
    reason = f"{_objects(basis, written)}{_places(list(places))}"
    if basis.moves_study:
        tx.studies.move(uid, StudyEvent.OBJECTS_WRITTEN, reason)
    elif basis.is_early:
        tx.studies.note(uid, "early_report_written", f"early report, revision {revision}: {reason}")
    else:
        tx.studies.note(uid, "refusal_reported", f"report of why nothing was analysed: {reason}")


def _objects(basis: Basis, written: Mapping[str, Sequence[StoredObject]]) -> str:
    """How many objects there are, and which are those of an earlier report that holds."""
    standing = [
        analysis.classifier
        for analysis, earlier in zip(basis.analyses, basis.earlier, strict=True)
        if earlier and analysis.result and earlier.stands_for(analysis.result)
    ]
    count = sum(len(objects) for name, objects in written.items() if name not in standing)
    parts = [f"{count} objects written"] if count or not standing else []
    parts += [f"the earlier report of {name} stands: there is nothing more to say" for name in standing]
    return "; ".join(parts)


def _places(destinations: Sequence[str]) -> str:
    if destinations:
        return f", being sent to {', '.join(destinations)}"
    return "; no rule names a destination, so they stay here"
