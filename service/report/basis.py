"""What a report is made from: the analyses that it is due of, and the reports that came before."""

from dataclasses import dataclass

from service.report.documents.structured_report import PredecessorReference
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import StoredObject
from service.study.messages import ReportRequest
from service.study.result import AnalysisResult
from service.study.state import AnalysisState, StudyState


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """What a classifier last reported of a study. `result` is None where the ledger lacks it."""

    report: StoredObject
    objects: tuple[StoredObject, ...]
    result: AnalysisResult | None

    @property
    def reference(self) -> PredecessorReference:
        """As the report that replaces it names it."""
        report = self.report
        return PredecessorReference(
            report.study_instance_uid,
            report.series_instance_uid,
            report.sop_class_uid,
            report.sop_instance_uid,
        )

    def stands_for(self, result: AnalysisResult) -> bool:
        """Whether a report of `result` would say nothing else: then none is written. One that could not be
        sent does not stand.
        """
        is_sound = not any(stored.fault for stored in self.objects)
        return is_sound and self.result is not None and self.result.says_the_same(result)


@dataclass(frozen=True, slots=True)
class Basis:
    """The analyses to report, and for each of their classifiers what it reported before, if anything."""

    analyses: tuple[Analysis, ...]
    earlier: tuple[EarlierReport | None, ...]

    @property
    def is_early(self) -> bool:
        """Whether the study is still being received, or was when the analyses were asked for."""
        return all(analysis.early for analysis in self.analyses)

    @property
    def moves_study(self) -> bool:
        """Whether the study waits for this report: not for an early one, nor for one that only says why
        nothing was analysed.
        """
        return any(one.state is AnalysisState.SCORED and not one.early for one in self.analyses)


def basis_of(tx: Transaction, request: ReportRequest, tells_refusals: bool = False) -> Basis:
    """What there is to report at this moment; nothing where it was written, or has been superseded.

    With `tells_refusals` analyses that gave no score are among it.
    """
    analyses = _due(tx, request, tells_refusals)
    return Basis(analyses, tuple(_earlier(tx, analysis) for analysis in analyses))


def _due(tx: Transaction, request: ReportRequest, tells_refusals: bool) -> tuple[Analysis, ...]:
    uid, revision = request.study_instance_uid, request.revision
    study = tx.studies.find(uid)
    if study is None:
        return ()
    told = {AnalysisState.SCORED} | ({AnalysisState.NOT_ANALYSED} if tells_refusals else set())
    ended = [one for one in tx.analyses.of_study(uid, revision) if one.state in told and one.result]
    if (study.revision, study.state) == (revision, StudyState.INFERRED):
        return tuple(ended)
    # What moves no study is reported by itself, unless it was, or the report of a later revision holds it.
    reported = {one.classifier for one in _reports(tx, uid) if one.revision >= revision}
    is_refused = (study.revision, study.state) == (revision, StudyState.NOT_ANALYSED)
    return tuple(one for one in ended if (one.early or is_refused) and one.classifier not in reported)


def _earlier(tx: Transaction, analysis: Analysis) -> EarlierReport | None:
    uid, classifier = analysis.study_instance_uid, analysis.classifier
    reports = [
        one for one in _reports(tx, uid) if one.classifier == classifier and one.revision < analysis.revision
    ]
    if not reports:
        return None
    last = max(reports, key=lambda report: report.revision)
    objects = tx.deliveries.objects_of(uid, last.revision)
    found = tx.analyses.find(uid, last.revision, classifier)
    return EarlierReport(
        last,
        tuple(one for one in objects if one.classifier == classifier and one.kind != "assessment"),
        found.result if found else None,
    )


def _reports(tx: Transaction, study_instance_uid: str) -> list[StoredObject]:
    return [one for one in tx.deliveries.objects_of(study_instance_uid) if one.kind == "sr"]
