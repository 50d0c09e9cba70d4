"""From the ledger to entries: a page of the list takes eight queries, however many studies it shows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from service.access.person import Person
from service.access.roles import Permission
from service.errors import NotAllowed
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.questions.dead_notice import dead_notice
from service.storage.ledger.questions.search import COUNTED
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import Delivery, StoredObject
from service.storage.ledger.tables.studies import IMAGES_REMOVED, HistoryEntry
from service.study.assessment import Assessment
from service.study.model import Study
from service.worklist.classifiers import classifier_entries
from service.worklist.destinations import destination_entries
from service.worklist.entries import ObjectEntry, StudyDetail, WorklistEntry, WorklistPage
from service.worklist.listing import Listing
from service.worklist.masking import masked_page

OTHERS = 10
"""Other studies of the patient on a study's page."""
_Row = TypeVar("_Row", Analysis, StoredObject, Delivery, Assessment)


def read_named(
    ledger: Ledger, study_instance_uids: Collection[str], research: bool
) -> tuple[WorklistEntry, ...]:
    """These studies, newest first; those that are not there are left out."""
    with ledger.read() as tx:
        return _entries(tx, tx.studies.named(study_instance_uids), research)


def read_page(ledger: Ledger, asked: Listing, research: bool, person: Person) -> WorklistPage:
    """The studies that are asked for, newest first, as `person` may see them. Raises NotAllowed."""
    if person.is_masked and asked.q:
        raise NotAllowed(f"who may not see patients cannot search for them: that needs {Permission.PATIENTS}")
    with ledger.read() as tx:
        summary = _summary(tx)
        found = tx.search.find(asked.wanted, asked.limit, asked.cursor)
        entries = _entries(tx, tx.studies.named(found.study_instance_uids), research)
    following = str(found.further) if found.further else ""
    page = replace(summary, entries=entries, limit=asked.limit, next=following)
    return masked_page(page) if person.is_masked else page


def read_summary(ledger: Ledger) -> WorklistPage:
    """What stands above every page, without studies."""
    with ledger.read() as tx:
        return _summary(tx)


def _summary(tx: Transaction) -> WorklistPage:
    notices = (*dead_notice(tx), *tx.notices.all())
    return WorklistPage((), 0, "", tx.search.counts(), COUNTED, notices)


def read_study(ledger: Ledger, study_instance_uid: str, research: bool) -> StudyDetail | None:
    """One study with its history and result objects; None where it is not known."""
    with ledger.read() as tx:
        study = tx.studies.find(study_instance_uid)
        if study is None:
            return None
        (entry,) = _entries(tx, [study], research)
        history = tuple(tx.studies.history(study_instance_uid))
        objects = tx.deliveries.objects_of_studies([study_instance_uid])
        deliveries = tx.deliveries.of_studies([study_instance_uid])
        given_up = tx.leases.given_up(study_instance_uid)
        others = tx.studies.others_of_patient(study_instance_uid, study.header.patient_id, OTHERS)
        other_entries = _entries(tx, others, research)
    return StudyDetail(
        entry,
        history,
        _object_entries(objects, deliveries),
        _images_removed(history, study.revision),
        given_up,
        other_entries,
    )


def _entries(tx: Transaction, studies: list[Study], research: bool) -> tuple[WorklistEntry, ...]:
    uids = [study.study_instance_uid for study in studies]
    analyses = _by_study(tx.analyses.of_studies(uids))
    objects = _by_study(tx.deliveries.objects_of_studies(uids))
    deliveries = _by_study(tx.deliveries.of_studies(uids))
    assessments = _by_study(tx.assessments.of_studies(uids))
    return tuple(
        _entry(study, analyses[uid], objects[uid], deliveries[uid], assessments[uid], research)
        for uid, study in zip(uids, studies, strict=True)
    )


def _entry(
    study: Study,
    analyses: list[Analysis],
    objects: list[StoredObject],
    deliveries: list[Delivery],
    assessments: list[Assessment],
    research: bool,
) -> WorklistEntry:
    classifiers = classifier_entries(study, analyses, objects, assessments)
    return WorklistEntry(
        study_instance_uid=study.study_instance_uid,
        revision=study.revision,
        state=study.state,
        reason=study.reason,
        priority=study.priority,
        instance_count=study.instance_count,
        received_at=study.received_at,
        updated_at=study.updated_at,
        header=study.header,
        research=research,
        heatmap_available=any(image.heatmap for entry in classifiers for image in entry.images),
        classifiers=classifiers,
        destinations=destination_entries(objects, deliveries),
    )


def _images_removed(history: Sequence[HistoryEntry], revision: int) -> str:
    reasons = [one.reason for one in history if (one.event, one.revision) == (IMAGES_REMOVED, revision)]
    return reasons[-1] if reasons else ""


def _object_entries(
    objects: tuple[StoredObject, ...], deliveries: tuple[Delivery, ...]
) -> tuple[ObjectEntry, ...]:
    return tuple(
        ObjectEntry(
            kind=stored.kind,
            classifier=stored.classifier,
            revision=stored.revision,
            sop_class_uid=stored.sop_class_uid,
            sop_instance_uid=stored.sop_instance_uid,
            created_at=stored.created_at,
            fault=stored.fault,
            deliveries=tuple(d for d in deliveries if d.sop_instance_uid == stored.sop_instance_uid),
        )
        for stored in objects
    )


def _by_study(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    groups: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[row.study_instance_uid].append(row)
    return groups
