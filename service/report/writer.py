"""What is written of one analysis: its objects built, checked, and kept in the store."""

from collections.abc import Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from service.config import ReportSettings
from service.config.profiles import MESSAGES
from service.report.basis import EarlierReport
from service.report.entry import ObjectsOf, kinds_for
from service.report.gate import faults_of, told
from service.report.headers import StoredHeaders
from service.report.images.pixels import StoredPixels
from service.report.kept import kept, reference_to_kept
from service.report.objects import build_objects
from service.report.report_object import ReportObject
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore
from service.study.model import StudyHeader
from service.study.result import AnalysisResult

_REFUSED_NAMED = 100
"""Images that a report names of which none was analysed."""


class Writer:
    """Writes the objects of analyses. Writing them twice writes the same bytes."""

    def __init__(
        self, ledger: Ledger, store: InstanceStore, settings: ReportSettings, objects_of: ObjectsOf
    ) -> None:
        """`objects_of`: the kinds of objects that each destination gets; one that is not there gets the usual
        ones.
        """
        self._ledger = ledger
        self._store = store
        self._settings = settings
        self._objects_of = objects_of

    def write(self, analysis: Analysis, earlier: EarlierReport | None) -> list[StoredObject]:
        """Build one classifier's objects and keep their bytes; or take those of a report that stands."""
        result = analysis.result
        if result is None:
            return []
        if earlier and earlier.stands_for(result):
            return [replace(stored, revision=result.revision) for stored in earlier.objects]
        stored = StoredHeaders(self._store, self._instance_keys(result))
        headers = stored if result.scores else stored.readable()
        objects = build_objects(
            result,
            headers,
            StoredPixels(self._store, result, stored),
            self._settings,
            earlier.reference if earlier else None,
            {kind for name in analysis.destinations for kind in kinds_for(name, self._objects_of)},
            self._patient(result.study_instance_uid),
            _replaced(earlier),
        )
        known = _known(result, objects, earlier)
        source = next(iter(headers.values()), Dataset())
        return [
            kept(
                self._store,
                result,
                built,
                "" if built.kind in MESSAGES else told(faults_of(built, source, known, self._settings)),
            )
            for built in objects
        ]

    def _patient(self, study_instance_uid: str) -> StudyHeader:
        with self._ledger.read() as tx:
            study = tx.studies.find(study_instance_uid)
        return study.header if study else StudyHeader()

    def _instance_keys(self, result: AnalysisResult) -> dict[str, str]:
        """Where every scored image lies in the store, by SOP Instance UID; without scores, some of those that
        were refused.
        """
        with self._ledger.read() as tx:
            instances = tx.instances.of_study(result.study_instance_uid)
        about = [*result.scores] or [*result.refusals][:_REFUSED_NAMED]
        uids = {one.sop_instance_uid for one in about}
        return {one.sop_instance_uid: one.key for one in instances if one.sop_instance_uid in uids}


def _known(
    result: AnalysisResult, objects: Sequence[ReportObject], earlier: EarlierReport | None
) -> set[str]:
    """What an object may refer to: images of the study, its other objects, the report that it replaces."""
    images = {one.sop_instance_uid for one in result.scores} | {
        one.sop_instance_uid for one in result.refusals
    }
    before = {one.sop_instance_uid for one in earlier.objects} if earlier else set()
    return images | {one.sop_instance_uid for one in objects} | before


def _replaced(earlier: EarlierReport | None) -> list[Dataset]:
    """References to the DICOM objects of the report before, but for notes."""
    return [
        reference_to_kept(one)
        for one in (earlier.objects if earlier else ())
        if one.kind not in (*MESSAGES, "rejection")
    ]
