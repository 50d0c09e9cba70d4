"""Every kind of span."""

from service.study.state import StudyState
from service.telemetry.metrics.scanners import FROM_CONFIGURATION
from service.telemetry.traces.definition import define

MODALITIES = ("CR", "CT", "DX", "MG", "MR", "NM", "OT", "PT", "RF", "SC", "SR", "US", "XA")
OTHER = "other"

_OUTCOME = (
    "as in `preread_work_total`: `done`, `refused`, `retried`, `struck`, `dead_letter`, `overtaken`, `newer`"
)
_WORK = {
    "queue": "the queue that it came from",
    "attempt": "1 for the first time that the work is tried",
    "outcome": _OUTCOME,
    "urgent": "whether it went before routine work",
}

RECEIVE = define(
    "receive",
    ("accept",),
    "What one sender brings in one go: over an association, in a STOW-RS request, in a sweep of the watched "
    "folder; from its first instance to its end. In a trace of its own, since it may bring several studies.",
    {
        "scanner": FROM_CONFIGURATION,
        "instances": "instances that were kept",
        "refused": "instances that were not",
        "bytes": "bytes of datasets that were kept",
        "studies": "hashes of the Study Instance UIDs that came, 16 at most",
    },
    kind="server",
)
BEGIN = define(
    "study",
    ("accept", "worklist"),
    "The root. A revision of a study begins: from the reception of its first image until that is in the "
    "ledger. The rest of the trace comes later; some of it days later.",
    {"event": "why: a name of `StudyEvent` in service/study/state.py", "priority": "`routine` or `urgent`"},
)
RECEIVED = define(
    "study.receive",
    ("accept",),
    "What one `receive`, which is linked, brought of this study. One that did not end in order has none.",
    {"scanner": FROM_CONFIGURATION, "instances": "instances that were kept", "bytes": "bytes of them"},
)
_ENDS = {
    "event": "what ended it: a name of `StudyEvent`",
    "state": "the state that followed",
    "priority": "`routine` or `urgent`",
}
_STATES = {
    StudyState.RECEIVED: "Waited to be complete: from the last image, or the beginning of the revision.",
    StudyState.ASSEMBLED: "Waited to be routed, perhaps for priors.",
    StudyState.QUEUED: "Waited for its analyses, and was analysed.",
    StudyState.INFERRED: "Waited for its report, and was reported.",
    StudyState.REPORTED: "Was sent. Ended by `all_delivered`, every object is proven to have arrived.",
}
IN_STATE = {state: define(f"state.{state}", (), meaning, _ENDS) for state, meaning in _STATES.items()}
"""Of the states that a study leaves by itself."""
ASSEMBLE = define(
    "assemble",
    ("accept",),
    "The study was looked at, and found complete, over its ceiling, or to be parked. Looks that end in "
    "waiting are not told.",
    {
        "outcome": "`complete`, `process_at_ceiling` or `park`",
        "instances": "instances of the study",
        "modality": f"one of {', '.join(MODALITIES)}, or `{OTHER}`; the first of several",
    },
)
ROUTE = define(
    "route",
    ("accept",),
    "The routing rules were applied, and work entered in the outbox.",
    {
        "classifiers": "classifiers that are to read it, 16 at most",
        "rules": "names of the rules that matched, 16 at most",
        "outcome": "`queued`, `prior`, `nothing_to_analyse` or `early`",
    },
)
PUBLISH = define(
    "publish",
    ("accept",),
    "The relay moves a message from the outbox to RabbitMQ, which has confirmed it. Its `traceparent` goes "
    "along as a header of the message.",
    {"queue": "the queue that it goes to"},
    kind="producer",
)
ANALYSE = define(
    "analyse",
    ("infer",),
    "One classifier reads a study.",
    _WORK
    | {
        "classifier": "its name",
        "images": "images that were read anew; known scores are not made again",
        "scored": "images with a score",
        "refused": "images without",
    },
    kind="consumer",
)
READ = define(
    "read",
    ("infer",),
    "One image is loaded, decoded, prepared and handed to the engine: of the first 32 images of an analysis.",
    {"bytes": "size of the file", "frames": "frames that are looked at"},
)
SCORE = define(
    "score",
    ("infer",),
    "The wait for the engine's answer to one image, and its heatmap: of the first 32 images of an analysis. "
    "Batches are shared by several studies, so the time of a batch belongs to none of them: it is in "
    "`preread_engine_seconds`.",
    {"frames": "frames that were scored", "outcome": "`scored`, `unfamiliar` or `refused`"},
)
REPORT = define(
    "report",
    ("send",),
    "The result objects of a study are written.",
    _WORK | {"objects": "result objects"},
    kind="consumer",
)
WRITE = define(
    "write",
    ("send",),
    "The objects of one analysis are built, checked and kept.",
    {"classifier": "its name", "objects": "result objects", "held": "of these, those that are held back"},
)
ASSESS = define("assess", ("send",), "What people say of results is written.", _WORK, kind="consumer")
DELIVER = define(
    "deliver",
    ("send",),
    "The result objects of a study are sent to one destination, as far as that can be done now.",
    _WORK
    | {
        "destination": "its name in the configuration",
        "proof": "once all objects are proven to have arrived: by what, a name of `Proof` in "
        "service/storage/ledger/tables/deliveries.py; the weakest of several",
    },
    kind="consumer",
)
SEND = define(
    "send",
    ("send",),
    "One result object is offered to the destination.",
    {
        "destination": "its name in the configuration",
        "kind": "the kind of object",
        "bytes": "size of the object",
        "outcome": "`accepted`, `rejected` or `later`",
        "status": "DICOM status, four hexadecimal digits",
    },
    kind="client",
)
CONFIRM = define(
    "confirm",
    ("send",),
    "The destination is asked for the proof that it holds what it was sent.",
    {"destination": "its name in the configuration", "waits": "whether the proof is still to come"},
    kind="client",
)
COMMITMENT = define(
    "commitment",
    ("send", "accept"),
    "A destination's report of storage commitment has come and was entered.",
    {
        "destination": "its name in the configuration",
        "committed": "objects that it keeps",
        "failed": "objects that it does not",
    },
    kind="server",
)
WORK = {"inference": ANALYSE, "report": REPORT, "assessment": ASSESS, "delivery": DELIVER}
"""By the kind of message that asks for the work."""


def modality_of(modalities: tuple[str, ...]) -> str:
    """One that is known: a sender may write anything there."""
    first = next(iter(modalities), "")
    return first if first in MODALITIES else OTHER
