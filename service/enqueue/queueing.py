"""What a route means in the ledger: an analysis and its request for each classifier, in one transaction."""

from service.enqueue.routing import Route
from service.storage.ledger import Transaction
from service.study.messages import InferenceRequest
from service.study.model import Priority, Study


def queue_analyses(tx: Transaction, study: Study, found: Route, *, early: bool = False) -> None:
    """Enter what the classifiers of the route are to do on the revision that `study` has.

    A study that is urgent already stays so, whatever the rules say: a person may have made it so.
    """
    uid, revision = study.study_instance_uid, study.revision
    priority = Priority.URGENT if study.priority is Priority.URGENT else found.priority
    for classifier, destinations in found.classifiers.items():
        series = found.series.get(classifier, ())
        assumed = found.assumed_body_parts.get(classifier, "")
        tx.analyses.queue(
            uid,
            revision,
            classifier,
            destinations,
            series,
            early=early,
            priority=priority,
            assume_body_part=assumed,
        )
        tx.outbox.add(InferenceRequest(uid, revision, classifier, priority, assumed))
    tx.studies.set_priority(uid, priority)
