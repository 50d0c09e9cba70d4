"""A person has a study's results sent once more, on its page: to a PACS that has lost them, say."""

from uuid import uuid4

from service.errors import NotInThisState
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.deliveries import DeliveryState
from service.study.messages import DeliveryRequest
from service.study.state import StudyState

SENT_AGAIN = "sent_again"
"""Event of a study's history that moves no state."""
_DONE = (DeliveryState.DELIVERED, DeliveryState.SENT)


def send_again(tx: Transaction, study_instance_uid: str, by: str) -> str:
    """Ask for all objects of the newest results at every destination that had taken them. Returns what was
    done. The objects are the same, so a destination that still holds one holds it once.

    Raises KeyError for an unknown study, NotInThisState for one that is not delivered.
    """
    study = tx.studies.lock(study_instance_uid)
    if study.state is not StudyState.DELIVERED:
        raise NotInThisState(
            f"results are sent again once they have been delivered; now the study is {study.state}: "
            f"{study.reason}"
        )
    there = [one for one in tx.deliveries.of_study(study_instance_uid, study.revision) if one.state in _DONE]
    destinations = sorted({one.destination for one in there})
    if not destinations:
        raise NotInThisState("no destination was sent anything: its rule names none")
    for one in there:
        tx.deliveries.ask_again(one.sop_instance_uid, one.destination, f"to be sent again, asked for by {by}")
    for destination in destinations:
        request = DeliveryRequest(study_instance_uid, study.revision, destination)
        tx.outbox.insert(str(uuid4()), request.queue, request.to_json())
    done = f"{len(there)} objects are sent again to {', '.join(destinations)}"
    tx.studies.note(study_instance_uid, SENT_AGAIN, f"{done}, asked for by {by}")
    return done
