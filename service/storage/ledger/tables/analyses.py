"""Analyses: one classifier on one revision of a study, with its result."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select, update

from service.storage.ledger.schema.few import IS_SHADOW
from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.tables import analyses, leases
from service.storage.ledger.tables.search_terms import index_results
from service.study.messages import inference_queue
from service.study.model import Priority
from service.study.result import AnalysisResult
from service.study.state import AnalysisState


@dataclass(frozen=True, slots=True)
class Analysis:
    """One classifier on one revision of a study. `result` is there once it is SCORED.

    `series_instance_uids` are the series that it reads, none where it reads the whole study. `early`: it was
    made of the series that were complete while others were still being received.
    `companion_study_instance_uid`: the study that is read beside it, empty where there is none. `shadow`: the
    result is kept and compared; nothing waits for it, and nobody is shown or sent it.
    """

    study_instance_uid: str
    revision: int
    classifier: str
    state: AnalysisState
    reason: str
    destinations: tuple[str, ...]
    result: AnalysisResult | None
    queued_at: datetime
    finished_at: datetime | None
    series_instance_uids: tuple[str, ...] = ()
    early: bool = False
    priority: Priority = Priority.ROUTINE
    assume_body_part: str = ""
    companion_study_instance_uid: str = ""
    shadow: bool = False


@dataclass(frozen=True)
class Analyses:
    """The table of analyses."""

    connection: Connection

    def queue(
        self,
        study_instance_uid: str,
        revision: int,
        classifier: str,
        destinations: tuple[str, ...],
        series_instance_uids: tuple[str, ...] = (),
        *,
        early: bool = False,
        priority: Priority = Priority.ROUTINE,
        assume_body_part: str = "",
        companion_study_instance_uid: str = "",
        shadow: bool = False,
    ) -> None:
        """Enter an analysis to be done; one that is entered already is queued again."""
        values = {
            "study_instance_uid": study_instance_uid,
            "revision": revision,
            "classifier": classifier,
            "state": AnalysisState.QUEUED,
            "reason": "waiting for a worker",
            "destinations": list(destinations),
            "series_instance_uids": list(series_instance_uids),
            "early": early,
            "priority": priority,
            "assume_body_part": assume_body_part,
            "companion_study_instance_uid": companion_study_instance_uid,
            "shadow": shadow,
            "queued_at": datetime.now(UTC),
        }
        if not insert_if_absent(self.connection, analyses, values):
            self._update(
                study_instance_uid, revision, classifier, values | {"result": None, "finished_at": None}
            )

    def make_urgent(self, study_instance_uid: str, revision: int) -> tuple[Analysis, ...]:
        """Make the routine analyses urgent that wait for a worker; returns them.

        One that is being worked on is left as it is: another worker would only begin it anew.
        """
        held = exists().where(
            leases.c.study_instance_uid == analyses.c.study_instance_uid,
            leases.c.revision == analyses.c.revision,
            leases.c.work == inference_queue("", Priority.ROUTINE) + analyses.c.classifier,
            leases.c.is_held,
        )
        waiting = (
            analyses.c.study_instance_uid == study_instance_uid,
            or_(analyses.c.revision == revision, analyses.c.early),
            analyses.c.state == AnalysisState.QUEUED,
            analyses.c.priority == Priority.ROUTINE,
            ~analyses.c.shadow,
            ~held,
        )
        rows = self.connection.execute(select(analyses).where(*waiting).order_by(analyses.c.classifier)).all()
        found = [replace(analysis_of(row), priority=Priority.URGENT) for row in rows]
        for one in found:
            self._update(study_instance_uid, one.revision, one.classifier, {"priority": Priority.URGENT})
        return tuple(found)

    def is_overtaken(self, study_instance_uid: str, revision: int, classifier: str) -> bool:
        """Whether the analysis waits as an urgent one: then no routine message asks for it any more."""
        found = self.find(study_instance_uid, revision, classifier)
        return found is not None and (found.state, found.priority) == (AnalysisState.QUEUED, Priority.URGENT)

    def finish(
        self,
        study_instance_uid: str,
        revision: int,
        classifier: str,
        state: AnalysisState,
        reason: str,
        result: AnalysisResult | None = None,
    ) -> bool:
        """Enter how an analysis ended. Returns False, and changes nothing, where it had ended already."""
        is_entered = self._update(
            study_instance_uid,
            revision,
            classifier,
            {
                "state": state,
                "reason": reason,
                "result": result.to_json() if result else None,
                "finished_at": datetime.now(UTC),
            },
            analyses.c.state == AnalysisState.QUEUED,
        )
        if is_entered:
            index_results(self.connection, study_instance_uid)
        return is_entered

    def find(self, study_instance_uid: str, revision: int, classifier: str) -> Analysis | None:
        """One analysis, if it was entered."""
        row = self.connection.execute(
            select(analyses).where(
                analyses.c.study_instance_uid == study_instance_uid,
                analyses.c.revision == revision,
                analyses.c.classifier == classifier,
            )
        ).one_or_none()
        return analysis_of(row) if row else None

    def early_in_work(self, study_instance_uid: str, since: datetime) -> tuple[str, ...]:
        """The classifiers whose early analysis, queued at `since` or later, has not ended."""
        rows = self.connection.scalars(
            select(analyses.c.classifier)
            .where(
                analyses.c.study_instance_uid == study_instance_uid,
                analyses.c.early,
                analyses.c.state == AnalysisState.QUEUED,
                analyses.c.queued_at >= since,
            )
            .order_by(analyses.c.classifier)
        )
        return tuple(rows)

    def of_study(self, study_instance_uid: str, revision: int) -> tuple[Analysis, ...]:
        """All analyses of one revision, by classifier, without those in the shadow."""
        rows = self.connection.execute(
            select(analyses)
            .where(
                analyses.c.study_instance_uid == study_instance_uid,
                analyses.c.revision == revision,
                ~analyses.c.shadow,
            )
            .order_by(analyses.c.classifier)
        )
        return tuple(analysis_of(row) for row in rows)

    def of_studies(self, study_instance_uids: Sequence[str]) -> tuple[Analysis, ...]:
        """All analyses of several studies, of every revision, oldest revision first, without those in the
        shadow.
        """
        rows = self.connection.execute(
            select(analyses)
            .where(analyses.c.study_instance_uid.in_(study_instance_uids), ~analyses.c.shadow)
            .order_by(analyses.c.revision, analyses.c.classifier)
        )
        return tuple(analysis_of(row) for row in rows)

    def is_read_in_shadow(self, study_instance_uid: str, revision: int) -> bool:
        """Whether an analysis in the shadow has not ended yet: it needs the images."""
        waiting = select(analyses.c.classifier).where(
            analyses.c.study_instance_uid == study_instance_uid,
            analyses.c.revision == revision,
            analyses.c.shadow,
            analyses.c.state == AnalysisState.QUEUED,
        )
        return self.connection.execute(waiting).first() is not None

    def in_shadow(self, classifier: str, since: datetime) -> tuple[Analysis, ...]:
        """What a classifier did in the shadow, queued at `since` or later, oldest first."""
        rows = self.connection.execute(
            select(analyses)
            .where(IS_SHADOW, analyses.c.queued_at >= since, analyses.c.classifier == classifier)
            .order_by(analyses.c.queued_at, analyses.c.study_instance_uid)
        )
        return tuple(analysis_of(row) for row in rows)

    def last_result(self, study_instance_uid: str, classifier: str) -> AnalysisResult | None:
        """The last scores that a classifier gave a study, at any revision; None where it has given none."""
        row = self.connection.execute(
            select(analyses)
            .where(
                analyses.c.study_instance_uid == study_instance_uid,
                analyses.c.classifier == classifier,
                analyses.c.state == AnalysisState.SCORED,
            )
            .order_by(analyses.c.revision.desc())
            .limit(1)
        ).one_or_none()
        return analysis_of(row).result if row else None

    def _update(
        self,
        study_instance_uid: str,
        revision: int,
        classifier: str,
        values: dict[str, Any],
        *conditions: Any,
    ) -> bool:
        statement = update(analyses).where(
            analyses.c.study_instance_uid == study_instance_uid,
            analyses.c.revision == revision,
            analyses.c.classifier == classifier,
            *conditions,
        )
        return self.connection.execute(statement.values(values)).rowcount == 1


def analysis_of(row: Row[Any]) -> Analysis:
    """The analysis that a row of the whole table tells of."""
    return Analysis(
        study_instance_uid=row.study_instance_uid,
        revision=row.revision,
        classifier=row.classifier,
        state=AnalysisState(row.state),
        reason=row.reason,
        destinations=tuple(row.destinations),
        result=AnalysisResult.from_json(row.result) if row.result else None,
        queued_at=row.queued_at,
        finished_at=row.finished_at,
        series_instance_uids=tuple(row.series_instance_uids),
        early=row.early,
        priority=Priority(row.priority),
        assume_body_part=row.assume_body_part,
        companion_study_instance_uid=row.companion_study_instance_uid,
        shadow=row.shadow,
    )
