"""What a route means in the ledger: an analysis and its request for each classifier, in one transaction."""

from service.enqueue.routing import Route
from service.storage.ledger import Transaction
from service.study.messages import InferenceRequest
from service.study.model import Study


def queue_analyses(tx: Transaction, study: Study, found: Route, *, early: bool = False) -> None:
    """Enter what the classifiers of the route are to do on the revision that `study` has."""
    uid, revision = study.study_instance_uid, study.revision
    for classifier, destinations in found.classifiers.items():
        series = found.series.get(classifier, ())
        tx.analyses.queue(uid, revision, classifier, destinations, series, early=early)
        assumed = found.assumed_body_parts.get(classifier, "")
        tx.outbox.add(InferenceRequest(uid, revision, classifier, found.priority, assumed))
    tx.studies.set_priority(uid, found.priority)
