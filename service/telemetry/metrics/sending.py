"""The stage `send`."""

from service.telemetry.metrics.definition import WORK_S, Stage

STAGE = Stage("Sending (role `send`)")

DESTINATION = "a destination of the configuration"

OBJECTS = STAGE.counter(
    "preread_objects_sent_total",
    "Result objects that a destination was offered. `later`: it has no resources now, and they are sent "
    "again.",
    {"destination": DESTINATION, "outcome": "`accepted`, `rejected` or `later`"},
)
OBJECT_SECONDS = STAGE.histogram(
    "preread_object_send_seconds",
    "Time until the destination has answered one object, in seconds.",
    WORK_S,
    {"destination": DESTINATION},
)
