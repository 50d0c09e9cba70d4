"""The assessor: what people say of results, in the ledger, becomes objects that go where the results went."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import structlog
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from service.config import ReportSettings
from service.config.profiles import MESSAGES
from service.dicom.header import read_header
from service.errors import Permanent
from service.report.beside import rejection
from service.report.context import ReportContext
from service.report.documents.assessment_report import assessed, assessment_uid, build_assessment
from service.report.entry import ObjectsOf, ask_for_delivery, enter_objects, kinds_for
from service.report.gate import faults_of, told
from service.report.kept import kept, reference_to_kept
from service.report.messages.build import message_objects
from service.report.messages.said import Said, by_kind
from service.report.report_object import ReportObject, report_object
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.steps.fence import Fence, unfenced
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore
from service.study.assessment import Assessment, Verdict
from service.study.messages import AssessmentRequest
from service.study.model import StudyHeader
from service.study.result import AnalysisResult

log = structlog.get_logger()

WRITTEN, FAILED = "assessment_written", "assessment_failed"
"""Events of a study's history that move no state."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What one assessment is about: the patient, the analysis, its objects, and that of the assessment
    before.
    """

    patient: StudyHeader
    analysis: Analysis
    result: AnalysisResult
    objects: tuple[StoredObject, ...]
    before: StoredObject | None
    source_key: str


class Assessor:
    """Writes the objects of assessments. Writing them twice writes the same bytes."""

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        settings: ReportSettings,
        objects_of: ObjectsOf = MappingProxyType({}),
    ) -> None:
        """`objects_of`: the kinds of objects that each destination gets; one that is not there gets the usual
        ones.
        """
        self._ledger = ledger
        self._store = store
        self._settings = settings
        self._objects_of = objects_of

    def handle(self, body: dict[str, Any], fence: Fence = unfenced) -> None:
        """Do what an AssessmentRequest asks for, one assessment after the other, where the fence lets it.

        Raises InvalidMessage for a message that is none, Permanent where the image is gone.
        """
        request = AssessmentRequest.from_json(body)
        with self._ledger.read() as tx:
            waiting = tx.assessments.unwritten(request.study_instance_uid, request.revision)
        for assessment in waiting:
            with self._ledger.read() as tx:
                judged = _judged(tx, assessment)
            objects = self._write(assessment, judged)
            with self._ledger.begin() as tx:
                tx.studies.lock(request.study_instance_uid)
                if not fence(tx):
                    return
                self._enter(tx, assessment, judged.analysis, objects)
        log.info(
            "assessments written", study_instance_uid=request.study_instance_uid, assessments=len(waiting)
        )

    def give_up(self, body: dict[str, Any], reason: str) -> None:
        """Enter that a request became a dead letter."""
        request = AssessmentRequest.from_json(body)
        with self._ledger.begin() as tx:
            tx.studies.lock(request.study_instance_uid)
            what = f"what was said of the results could not be written: {reason}"
            tx.studies.note(request.study_instance_uid, FAILED, what)

    def _write(self, assessment: Assessment, judged: _Judged) -> list[StoredObject]:
        try:
            header = read_header(self._store.get(judged.source_key))
        except KeyError:
            raise Permanent(
                "the assessed image is not in the store any more (`retention` may have removed it): what was "
                "said stays in the ledger and on the study's page"
            ) from None
        result = assessed(judged.result, assessment)
        context = ReportContext(result, header, self._settings)
        references = [reference_to_kept(one) for one in judged.objects]
        before = reference_to_kept(judged.before) if judged.before else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # illegal values of the sender are not our doing
            built = [_report(context, assessment, references, before)]
            if assessment.verdict is Verdict.REJECTED:
                moment = context.result.finished_at.isoformat()
                built += rejection(context, references, "rejected by a person", moment)
            built += self._messages(assessment, judged, built)
        known = {header.SOPInstanceUID, *(one.SOPInstanceUID for one in references)}
        known |= {before.SOPInstanceUID} if before else set()
        return [
            kept(
                self._store,
                result,
                one,
                "" if one.kind in MESSAGES else told(faults_of(one, header, known, self._settings)),
            )
            for one in built
        ]

    def _messages(
        self, assessment: Assessment, judged: _Judged, written: Sequence[ReportObject]
    ) -> Iterator[ReportObject]:
        """For the destinations of the result that are no PACS."""
        places = judged.analysis.destinations
        objects = by_kind([*judged.objects, *written])
        said = Said(judged.result, judged.patient, self._settings, objects, assessment)
        return message_objects(said, {kind for name in places for kind in kinds_for(name, self._objects_of)})

    def _enter(
        self, tx: Transaction, assessment: Assessment, analysis: Analysis, objects: list[StoredObject]
    ) -> None:
        uid, revision = assessment.study_instance_uid, assessment.revision
        places = enter_objects(tx, objects, analysis.destinations, self._objects_of)
        ask_for_delivery(tx, uid, revision, places)
        tx.assessments.written(assessment, objects[0].sop_instance_uid)
        where = f"being sent to {', '.join(places)}" if places else "kept here"
        tx.studies.note(uid, WRITTEN, f"assessment of {assessment.classifier} written, {where}")


def _judged(tx: Transaction, assessment: Assessment) -> _Judged:
    uid, revision, name = assessment.study_instance_uid, assessment.revision, assessment.classifier
    analysis = tx.analyses.find(uid, revision, name)
    score = analysis.result.most_suspicious if analysis and analysis.result else None
    if analysis is None or analysis.result is None or score is None:
        raise Permanent(f"{name} has no result of revision {revision} that could be assessed")
    study = tx.studies.find(uid)
    keys = {one.sop_instance_uid: one.key for one in tx.instances.of_study(uid)}
    own = [one for one in tx.deliveries.objects_of(uid, revision) if one.classifier == name]
    before = [one for one in own if one.kind == "assessment"]
    return _Judged(
        study.header if study else StudyHeader(),
        analysis,
        analysis.result,
        tuple(one for one in own if one.kind not in (*MESSAGES, "assessment", "rejection")),
        max(before, key=lambda one: one.created_at, default=None),
        keys[score.sop_instance_uid],
    )


def _report(
    context: ReportContext, assessment: Assessment, judged: list[Dataset], before: Dataset | None
) -> ReportObject:
    data = build_assessment(context, assessment, judged, before)
    uid = assessment_uid(context, assessment)
    return report_object(context.result, "assessment", Comprehensive3DSRStorage, uid, data)
