"""What is true of the ledger as a whole: told by the role `accept`, read from the ledger.

So it is the same with the embedded broker and with RabbitMQ. Several replicas of `accept` tell the same: take
the maximum, not the sum. Counts end at 10 000, so a scrape costs the same however much waits.
"""

from service.telemetry.metrics.analysing import CLASSIFIER
from service.telemetry.metrics.definition import Stage, Values
from service.telemetry.metrics.scanners import FROM_CONFIGURATION
from service.telemetry.metrics.sending import DESTINATION
from service.telemetry.metrics.working import QUEUE

STAGE = Stage("The ledger (role `accept`)")

WAITING_STATES = ("received", "parked", "assembled", "queued", "inferred", "reported", "failed")
_ANALYSIS: dict[str, Values] = {"classifier": CLASSIFIER, "priority": ("routine", "urgent")}
_DELIVERY: dict[str, Values] = {"destination": DESTINATION, "state": ("waiting", "sent")}

LEDGER_UP = STAGE.define("preread_ledger_up", "gauge", "1 while the ledger's database answers, else 0.")
STUDIES = STAGE.define(
    "preread_studies", "gauge", "Studies in a state that is not their good end.", {"state": WAITING_STATES}
)
OLDEST_STUDY = STAGE.define(
    "preread_study_oldest_seconds",
    "gauge",
    "Time since the last image of the study that is in this state for longest, in seconds; `reported` and "
    "final states are left out.",
    {"state": ("received", "assembled", "queued", "inferred")},
)
ANALYSES = STAGE.define(
    "preread_queue_depth", "gauge", "Analyses that a study waits for, with those in hand.", _ANALYSIS
)
OLDEST_ANALYSIS = STAGE.define(
    "preread_queue_oldest_seconds",
    "gauge",
    "Time since the oldest of them was queued, in seconds.",
    _ANALYSIS,
)
OUTBOX = STAGE.define(
    "preread_outbox_messages",
    "gauge",
    "Messages in the ledger's outbox. Embedded it is the queue; with RabbitMQ, what the broker has not "
    "taken yet.",
    {"queue": QUEUE},
)
OLDEST_MESSAGE = STAGE.define(
    "preread_outbox_oldest_seconds", "gauge", "Age of the oldest of them, in seconds.", {"queue": QUEUE}
)
DEAD_LETTERS = STAGE.define(
    "preread_dead_letters",
    "gauge",
    "Pieces of work of present revisions that were given up and left to a person.",
    {"work": QUEUE.replace(", the same with `.urgent`", "")},
)
DELIVERIES = STAGE.define(
    "preread_deliveries",
    "gauge",
    "Result objects on their way: `waiting` to be sent, or `sent` and not proven to have arrived.",
    _DELIVERY,
)
OLDEST_DELIVERY = STAGE.define(
    "preread_delivery_oldest_seconds",
    "gauge",
    "Time since the oldest of them came into this state, in seconds; of `sent` objects, the lag of the "
    "proof.",
    _DELIVERY,
)
NOTICES = STAGE.define(
    "preread_notices",
    "gauge",
    "What keeps the service from its work, as the worklist says it above the list.",
    {"check": ("space", "journal", "broker", "overdue", "other")},
)
LAST_RECEIVED = STAGE.define(
    "preread_scanner_last_received_timestamp_seconds",
    "gauge",
    "When the last image of a scanner came, in seconds since 1970, to within half a minute. There is none "
    "of a scanner that has not sent yet.",
    {"scanner": FROM_CONFIGURATION},
)
