"""Structured logs without patient data: UIDs are hashed, since a UID leads to a patient."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from service.telemetry.traces.tracing import TRACES
from service.telemetry.uid_hash import uid_hash


def configure_logs(log_format: Literal["console", "json"], show_uids: bool = False) -> None:
    """Send logs to standard error, for a person (`console`) or a machine (`json`).

    Values under keys that end in `_uid` are replaced by `uid_hash` of them unless `show_uids` is set.
    """
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            add_trace,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if show_uids else [hash_uids]),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # The libraries' own logs may quote datasets, and what fails is logged by whoever called them.
    for library in ("pydicom", "pynetdicom", "pika", "alembic", "sqlalchemy", "uvicorn", "opentelemetry"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


def hash_uids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace every value under a key that ends in `_uid`."""
    for key, value in event.items():
        if key.endswith("_uid") and isinstance(value, str):
            event[key] = uid_hash(value)
    return event


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Where this line belongs in the traces, if they are on."""
    if traceparent := TRACES.current.traceparent:
        _, event["trace_id"], event["span_id"], _ = traceparent.split("-")
    return event
