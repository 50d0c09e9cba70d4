"""What every role did about one study, in order of time, as far as the ledger remembers it.

Nothing of the patient is in it: what a reason quotes from a header is hidden, for a rule may ask for any
attribute.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from sqlalchemy import select

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.questions.patient_words import PatientWords
from service.storage.ledger.schema.tables import commitment_requests, leases
from service.study.model import ReceivedInstance, Study
from service.study.state import StudyEvent, StudyState

PEOPLE = "people"
"""In place of a role: what somebody asked for, on a page or by a command."""
_ACCEPT = (
    "instance_received",
    "priors_ended",
    "images_removed",
    "image_quarantined",
    "image_replaced",
    "workitem_ended",
)
_ASSEMBLE = ("study_complete", "ceiling_reached", "parked", "text_not_decoded")
_ENQUEUE = (
    *("series_complete", "work_queued", "nothing_to_analyse", "came_as_prior", "companion_arrived"),
    *("priors_asked", "early_analysis_awaited"),
)
_INFER = ("analyses_finished", "everything_refused", "early_analysis_ended")
_REPORT = (
    *("objects_written", "early_report_written", "early_report_failed", "refusal_reported"),
    *("refusal_report_failed", "assessment_written", "assessment_failed"),
)
_SEND = ("all_delivered",)
_PEOPLE = ("retried", "made_urgent", "sent_again", "assessed", "dead_letter_discarded", "found_in_store")
ROLE_OF_EVENT = {
    event: role
    for role, events in {
        "accept": _ACCEPT,
        "assemble": _ASSEMBLE,
        "enqueue": _ENQUEUE,
        "infer": _INFER,
        "report": _REPORT,
        "send": _SEND,
        PEOPLE: _PEOPLE,
    }.items()
    for event in events
}
"""Who enters which event of a study's history; `gave_up` is entered by whichever role has it in hand."""
_GIVES_UP = {
    StudyState.RECEIVED: "assemble",
    StudyState.ASSEMBLED: "enqueue",
    StudyState.QUEUED: "infer",
    StudyState.INFERRED: "report",
    StudyState.REPORTED: "send",
}
ROLE_OF_WORK = {"inference": "infer", "report": "report", "assessment": "report", "delivery": "send"}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line: at `at` (UTC), `role` did something about this revision. `text` says what, in English."""

    at: datetime
    role: str
    revision: int
    event: str
    text: str


def study_log(tx: Transaction, study_instance_uid: str) -> tuple[LogEntry, ...]:
    """The lines, oldest first. Raises KeyError for an unknown study."""
    study = tx.studies.find(study_instance_uid)
    if study is None:
        raise KeyError(study_instance_uid)
    hidden = PatientWords(study.header)
    found = chain(
        _received(tx, study),
        _history(tx, study_instance_uid),
        _analyses(tx, study_instance_uid),
        _work(tx, study_instance_uid),
        _objects(tx, study_instance_uid),
        _commitments(tx, study_instance_uid),
    )
    ordered = sorted(found, key=lambda one: one.at)
    return tuple(replace(one, text=hidden.out_of(one.text)) for one in ordered)


def _received(tx: Transaction, study: Study) -> Iterator[LogEntry]:
    """By sender, with its last image; and what modalities said of their steps."""
    uid, revision = study.study_instance_uid, study.revision
    groups: dict[str, list[ReceivedInstance]] = defaultdict(list)
    for one in tx.instances.of_study(uid):
        groups[one.calling_ae_title].append(one)
    for sender, images in groups.items():
        last = max(one.received_at for one in images)
        series = len({one.series_instance_uid for one in images})
        text = f"received from {sender} up to here: {len(images)} images in {series} series"
        yield LogEntry(last, "accept", revision, "images", text)
    for step in tx.procedure_steps.of_study(uid):
        text = f"procedure step of {step.calling_ae_title}: {step.status}"
        yield LogEntry(step.updated_at, "accept", revision, "procedure_step", text)


def _history(tx: Transaction, uid: str) -> Iterator[LogEntry]:
    before = StudyState.RECEIVED
    for one in tx.studies.history(uid):
        role = ROLE_OF_EVENT.get(one.event) or _GIVES_UP.get(before, "unknown")
        yield LogEntry(one.at, role, one.revision, one.event, one.reason)
        before = one.state


def _analyses(tx: Transaction, uid: str) -> Iterator[LogEntry]:
    for one in tx.analyses.of_studies([uid]):
        kind = "in the shadow" if one.shadow else "early" if one.early else one.priority
        queued = f"analysis by {one.classifier} queued, {kind}"
        yield LogEntry(one.queued_at, "enqueue", one.revision, "analysis_queued", queued)
        if one.finished_at is not None:
            ended = f"analysis by {one.classifier} ended as {one.state}: {one.reason}"
            yield LogEntry(one.finished_at, "infer", one.revision, "analysis_ended", ended)


def _work(tx: Transaction, uid: str) -> Iterator[LogEntry]:
    """Who began what and how often, what went wrong last, and what was given up."""
    for row in tx.connection.execute(select(leases).where(leases.c.study_instance_uid == uid)):
        role = ROLE_OF_WORK.get(row.work.partition(".")[0], row.work)
        if row.since is not None:
            state = "is in hand now" if row.is_held else "is in nobody's hand now"
            text = f"work {row.work} begun here, {row.token} times so far; it {state}"
            if row.reason:
                text += f"; the last trouble: {row.reason}"
            yield LogEntry(row.since, role, row.revision, "work_begun", text)
        if row.dead_at is not None:
            text = f"work {row.work} given up: {row.reason}"
            yield LogEntry(row.dead_at, role, row.revision, "work_given_up", text)


def _objects(tx: Transaction, uid: str) -> Iterator[LogEntry]:
    """Written ones, and where each stands at each destination."""
    objects = {one.sop_instance_uid: one for one in tx.deliveries.objects_of_studies([uid])}
    for stored in objects.values():
        what = f"{stored.classifier}/{stored.kind}"
        text = f"result object written: {what}"
        if stored.fault:
            text = f"result object written and held back: {what}: {stored.fault}"
        yield LogEntry(stored.created_at, "report", stored.revision, "object_written", text)
    for one in tx.deliveries.of_studies([uid]):
        stored = objects[one.sop_instance_uid]
        what = f"{stored.classifier}/{stored.kind}"
        text = f"delivery of {what} to {one.destination}: {one.state} (proof: {one.proof})"
        text = f"{text}; {one.detail}" if one.detail else text
        yield LogEntry(one.updated_at, "send", stored.revision, f"delivery_{one.state}", text)


def _commitments(tx: Transaction, uid: str) -> Iterator[LogEntry]:
    """Storage commitment that was asked of destinations."""
    table = commitment_requests.c
    for row in tx.connection.execute(select(commitment_requests).where(table.study_instance_uid == uid)):
        asked = f"storage commitment for {len(row.references)} objects asked of {row.destination}"
        yield LogEntry(row.requested_at, "send", row.revision, "commitment_asked", asked)
        if row.ended_at is not None:
            ended = f"storage commitment by {row.destination}: {row.reason}"
            yield LogEntry(row.ended_at, "send", row.revision, "commitment_ended", ended)


EVENTS = frozenset({*ROLE_OF_EVENT, StudyEvent.GAVE_UP})
"""Those of the history that are known here; a test compares them with the source."""
