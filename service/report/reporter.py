"""The reporter: scores in the ledger become result objects in the store, ready to be sent."""

from types import MappingProxyType
from typing import Any

import structlog

from service.config import ReportSettings
from service.report.basis import Basis, EarlierReport, basis_of
from service.report.entry import ObjectsOf, enter_report
from service.report.writer import Writer
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.steps.fence import Fence, unfenced
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore
from service.storage.store.report_records import ReportRecord, keep_record
from service.study.messages import ReportRequest
from service.study.state import StudyEvent
from service.telemetry.traces.spans import WRITE
from service.telemetry.traces.tracing import TRACES

log = structlog.get_logger()


class Reporter:
    """Writes the result objects of a study. Writing them twice writes the same bytes."""

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
        self._writer = Writer(ledger, store, settings, objects_of)

    def handle(self, body: dict[str, Any], fence: Fence = unfenced) -> None:
        """Do what a ReportRequest asks for, and enter it where the fence lets it through.

        Raises InvalidMessage for a message that is none.
        """
        request = ReportRequest.from_json(body)
        with self._ledger.read() as tx:
            basis = self._basis(tx, request)
        if not basis.analyses:
            return
        written = {
            analysis.classifier: self._write(analysis, earlier)
            for analysis, earlier in zip(basis.analyses, basis.earlier, strict=True)
        }
        for analysis in basis.analyses:  # before anything is sent: what is lost with the ledger is there
            keep_record(self._store, ReportRecord(analysis, tuple(written[analysis.classifier])))
        with self._ledger.begin() as tx:
            tx.studies.lock(request.study_instance_uid)
            if not fence(tx):
                return
            now = self._basis(tx, request)
            if now == basis:
                enter_report(tx, request, basis, written, self._objects_of)
            elif now.analyses:
                tx.outbox.add(request)  # another report was entered meanwhile: this one has to name it
        TRACES.current.set(objects=sum(map(len, written.values())))
        log.info(
            "study reported",
            study_instance_uid=request.study_instance_uid,
            objects=sum(map(len, written.values())),
        )

    def give_up(self, body: dict[str, Any], reason: str) -> None:
        """Enter that a request became a dead letter."""
        request = ReportRequest.from_json(body)
        uid, what = request.study_instance_uid, f"the result objects could not be written: {reason}"
        with self._ledger.begin() as tx:
            tx.studies.lock(uid)
            basis = self._basis(tx, request)
            if basis.moves_study:
                tx.studies.move(uid, StudyEvent.GAVE_UP, what)
            elif basis.analyses:
                kind = "early report" if basis.is_early else "report of why nothing was analysed"
                event = "early_report_failed" if basis.is_early else "refusal_report_failed"
                tx.studies.note(uid, event, f"{kind}, revision {request.revision}: {what}")

    def _basis(self, tx: Transaction, request: ReportRequest) -> Basis:
        return basis_of(tx, request, self._settings.not_analysed)

    def _write(self, analysis: Analysis, earlier: EarlierReport | None) -> list[StoredObject]:
        with TRACES.part(WRITE, classifier=analysis.classifier) as span:
            objects = self._writer.write(analysis, earlier)
            span.set(objects=len(objects), held=sum(bool(one.fault) for one in objects))
            return objects
