"""A collector of traces: OTLP over HTTP, on a thread. It keeps what comes, as bytes and as it reads."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from tests.servers.process import HOST

Values = dict[str, Any]


@dataclass(frozen=True)
class Received:
    """One span, IDs in hexadecimal."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]
    """Trace IDs."""
    start_ns: int
    end_ns: int
    attributes: Values
    is_error: bool


class Collector:
    """Listens from its making on."""

    def __init__(self, port: int = 0) -> None:
        self.bodies: list[bytes] = []
        self.spans: list[Received] = []
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer((HOST, port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What `traces.endpoint` is set to."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def take(self, body: bytes) -> None:
        """A request has come."""
        self.bodies.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            service = str(_attributes(resource.resource.attributes)["service.name"])
            for scope in resource.scope_spans:
                self.spans += [_received(service, span) for span in scope.spans]

    def wait_for(self, ready: Callable[[list[Received]], bool], timeout_s: float = 60.0) -> list[Received]:
        """The spans, once they are what is waited for. Raises TimeoutError with their names."""
        deadline = time.monotonic() + timeout_s
        while not ready(spans := list(self.spans)):
            if time.monotonic() > deadline:
                raise TimeoutError(str([(one.service, one.name) for one in spans]))
            time.sleep(0.1)
        return spans

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def collecting(port: int = 0) -> Iterator[Collector]:
    """A collector for a while."""
    collector = Collector(port)
    try:
        yield collector
    finally:
        collector.close()


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            is_ours = self.path == "/v1/traces"
            if is_ours:
                collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                collector.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if is_ours else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _received(service: str, span: Any) -> Received:
    return Received(
        service=service,
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        links=tuple(link.trace_id.hex() for link in span.links),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_attributes(span.attributes),
        is_error=span.status.code == span.status.STATUS_CODE_ERROR,
    )


def _attributes(pairs: Any) -> Values:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(one) for one in value.array_value.values)
    return getattr(value, kind) if kind else None
