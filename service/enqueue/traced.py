"""Messages in the traces of their studies: published, and worked on."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from service.enqueue.port import Delivery, Envelope, NotPublished
from service.enqueue.routing import Route
from service.study.messages import URGENT_SUFFIX
from service.study.model import Study
from service.telemetry.traces.definition import Definition
from service.telemetry.traces.port import NOTHING, Span
from service.telemetry.traces.spans import PUBLISH, ROUTE, WORK
from service.telemetry.traces.tracing import TRACES


@contextmanager
def publishing(envelopes: Sequence[Envelope]) -> Iterator[Sequence[Envelope]]:
    """The same messages, each with the place in its study's trace that its work is to begin at.

    What was not taken is not told: it is published again, and while a broker is away that is often.
    """
    if not TRACES.is_on:
        yield envelopes
        return
    spans = {one.message_id: _span(PUBLISH, one) for one in envelopes}
    not_taken: Collection[str] = spans
    try:
        yield [replace(one, traceparent=spans[one.message_id].traceparent) for one in envelopes]
        not_taken = ()
    except NotPublished as error:
        not_taken = error.reasons
        raise
    finally:
        for message_id, span in spans.items():
            if message_id not in not_taken:
                span.end()


@contextmanager
def working(delivery: Delivery) -> Iterator[None]:
    """Work on a message, below the span from which it was published, if it was."""
    envelope = delivery.envelope
    definition = WORK.get(str(envelope.body.get("kind")))
    span = _span(definition, envelope) if definition else NOTHING
    if span is NOTHING:
        yield
        return
    with TRACES.at(span):
        known = {name: str(envelope.body.get(name, "")) for name in ("classifier", "destination")}
        span.set(attempt=delivery.attempts, urgent=envelope.queue.endswith(URGENT_SUFFIX), **known)
        yield


def tell_route(study: Study, found: Route, outcome: str, began_ns: int) -> None:
    """The rules were applied to a study, and what follows is in the ledger."""
    TRACES.tell(
        ROUTE,
        study.study_instance_uid,
        study.revision,
        began_ns,
        classifiers=tuple(found.classifiers),
        rules=tuple(found.rules),
        outcome=outcome,
    )


def _span(definition: Definition, envelope: Envelope) -> Span:
    """Nothing for a message that names no study."""
    study, revision = envelope.body.get("study_instance_uid"), envelope.body.get("revision")
    if not isinstance(study, str) or not isinstance(revision, int):
        return NOTHING
    span = TRACES.of_study(definition, study, revision, envelope.traceparent)
    span.set(queue=envelope.queue)
    return span
