"""Every span as a Markdown page, from the definitions: service/telemetry/TRACES.md, which a test compares."""

from collections.abc import Mapping

from service.telemetry.traces import spans
from service.telemetry.traces.definition import COMMON, PREFIX, SPANS, Definition

_STAGES = (spans,)
"""Imported for what it defines."""

HEAD = """# Traces

The way of each study through the roles can be seen as an OpenTelemetry trace. Off by default:

    pip install 'preread[traces]'        # the container images have it

```toml
[traces]
endpoint = "http://127.0.0.1:4318"       # a collector, Tempo, Jaeger: OTLP over HTTP
# headers_file = "/etc/preread/collector-headers"   # lines NAME: VALUE, such as a token for it
```

Every setting: `traces` in [SETTINGS.md](../SETTINGS.md). The roles are the services `preread-accept`,
`preread-infer`, `preread-send` and `preread-worklist`; `OTEL_RESOURCE_ATTRIBUTES` adds to what they say of
themselves. While a role is at a span, its lines in the log have `trace_id` and `span_id`.

## One trace for each revision of a study

Its trace ID is computed: the first 16 bytes of the SHA-256 of `preread trace REVISION STUDY_INSTANCE_UID`;
the next 8 are the ID of its root. So every role finds the trace of the study that it has in hand, after a
crash and without a broker, too, and all of them choose the same studies where `traces.sample_ratio` is below
1. With RabbitMQ a message carries the header `traceparent` (W3C Trace Context), and the work on it stands
below the span that published it. A `traceparent` of another trace is not believed.

- The root is short: it is the beginning of the revision. The trace goes on until the last object is proven to
  have arrived, perhaps days later; then `state.reported` ends with `preread.event` = `all_delivered`.
- What one sender brings is a trace of its own (`receive`), since it may bring several studies.
  `study.receive` in the study's trace links to it.
- What commands do (`preread retry`) is told by nobody: a revision that a command begins has no root, and
  viewers say that it is missing. The rest of it is there.

## What is told, and what is not

No patient data, no UID, no text that came with an image or from a peer. A study is known by the hash that the
logs have, whatever `log_uids` says. Who knows a Study Instance UID can compute hash and trace ID, and so find
the study's trace: let only the monitoring reach the collector, and use https beyond this machine. An error is
told by its type (`error.type`), never by its words; an attribute that is not on this page is not told at all.

## When the collector is away

Nothing waits for it. Up to 2048 spans wait in the memory of each role; then the oldest are dropped, and so is
a batch that is not taken within `traces.timeout_s`. The log says when that begins and when it is over. A role
that ends waits for its last spans for `traces.timeout_s` at most.

## Spans

Those in the trace of a study have these attributes:
"""


def traces_page() -> str:
    """The whole page."""
    lines = [HEAD.rstrip(), "", *_attributes(COMMON)]
    for one in SPANS:
        lines += _section(one)
    return "\n".join(lines)


def _section(one: Definition) -> list[str]:
    who = ", ".join(f"`{role}`" for role in one.roles) or "whichever moves the study on"
    return [
        f"### `{one.name}`",
        "",
        f"Role: {who}; kind: {one.kind}. {one.meaning}",
        "",
        *_attributes(one.attributes),
    ]


def _attributes(attributes: Mapping[str, str]) -> list[str]:
    return [*(f"- `{PREFIX}{name}`: {meaning}" for name, meaning in attributes.items()), ""]
