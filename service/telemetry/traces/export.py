"""From this process to the collector, by OTLP over HTTP. Imported only where traces are on.

Spans wait in a queue of bounded length, on a thread of its own: who makes one never waits. What the collector
does not take in time is dropped, and so is what does not fit: studies come first.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import structlog
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from service.config.traces import TracesSettings
from service.errors import ConfigurationError
from service.telemetry.traces.otel import OtelTracer, RootIds
from service.telemetry.traces.tracing import TRACES

log = structlog.get_logger()

PATH = "/v1/traces"
MOST_WAITING = 2048
BATCH = 256
"""Spans in one request."""
EVERY_S = 2.0
"""How long a span waits for company."""
MS_PER_S = 1000


class Watched(SpanExporter):
    """Says in the log when the collector is away, and when it is back, once each."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch. Raises nothing: the thread that calls this must live on."""
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # outermost edge
            log.warning("spans could not be sent", error=type(error).__name__)
            result = SpanExportResult.FAILURE
        self._say(result is not SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        """No more come."""
        self._exporter.shutdown()

    def _say(self, is_away: bool) -> None:
        if is_away and not self._is_away:
            log.warning("the collector of traces takes nothing: spans are dropped until it does")
        elif self._is_away and not is_away:
            log.info("the collector of traces is back")
        self._is_away = is_away


@contextmanager
def exporting(settings: TracesSettings, resource: Mapping[str, str]) -> Iterator[None]:
    """While this lasts, the spans of this process are sent. `resource` says what it is.

    Raises ConfigurationError for files that cannot be used.
    """
    ids = RootIds()
    provider = TracerProvider(
        sampler=TraceIdRatioBased(settings.sample_ratio),
        resource=Resource.create({**resource, "service.instance.id": str(uuid4())}),
        id_generator=ids,
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            Watched(open_exporter(settings)),
            max_queue_size=MOST_WAITING,
            max_export_batch_size=BATCH,
            schedule_delay_millis=EVERY_S * MS_PER_S,
            export_timeout_millis=settings.timeout_s * MS_PER_S,
        )
    )
    TRACES.use(OtelTracer(provider, ids))
    try:
        yield
    finally:
        TRACES.use(None)
        # Not on this thread: with a collector that is away, each batch takes its time.
        last = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
        last.start()
        last.join(settings.timeout_s)


def open_exporter(settings: TracesSettings) -> SpanExporter:
    """It asks nobody yet. Raises ConfigurationError."""
    if settings.ca and not settings.ca.is_file():
        raise ConfigurationError(f"traces.ca {settings.ca} is no file: name a PEM file with certificates")
    return OTLPSpanExporter(
        endpoint=settings.endpoint + PATH,
        headers=read_headers(settings.headers_file) if settings.headers_file else {},
        certificate_file=str(settings.ca) if settings.ca else None,
        timeout=settings.timeout_s,
        compression=Compression.Gzip if settings.compression == "gzip" else Compression.NoCompression,
    )


def read_headers(path: Path) -> dict[str, str]:
    """The lines `NAME: VALUE` of a file. Raises ConfigurationError, which never shows a value."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"traces.headers_file {path} cannot be read: {type(error).__name__}"
        ) from None
    headers = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not name.strip() or not value.strip():
            raise ConfigurationError(f"traces.headers_file {path}, line {number}: write it as NAME: VALUE")
        headers[name.strip().lower()] = value.strip()
    return headers
