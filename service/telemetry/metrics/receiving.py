"""The stage `accept`."""

from service.telemetry.metrics.definition import STUDY_S, Stage
from service.telemetry.metrics.scanners import FROM_CONFIGURATION

STAGE = Stage("Receiving (role `accept`)")

ASSOCIATIONS = STAGE.counter(
    "preread_associations_total",
    "Requests for an association, by what they were answered.",
    {"scanner": FROM_CONFIGURATION, "outcome": ("accepted", "rejected")},
)
REJECTIONS = STAGE.counter(
    "preread_associations_rejected_total",
    "Associations that were rejected, by the reason.",
    {"reason": "a name of `Rejection` in service/accept/admission/admission.py, in small letters"},
)
ABORTS = STAGE.counter("preread_associations_aborted_total", "Associations that we have aborted.")
OPEN_ASSOCIATIONS = STAGE.gauge("preread_associations_open", "Associations that are open.")
ASSOCIATION_SECONDS = STAGE.histogram(
    "preread_association_seconds", "From A-ASSOCIATE-AC to the end of the association, in seconds.", STUDY_S
)
INSTANCES = STAGE.define(
    "preread_instances_total",
    "counter",
    "Instances that were answered: by C-STORE, STOW-RS or the watched folder.",
    {
        "scanner": FROM_CONFIGURATION,
        "status": "a name of `StoreStatus` in service/accept/instance/status.py, in small letters",
    },
)
RECEIVED_BYTES = STAGE.define(
    "preread_received_bytes_total",
    "counter",
    "Bytes of datasets that were kept.",
    {"scanner": FROM_CONFIGURATION},
)
ANSWER_SECONDS = STAGE.define(
    "preread_c_store_answer_seconds",
    "histogram",
    "From an instance's last byte until it is durable and can be answered, in seconds.",
)
FREE_BYTES = STAGE.define("preread_space_free_bytes", "gauge", "Free space of the instance store.")
WATERMARK_BYTES = STAGE.define(
    "preread_space_watermark_bytes", "gauge", "Free space under which nothing is received."
)
SPACE_LOW = STAGE.define(
    "preread_space_low", "gauge", "1 while senders are turned away for want of space, else 0."
)
JOURNAL_WAITING = STAGE.define(
    "preread_journal_waiting_instances", "gauge", "Instances that are acknowledged, and in the journal alone."
)
JOURNAL_FILL = STAGE.define(
    "preread_journal_fill_ratio",
    "gauge",
    "Share of the journal's ready segments that records take. Above 1: further segments were made.",
)
