"""What every role tells of itself."""

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector

from service.telemetry.metrics.definition import REGISTRY, Stage

STAGE = Stage("Every role")

ROLE = STAGE.define(
    "preread_role_info",
    "gauge",
    "1; which role this process plays, and its version.",
    {"role": "`accept`, `infer`, `send` or `worklist`", "version": "of Preread"},
)
STUCK_LOOPS = STAGE.define(
    "preread_loops_stuck", "gauge", "Loops of this process that have not turned for `metrics.stuck_after_s`."
)

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
