"""Hides patients from those who may not see them. Accession numbers and UIDs stay: by them a study is talked
about.
"""

from dataclasses import replace

from service.worklist.entries import ClassifierEntry, StudyDetail, WorklistEntry, WorklistPage

HIDDEN = "hidden"


def masked_page(page: WorklistPage) -> WorklistPage:
    """The list."""
    return replace(page, entries=tuple(masked(entry) for entry in page.entries))


def masked_study(detail: StudyDetail) -> StudyDetail:
    """One study."""
    return replace(detail, entry=masked(detail.entry), others=())


def masked(entry: WorklistEntry) -> WorklistEntry:
    """Without the patient, pictures (in which scanners burn names), and what people wrote."""
    header = replace(
        entry.header,
        patient_name=HIDDEN,
        patient_id=HIDDEN,
        patient_birth_date="",
        patient_sex="",
        study_description="" if not entry.header.study_description else HIDDEN,
    )
    classifiers = tuple(_masked_classifier(one) for one in entry.classifiers)
    return replace(entry, header=header, heatmap_available=False, classifiers=classifiers)


def _masked_classifier(entry: ClassifierEntry) -> ClassifierEntry:
    assessment = entry.assessment
    if assessment is not None and assessment.comment:
        assessment = replace(assessment, comment=HIDDEN)
    return replace(
        entry,
        score=replace(entry.score, heatmap="") if entry.score else None,
        breasts=tuple(replace(one, heatmap="") for one in entry.breasts),
        images=tuple(replace(one, heatmap="") for one in entry.images),
        assessment=assessment,
    )
