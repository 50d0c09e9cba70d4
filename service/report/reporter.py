"""The reporter: scores in the ledger become result objects in the store, ready to be sent."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import structlog
from pydicom.dataset import Dataset

from service.config import ReportSettings
from service.dicom.header import read_header
from service.report.objects import (
    PredecessorReference,
    ReportObject,
    build_objects,
)
from service.report.pixels import StoredPixels
from service.storage.analyses import Analysis
from service.storage.deliveries import StoredObject
from service.storage.ledger import Ledger, Transaction
from service.storage.port import InstanceStore
from service.study.messages import DeliveryRequest, ReportRequest
from service.study.model import Study
from service.study.result import AnalysisResult
from service.study.state import StudyEvent, StudyState

log = structlog.get_logger()


class Reporter:
    """Writes the result objects of a study. Writing them twice writes the same bytes."""

    def __init__(self, ledger: Ledger, store: InstanceStore, settings: ReportSettings) -> None:
        self._ledger = ledger
        self._store = store
        self._settings = settings

    def handle(self, body: dict[str, Any]) -> None:
        """Do what a ReportRequest asks for. Raises InvalidMessage for a message that is none."""
        request = ReportRequest.from_json(body)
        with self._ledger.read() as tx:
            study = tx.studies.find(request.study_instance_uid)
            if not _is_current(study, request):
                return
            analyses = tx.analyses.of_study(request.study_instance_uid, request.revision)
        written = {analysis.classifier: self._write(analysis) for analysis in analyses if analysis.result}
        with self._ledger.begin() as tx:
            if _is_current(tx.studies.lock(request.study_instance_uid), request):
                _enter(tx, request, analyses, written)
        log.info(
            "study reported",
            study_instance_uid=request.study_instance_uid,
            objects=sum(map(len, written.values())),
        )

    def give_up(self, body: dict[str, Any], reason: str) -> None:
        """Enter that a request became a dead letter."""
        request = ReportRequest.from_json(body)
        with self._ledger.begin() as tx:
            if _is_current(tx.studies.lock(request.study_instance_uid), request):
                tx.studies.move(
                    request.study_instance_uid,
                    StudyEvent.GAVE_UP,
                    f"the result objects could not be written: {reason}",
                )

    def _write(self, analysis: Analysis) -> list[StoredObject]:
        """Build one classifier's objects and keep their bytes."""
        result = analysis.result
        if result is None or not result.scores:
            return []
        keys = self._instance_keys(result)
        objects = build_objects(
            result,
            {uid: self._header(key) for uid, key in keys.items()},
            StoredPixels(self._store, result, keys),
            self._settings,
            self._predecessor(analysis),
        )
        return [self._keep(result, built) for built in objects]

    def _header(self, key: str) -> Dataset:
        with self._store.open(key) as file:
            return read_header(file)

    def _keep(self, result: AnalysisResult, built: ReportObject) -> StoredObject:
        key = f"objects/{result.study_instance_uid}/{built.sop_instance_uid}.dcm"
        if not self._store.exists(key):  # the bytes that may have been sent are the ones that stay
            self._store.put(key, built.data)
        return StoredObject(
            sop_instance_uid=built.sop_instance_uid,
            study_instance_uid=result.study_instance_uid,
            revision=result.revision,
            classifier=result.classifier.name,
            kind=built.kind,
            sop_class_uid=built.sop_class_uid,
            series_instance_uid=built.series_instance_uid,
            key=key,
            created_at=datetime.now(UTC),
        )

    def _instance_keys(self, result: AnalysisResult) -> dict[str, str]:
        """Where every scored image lies in the store, by SOP Instance UID."""
        with self._ledger.read() as tx:
            instances = tx.instances.of_study(result.study_instance_uid)
        scored = {score.sop_instance_uid for score in result.scores}
        return {one.sop_instance_uid: one.key for one in instances if one.sop_instance_uid in scored}

    def _predecessor(self, analysis: Analysis) -> PredecessorReference | None:
        """The newest report on an earlier revision by the same classifier: this one replaces it."""
        with self._ledger.read() as tx:
            earlier = [
                stored
                for stored in tx.deliveries.objects_of(analysis.study_instance_uid)
                if (stored.kind, stored.classifier) == ("sr", analysis.classifier)
                and stored.revision < analysis.revision
            ]
        if not earlier:
            return None
        last = max(earlier, key=lambda stored: stored.revision)
        return PredecessorReference(
            last.study_instance_uid, last.series_instance_uid, last.sop_class_uid, last.sop_instance_uid
        )


def _is_current(study: Study | None, request: ReportRequest) -> bool:
    """Whether the study still waits for this report; if not, it was written or has been superseded."""
    return study is not None and (study.revision, study.state) == (request.revision, StudyState.INFERRED)


def _enter(
    tx: Transaction,
    request: ReportRequest,
    analyses: Iterable[Analysis],
    written: dict[str, list[StoredObject]],
) -> None:
    """Enter objects and deliveries, and let the delivery requests leave."""
    destinations: dict[str, None] = {}
    for analysis in analyses:
        for stored in written.get(analysis.classifier, ()):
            tx.deliveries.add_object(stored)
            for destination in analysis.destinations:
                tx.deliveries.add(stored, destination)
                destinations[destination] = None
    for destination in destinations:
        tx.outbox.add(DeliveryRequest(request.study_instance_uid, request.revision, destination))
    count = sum(map(len, written.values()))
    reason = (
        f"{count} objects written, being sent to {', '.join(destinations)}"
        if destinations
        else f"{count} objects written; no rule names a destination, so they stay here"
    )
    tx.studies.move(request.study_instance_uid, StudyEvent.OBJECTS_WRITTEN, reason)
