"""Spans by OpenTelemetry's SDK: the only file that makes them, imported only where traces are on."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.telemetry.traces.definition import Definition, Value, told
from service.telemetry.traces.identity import Root, root_of
from service.telemetry.traces.port import Span

NAME = "preread"
"""Of the instrumentation."""
ERROR_TYPE = "error.type"
"""Attribute by OpenTelemetry's semantic conventions."""
_TRACEPARENT = "traceparent"
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_propagator = TraceContextTextMapPropagator()


class RootIds(RandomIdGenerator):
    """Random IDs, but for the root of a study's trace, which are computed."""

    def __init__(self) -> None:
        self._own = threading.local()

    @contextmanager
    def giving(self, root: Root) -> Iterator[None]:
        """On this thread, these are the next ones."""
        self._own.root = root
        try:
            yield
        finally:
            self._own.root = None

    def generate_trace_id(self) -> int:
        """The trace ID of a root."""
        root: Root | None = getattr(self._own, "root", None)
        return root.trace_id if root else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """The ID of any span."""
        root: Root | None = getattr(self._own, "root", None)
        return root.span_id if root else super().generate_span_id()


class OtelSpan:
    """The span port."""

    def __init__(self, tracer: trace.Tracer, span: trace.Span, definition: Definition) -> None:
        self._tracer = tracer
        self._span = span
        self._definition = definition

    @property
    def traceparent(self) -> str:
        """Empty where the sampler has left it out."""
        carrier: dict[str, str] = {}
        if self._span.is_recording():
            _propagator.inject(carrier, trace.set_span_in_context(self._span, Context()))
        return carrier.get(_TRACEPARENT, "")

    def set(self, **attributes: Value) -> None:
        """As defined."""
        if self._span.is_recording():
            self._span.set_attributes(told(self._definition, attributes))

    def failed(self, error: BaseException) -> None:
        """Not `record_exception`: an error's words and its stack's values may quote a dataset."""
        name = type(error).__name__
        self._span.set_attribute(ERROR_TYPE, name)
        self._span.set_status(Status(StatusCode.ERROR, name))

    def below(self, definition: Definition) -> Span:
        """A child."""
        context = trace.set_span_in_context(self._span, Context())
        return _started(self._tracer, definition, context)

    def end(self, ended_ns: int | None = None) -> None:
        """To the exporter's queue."""
        self._span.end(ended_ns)


class OtelTracer:
    """The tracer port. `ids` is the provider's generator."""

    def __init__(self, provider: TracerProvider, ids: RootIds) -> None:
        self._tracer = provider.get_tracer(NAME)
        self._ids = ids

    def of_study(
        self,
        definition: Definition,
        study_instance_uid: str,
        revision: int,
        parent: str,
        links: Sequence[str],
        began_ns: int | None,
    ) -> Span:
        """A parent that is not in the study's trace is not believed."""
        root = root_of(study_instance_uid, revision)
        above = _read(parent)
        if above is None or above.trace_id != root.trace_id:
            above = SpanContext(root.trace_id, root.span_id, is_remote=True, trace_flags=_SAMPLED)
        context = trace.set_span_in_context(NonRecordingSpan(above), Context())
        linked = [Link(place) for link in links if (place := _read(link))]
        return _started(self._tracer, definition, context, linked, began_ns)

    def root(self, definition: Definition, study_instance_uid: str, revision: int, began_ns: int) -> Span:
        """With the IDs that every stage computes."""
        with self._ids.giving(root_of(study_instance_uid, revision)):
            return _started(self._tracer, definition, Context(), (), began_ns)

    def alone(self, definition: Definition) -> Span:
        """With random IDs."""
        return _started(self._tracer, definition, Context())


def _started(
    tracer: trace.Tracer,
    definition: Definition,
    context: Context,
    links: Sequence[Link] = (),
    began_ns: int | None = None,
) -> Span:
    kind = SpanKind[definition.kind.upper()]
    return OtelSpan(
        tracer,
        tracer.start_span(definition.name, context, kind, links=links, start_time=began_ns),
        definition,
    )


def _read(traceparent: str) -> SpanContext | None:
    """None for one that is none, or that nobody has sampled."""
    if not traceparent:
        return None
    context = _propagator.extract({_TRACEPARENT: traceparent}, Context())
    place = trace.get_current_span(context).get_span_context()
    return place if place.is_valid and place.trace_flags.sampled else None
