"""Words of the page: DICOM and ledger values as a radiologist reads them. Filters of the templates."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.study.assessment import Verdict
from service.study.state import AnalysisState, StudyState
from service.worklist.entries import ScoreEntry

STATE_LABELS = {
    StudyState.RECEIVED: "Receiving",
    StudyState.PARKED: "Parked",
    StudyState.ASSEMBLED: "Complete",
    StudyState.QUEUED: "In the queue",
    StudyState.INFERRED: "Analysed",
    StudyState.REPORTED: "Sending results",
    StudyState.DELIVERED: "Delivered",
    StudyState.NOT_ANALYSED: "Not analysed",
    StudyState.PRIOR: "Prior",
    StudyState.KEPT: "Kept",
    StudyState.FAILED: "Failed",
}
NO_SCORE_LABELS = {
    StudyState.PARKED: "Not analysed: incomplete, waits for a decision",
    StudyState.NOT_ANALYSED: "Not analysed",
    StudyState.PRIOR: "Not analysed: fetched as a prior",
    StudyState.KEPT: "Not analysed again: found in the store",
    StudyState.FAILED: "Not analysed: failed",
}
ANALYSIS_LABELS = {
    AnalysisState.QUEUED: "Not analysed yet",
    AnalysisState.SCORED: "Scored",
    AnalysisState.NOT_ANALYSED: "Not analysed",
    AnalysisState.FAILED: "Not analysed: failed",
}
PROOF_LABELS = {
    Proof.NONE: "no proof yet",
    Proof.STORE_STATUS: "accepted by C-STORE status",
    Proof.STOW_STATUS: "accepted by STOW-RS status",
    Proof.HL7_ACK: "acknowledged by HL7",
    Proof.HTTP_STATUS: "accepted by HTTP status",
    Proof.QUERY: "found there by a query",
    Proof.COMMITMENT: "kept by storage commitment",
}
WORK_LABELS = {
    "inference": "Analysis by {}",
    "report": "Writing the result objects",
    "assessment": "Writing what was said of the results",
    "delivery": "Sending the results to {}",
}
OBJECT_LABELS: dict[str, str] = {
    "sr": "Structured Report",
    "heatmap": "Heatmap (Secondary Capture)",
    "cine-heatmap": "Heatmaps of a cine (Multi-frame SC)",
    "presentation": "Outline over the image (Presentation State)",
    "segmentation": "Region (Segmentation)",
    "parametric-map": "Heatmaps as numbers (Parametric Map)",
    "key-objects": "Key images (Key Object Selection)",
    "cad-sr": "Mammography CAD SR",
    "pdf": "Page for people (PDF)",
    "rejection": "Note on replaced results (Key Object Selection)",
    "assessment": "A person's assessment (Structured Report)",
    "hl7": "Message (HL7 ORU^R01)",
    "fhir": "Message (FHIR DiagnosticReport)",
    "webhook": "Message (webhook)",
}
ROLE_LABELS: dict[str, str] = {
    "radiologist": "radiologist",
    "administrator": "administrator",
    "service": "service",
    "people": "a person",
}
"""Of people; processes are called as the commands that start them."""
SIDES = {"L": "Left", "R": "Right", "": "Side not given"}
_FIRST_CJK = "\u2e80"
"""Where the scripts of East Asia begin."""
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})(:?\d{2}(\.\d+)?)?")


DELIVERY_LABELS = {
    DeliveryState.WAITING: "waiting",
    DeliveryState.SENT: "sent",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.REJECTED: "rejected",
    DeliveryState.HELD: "held",
}
VERDICT_LABELS = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.MODIFIED: "Modified",
    Verdict.REJECTED: "Rejected",
}
Translate = Callable[[str], str]
_SECONDS_OF_A_MINUTE = _MINUTES_OF_AN_HOUR = 60
_HOURS_TOLD_AS_SUCH = 48


def lesion_words(score: ScoreEntry, _: Translate = str) -> str:
    """What the classifier found in an image, as far as it looks for lesions."""
    if not score.finds_lesions:
        return ""
    lesion = score.lesion
    if lesion is None:
        return _("No lesion found: the score rests on the whole image")
    if lesion.long_axis_mm is None or lesion.short_axis_mm is None:
        return _("Lesion outlined")
    size = f"{lesion.long_axis_mm:.0f} × {lesion.short_axis_mm:.0f} mm"
    return _("Lesion outlined, {}").format(size)


def state_label(state: StudyState) -> str:
    """A study's state in words."""
    return STATE_LABELS[state]


