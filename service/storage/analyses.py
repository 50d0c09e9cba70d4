"""Analyses: one classifier on one revision of a study, with its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from service.storage.schema import analyses
from service.storage.statements import insert_if_absent
from service.study.result import AnalysisResult
from service.study.state import AnalysisState


@dataclass(frozen=True, slots=True)
class Analysis:
    """One classifier on one revision of a study. `result` is there once it is SCORED."""

    study_instance_uid: str
    revision: int
    classifier: str
    state: AnalysisState
    reason: str
    destinations: tuple[str, ...]
    result: AnalysisResult | None
    queued_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class Analyses:
    """The table of analyses."""

    connection: Connection

    def queue(
        self, study_instance_uid: str, revision: int, classifier: str, destinations: tuple[str, ...]
    ) -> None:
        """Enter an analysis to be done; one that is entered already is queued again."""
        values = {
            "study_instance_uid": study_instance_uid,
            "revision": revision,
            "classifier": classifier,
            "state": AnalysisState.QUEUED,
            "reason": "waiting for a worker",
            "destinations": list(destinations),
            "queued_at": datetime.now(UTC),
        }
        if not insert_if_absent(self.connection, analyses, values):
            self._update(
                study_instance_uid, revision, classifier, values | {"result": None, "finished_at": None}
            )

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
        return self._update(
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

    def of_study(self, study_instance_uid: str, revision: int) -> tuple[Analysis, ...]:
        """All analyses of one revision, by classifier."""
        rows = self.connection.execute(
            select(analyses)
            .where(analyses.c.study_instance_uid == study_instance_uid, analyses.c.revision == revision)
            .order_by(analyses.c.classifier)
        )
        return tuple(_analysis(row) for row in rows)

    def of_studies(self, study_instance_uids: Sequence[str]) -> tuple[Analysis, ...]:
        """All analyses of several studies, of every revision, oldest revision first."""
        rows = self.connection.execute(
            select(analyses)
            .where(analyses.c.study_instance_uid.in_(study_instance_uids))
            .order_by(analyses.c.revision, analyses.c.classifier)
        )
        return tuple(_analysis(row) for row in rows)

    def last_result(self, study_instance_uid: str, classifier: str) -> AnalysisResult | None:
        """What a classifier last said of a study, at any revision; None where it has not said anything."""
        row = self.connection.execute(
            select(analyses)
            .where(
                analyses.c.study_instance_uid == study_instance_uid,
                analyses.c.classifier == classifier,
                analyses.c.finished_at.is_not(None),
            )
            .order_by(analyses.c.revision.desc())
            .limit(1)
        ).one_or_none()
        return _analysis(row).result if row else None

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


def _analysis(row: Row[Any]) -> Analysis:
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
    )
