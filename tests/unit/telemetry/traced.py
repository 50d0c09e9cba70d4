"""Spans of a test, kept in memory by OpenTelemetry's own exporter."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from service.telemetry.traces.otel import OtelTracer, RootIds
from service.telemetry.traces.tracing import TRACES


class Spans:
    """Those that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def all(self) -> tuple[ReadableSpan, ...]:
        """In the order in which they ended."""
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        """The only one of this name."""
        (found,) = [span for span in self.all() if span.name == name]
        return found

    @property
    def names(self) -> list[str]:
        """Of all."""
        return [span.name for span in self.all()]


@contextmanager
def kept_spans(sample_ratio: float = 1.0) -> Iterator[Spans]:
    """Traces are on in this process."""
    ids, exporter = RootIds(), InMemorySpanExporter()
    provider = TracerProvider(
        sampler=TraceIdRatioBased(sample_ratio), id_generator=ids, shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    TRACES.use(OtelTracer(provider, ids))
    try:
        yield Spans(exporter)
    finally:
        TRACES.use(None)
        provider.shutdown()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """Of one."""
    return dict(span.attributes or {})


def parent_id(span: ReadableSpan) -> int:
    """Which must be there."""
    assert span.parent is not None
    return span.parent.span_id