def no_score_label(state: StudyState | AnalysisState) -> str:
    """What stands in place of a score: never a number, never a colour of a result."""
    if isinstance(state, AnalysisState):
        return ANALYSIS_LABELS[state]
    return NO_SCORE_LABELS.get(state, "Not analysed yet")


def delivery_label(state: DeliveryState) -> str:
    """Where an object stands at a destination, in a word."""
    return DELIVERY_LABELS[state]


def verdict_label(verdict: Verdict) -> str:
    """What a person said of a result, in a word."""
    return VERDICT_LABELS[verdict]


def proof_label(proof: Proof) -> str:
    """What shows that a destination holds the objects, in words."""
    return PROOF_LABELS[proof]


def work_label(work: str, _: Translate = str) -> str:
    """A piece of work as its lease calls it, in words."""
    kind, _dot, name = work.partition(".")
    return _(WORK_LABELS.get(kind, kind)).format(name)


def object_label(kind: str) -> str:
    """A kind of result object, in words."""
    return OBJECT_LABELS.get(kind, kind)


def role_label(role: str) -> str:
    """Who does something, in words."""
    return ROLE_LABELS.get(role, role)


def side(laterality: str) -> str:
    """Which breast, in words."""
    return SIDES.get(laterality, SIDES[""])


def percent(probability: float) -> str:
    """A probability of 0 to 1 with one decimal, as on the result objects."""
    return f"{100 * probability:.1f}\u00a0%"


def person_names(patient_name: str) -> list[str]:
    """The groups of a PN value (alphabetic, ideographic, phonetic; PS3.5 6.2.1) as `Family, Given Middle`.

    East Asian names have no comma: family and given name with a blank between, as their readers write them.
    """
    return [name for group in patient_name.split("=") if (name := _person_name(group))]


def dicom_date(value: str) -> str:
    """DA text as YYYY-MM-DD. What is no date is shown as it is, not repaired."""
    match = _DATE.fullmatch(value.strip())
    return "-".join(match.groups()) if match else value


def dicom_time(value: str) -> str:
    """TM text as HH:MM, anything else as it is."""
    match = _TIME.fullmatch(value.strip())
    return f"{match[1]}:{match[2]}" if match else value


def moment(value: datetime) -> str:
    """A moment in UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(value: timedelta, _: Translate = str) -> str:
    """How long something took, in its two largest units."""
    taken_s = max(value.total_seconds(), 0.0)
    if taken_s < _SECONDS_OF_A_MINUTE:
        return _("{} s").format(f"{taken_s:.1f}")
    minutes, rest_s = divmod(int(taken_s), _SECONDS_OF_A_MINUTE)
    if minutes < _MINUTES_OF_AN_HOUR:
        return _("{} min {} s").format(minutes, rest_s)
    hours, rest_min = divmod(minutes, _MINUTES_OF_AN_HOUR)
    if hours < _HOURS_TOLD_AS_SUCH:
        return _("{} h {} min").format(hours, rest_min)
    return _("{} d {} h").format(*divmod(hours, 24))


def seconds(value: float, _: Translate = str) -> str:
    """As `duration`."""
    return duration(timedelta(seconds=value), _)


def gigabytes(value: int) -> str:
    """Bytes, in units of 10^9."""
    return f"{value / 1e9:.1f} GB"


def ago(value: datetime, _: Translate = str) -> str:
    """How long ago a moment was, in its largest unit."""
    passed = max(datetime.now(UTC) - value, timedelta())
    if passed.days:
        return _("{} d ago").format(passed.days)
    hours, minutes = passed.seconds // 3600, passed.seconds // 60
    if hours:
        return _("{} h ago").format(hours)
    return _("{} min ago").format(minutes) if minutes else _("just now")


def _person_name(group: str) -> str:
    family, *others = (part.strip() for part in group.split("^"))
    given = " ".join(filter(None, others[:2]))
    if not (family and given):
        return family or given
    return f"{family} {given}" if max(family) >= _FIRST_CJK else f"{family}, {given}"
