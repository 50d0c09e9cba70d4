"""What each classifier says of a study, picked from the analyses of all its revisions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import StoredObject
from service.study.assessment import Assessment
from service.study.model import Study
from service.study.result import AnalysisResult, ImageScore
from service.worklist.entries import AssessmentEntry, ClassifierEntry, LesionEntry, ScoreEntry


def classifier_entries(
    study: Study,
    analyses: Sequence[Analysis],
    objects: Sequence[StoredObject],
    assessments: Sequence[Assessment] = (),
) -> tuple[ClassifierEntry, ...]:
    """One entry per classifier, by name. `analyses` are those of all revisions, and `assessments` too, oldest
    first.

    Scores of an earlier revision stay in sight, marked as outdated, until the classifier has scored this one:
    a late image must not make a suspicious result disappear.
    """
    names = sorted({analysis.classifier for analysis in analyses})
    said = {one.classifier: one for one in assessments}
    entries = (
        _entry(study, [analysis for analysis in analyses if analysis.classifier == name], objects)
        for name in names
    )
    return tuple(
        replace(entry, assessment=_assessment(said.get(entry.name))) for entry in entries if entry is not None
    )


def _assessment(one: Assessment | None) -> AssessmentEntry | None:
    if one is None:
        return None
    return AssessmentEntry(
        one.verdict, one.category, one.comment, one.assessed_by, one.assessed_at, one.revision
    )


def _heatmap_path(study_instance_uid: str, classifier: str, score: ImageScore) -> str:
    """Where this server shows the heatmap of a scored image."""
    query = {"classifier": classifier}
    if score.frame_number is not None:
        query["frame"] = str(score.frame_number)
    return f"/api/v1/studies/{study_instance_uid}/heatmaps/{score.sop_instance_uid}.png?{urlencode(query)}"


def _entry(
    study: Study, analyses: Sequence[Analysis], objects: Iterable[StoredObject]
) -> ClassifierEntry | None:
    newest = analyses[-1]
    is_current = newest.revision == study.revision
    scored = next((a for a in reversed(analyses) if a.result and a.result.scores), None)
    if not (is_current or scored):
        return None
    shown = scored or newest
    result = shown.result
    with_heatmaps = _has_heatmaps(shown, objects)
    images = _scores(result, result.scores, with_heatmaps) if result else ()
    breasts = _scores(result, _right_to_left(result), with_heatmaps) if result else ()
    return ClassifierEntry(
        name=newest.classifier,
        title=result.classifier.title if result else newest.classifier,
        version=result.classifier.version if result else "",
        state=newest.state,
        reason=newest.reason if is_current else study.reason,
        revision=shown.revision,
        outdated=shown.revision != study.revision,
        threshold=result.classifier.threshold if result else None,
        score=max(images, key=lambda image: image.probability, default=None),
        breasts=breasts,
        images=images,
        refusals=result.refusals if result else (),
    )


def _has_heatmaps(analysis: Analysis, objects: Iterable[StoredObject]) -> bool:
    wanted = ("heatmap", analysis.classifier, analysis.revision)
    return any((stored.kind, stored.classifier, stored.revision) == wanted for stored in objects)


def _right_to_left(result: AnalysisResult) -> list[ImageScore]:
    """The most suspicious image of each breast, the right one first: it hangs on the left."""
    return [score for _, score in sorted(result.by_side().items(), key=lambda side: side[0], reverse=True)]


def _lesion(score: ImageScore) -> LesionEntry | None:
    if score.lesion is None:
        return None
    return LesionEntry(score.lesion.long_axis_mm, score.lesion.short_axis_mm)


def _scores(
    result: AnalysisResult, scores: Iterable[ImageScore], with_heatmaps: bool
) -> tuple[ScoreEntry, ...]:
    return tuple(
        ScoreEntry(
            sop_instance_uid=score.sop_instance_uid,
            frame_number=score.frame_number,
            laterality=score.laterality,
            probability=score.probability,
            positive=score.positive,
            category=score.category,
            heatmap=_heatmap_path(result.study_instance_uid, result.classifier.name, score)
            if with_heatmaps
            else "",
            finds_lesions=score.finds_lesions,
            lesion=_lesion(score),
        )
        for score in scores
    )
