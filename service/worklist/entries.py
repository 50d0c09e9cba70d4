"""What the worklist shows: values made from the ledger, ready for a page or for JSON.

A study without a score carries the reason for it. Nothing here turns "not analysed" into a number.
"""

from dataclasses import dataclass
from datetime import datetime

from service.storage.ledger.questions.study_log import LogEntry
from service.storage.ledger.tables.deliveries import Delivery, DeliveryState, Proof
from service.storage.ledger.tables.leases import GivenUp
from service.storage.ledger.tables.notices import Notice
from service.storage.ledger.tables.studies import HistoryEntry
from service.study.assessment import Verdict
from service.study.model import Priority, StudyHeader
from service.study.result import ImageRefusal
from service.study.state import AnalysisState, StudyState


@dataclass(frozen=True, slots=True)
class LesionEntry:
    """Diameters of a lesion that was found; None where the header does not say how large pixels are."""

    long_axis_mm: float | None
    short_axis_mm: float | None


@dataclass(frozen=True, slots=True)
class ScoreEntry:
    """One scored image, or one frame of a cine.

    `probability` is calibrated, 0 to 1. `laterality` is "L", "R" or "" where the header does not say.
    `heatmap` is the path of its picture on this server, empty while there is none. `finds_lesions` says
    whether the classifier looks for lesions; then `lesion` is None where it found none.
    """

    sop_instance_uid: str
    frame_number: int | None
    laterality: str
    probability: float
    positive: bool
    category: str
    heatmap: str
    finds_lesions: bool = False
    lesion: LesionEntry | None = None


@dataclass(frozen=True, slots=True)
class AssessmentEntry:
    """What a person last said of a classifier's result. `revision` is that of the result it was said of."""

    verdict: Verdict
    category: str
    comment: str
    assessed_by: str
    assessed_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class ClassifierEntry:
    """What one classifier says of a study, or why it says nothing.

    `score` is the most suspicious image of the study, `breasts` that of each side, `images` all of them; None
    and empty where nothing was scored. `outdated` means that the scores are of an earlier `revision`, because
    this one has none (yet): more images have come since.
    """

    name: str
    title: str
    version: str
    state: AnalysisState
    reason: str
    revision: int
    outdated: bool
    threshold: float | None
    score: ScoreEntry | None
    breasts: tuple[ScoreEntry, ...]
    images: tuple[ScoreEntry, ...]
    refusals: tuple[ImageRefusal, ...]
    assessment: AssessmentEntry | None = None


@dataclass(frozen=True, slots=True)
class DestinationEntry:
    """Where a study's newest result objects stand at one destination: the worst of them speaks for all.

    `proof` is the weakest proof among them, and `detail` the words that came with it.
    """

    destination: str
    state: DeliveryState
    delivered: int
    total: int
    proof: Proof
    detail: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WorklistEntry:
    """One study in the list. `research` is set unless the classifiers are cleared for clinical use here."""

    study_instance_uid: str
    revision: int
    state: StudyState
    reason: str
    priority: Priority
    instance_count: int
    received_at: datetime
    updated_at: datetime
    header: StudyHeader
    research: bool
    heatmap_available: bool
    classifiers: tuple[ClassifierEntry, ...]
    destinations: tuple[DestinationEntry, ...]


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """One result object and what became of it at each destination. `fault`: why it may not be sent."""

    kind: str
    classifier: str
    revision: int
    sop_class_uid: str
    sop_instance_uid: str
    created_at: datetime
    deliveries: tuple[Delivery, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class StudyDetail:
    """One study with all that is known of it.

    `images_removed` says that the images of this revision are not here any more, and why; empty otherwise.
    `given_up`: what nobody tries again by himself, the newest first. `others`: the newest other studies with
    the same Patient ID.
    """

    entry: WorklistEntry
    history: tuple[HistoryEntry, ...]
    objects: tuple[ObjectEntry, ...]
    images_removed: str = ""
    given_up: tuple[GivenUp, ...] = ()
    others: tuple[WorklistEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyLog:
    """What every role did about one study, oldest first. Nothing of the patient is in it."""

    study_instance_uid: str
    entries: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """Part of the list, newest study first. `next` is the `before` of the following page, empty on the last.
    A page that is not the last may have fewer entries than `limit`, or none: it looks only so far back.

    `counts` holds the states of all studies, not only of these; nobody counts further than `counted_up_to`:
    what is more than that is one more. `notices` say what is wrong with the service itself.
    """

    entries: tuple[WorklistEntry, ...]
    limit: int
    next: str
    counts: dict[StudyState, int]
    counted_up_to: int
    notices: tuple[Notice, ...] = ()
