"""The worklist."""

from service.telemetry.metrics.definition import Stage

STAGE = Stage("The worklist (role `worklist`)")

SIGN_INS = STAGE.counter(
    "preread_sign_ins_total",
    "Attempts to sign in to the worklist.",
    {"outcome": ("succeeded", "failed", "blocked")},
)
OPEN_PAGES = STAGE.gauge("preread_worklist_pages_open", "Pages of the worklist that are told of changes now.")
