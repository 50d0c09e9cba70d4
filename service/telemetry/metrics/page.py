"""Every metric as a Markdown page, from the definitions: service/telemetry/METRICS.md, which a test
compares.
"""

from service.telemetry.metrics import (
    analysing,
    in_ledger,
    pages,
    process,
    receiving,
    sending,
    studies,
    working,
)
from service.telemetry.metrics.definition import Definition, Values

STAGES = (
    process.STAGE,
    receiving.STAGE,
    studies.STAGE,
    working.STAGE,
    analysing.STAGE,
    sending.STAGE,
    pages.STAGE,
    in_ledger.STAGE,
)
"""In the order of the page."""

HEAD = """# Metrics

Every role answers `/metrics` in Prometheus' text format, and `/livez` and `/readyz` for an orchestrator, on a
port of its own (settings `metrics`):

| role | port | ready (`/readyz`) |
| --- | --- | --- |
| `accept` | 9850 | it listens, and the instance store answers; the ledger too where each answer asks it |
| `infer` | 9851 | its classifiers are open; store and ledger answer |
| `send` | 9852 | its queues are worked on; store and ledger answer |
| `worklist` | 9853 | store and ledger answer |

`/livez` fails (503) where a loop of the process has not turned for `metrics.stuck_after_s`; ending the
process loses nothing. `/readyz` fails before the role has begun, while something that it needs is away, and
once the process was told to stop. Both say what fails, one line each.

With `preread run` each role is a process of its own, so four targets are scraped. Nobody has to sign in, and
nothing is encrypted: beyond loopback, let only the monitoring reach these ports. No label holds patient data,
a UID or free text: its values are listed here, or they are names of the configuration. Beside these metrics
there are the usual ones of a Python process (`process_*`, `python_*`). Counters begin at 0 with each start.
What commands such as `preread retry` do is counted by nobody, and shows in the ledger's figures.

What to do when one of them is wrong: [RUNBOOK.md](RUNBOOK.md).
"""


def metrics_page() -> str:
    """The whole page."""
    lines = [HEAD]
    for stage in STAGES:
        lines += [f"## {stage.title}", ""]
        for one in stage.definitions:
            lines += _section(one)
    return "\n".join(lines)


def _section(one: Definition) -> list[str]:
    labels = [f"- `{label}`: {_values(values)}" for label, values in one.labels.items()]
    return [
        f"### `{one.name}`",
        "",
        f"{one.kind.capitalize()}. {one.meaning}",
        "",
        *labels,
        *([""] if labels else []),
    ]


def _values(values: Values) -> str:
    return values if isinstance(values, str) else ", ".join(f"`{value}`" for value in values)
