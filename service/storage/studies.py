"""Studies and the one function that moves their state."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from service.storage.schema import history, studies
from service.storage.statements import insert_if_absent
from service.study.lifecycle import next_state, reopens
from service.study.model import Priority, ReceivedInstance, Study, StudyHeader
from service.study.state import StudyEvent, StudyState

HEADER_FIELDS = tuple(StudyHeader.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One move of a study's state."""

    at: datetime
    revision: int
    event: str
    state: StudyState
    reason: str


@dataclass(frozen=True)
class Studies:
    """The tables of studies and of their history."""

    connection: Connection

    def find(self, study_instance_uid: str) -> Study | None:
        """The study, if any instance of it was received."""
        row = self.connection.execute(_one(study_instance_uid)).one_or_none()
        return _study(row) if row else None

    def lock(self, study_instance_uid: str) -> Study:
        """The study, held until the transaction ends: what is decided about it is decided by one process.

        Raises KeyError for an unknown study.
        """
        row = self.connection.execute(_one(study_instance_uid).with_for_update()).one_or_none()
        if row is None:
            raise KeyError(study_instance_uid)
        return _study(row)

    def ensure(self, instance: ReceivedInstance) -> None:
        """Make the study's row exist before its first instance is entered."""
        insert_if_absent(
            self.connection,
            studies,
            {
                "study_instance_uid": instance.study_instance_uid,
                "revision": 1,
                "state": StudyState.RECEIVED,
                "reason": "the first image is being received",
                "priority": Priority.ROUTINE,
                "instance_count": 0,
                "received_at": instance.received_at,
                "last_instance_at": instance.received_at,
                "updated_at": instance.received_at,
            },
        )

    def instance_received(self, instance: ReceivedInstance) -> None:
        """Count a new instance; a study that had gone on already is reopened as a new revision."""
        self.move(
            instance.study_instance_uid,
            StudyEvent.INSTANCE_RECEIVED,
            "receiving: the study is complete when no image has come for the quiet period",
        )
        self._update(
            instance.study_instance_uid,
            instance_count=studies.c.instance_count + 1,
            last_instance_at=instance.received_at,
        )

    def move(self, study_instance_uid: str, event: StudyEvent, reason: str) -> StudyState:
        """Move a study's state by the table of transitions: the only place where a state changes.

        Raises InvalidTransition for an event that the state does not know, KeyError for an unknown study.
        """
        study = self.lock(study_instance_uid)
        state = next_state(study.state, event)
        revision = study.revision + 1 if reopens(study.state, event) else study.revision
        now = datetime.now(UTC)
        self._update(study_instance_uid, state=state, revision=revision, reason=reason, updated_at=now)
        if (state, revision) != (study.state, study.revision) or study.instance_count == 0:
            self._remember(study_instance_uid, revision, now, event, state, reason)
        return state

    def describe(self, study_instance_uid: str, header: StudyHeader) -> None:
        """Keep the header's values."""
        self._update(study_instance_uid, **asdict(header) | {"modalities": list(header.modalities)})

    def set_priority(self, study_instance_uid: str, priority: Priority) -> None:
        """Make a study urgent or routine."""
        self._update(study_instance_uid, priority=priority)

    def quiet_since(self, moment: datetime) -> list[Study]:
        """Studies still being received whose last instance came before `moment`."""
        return self._select(StudyState.RECEIVED, studies.c.last_instance_at < moment)

    def in_state(self, state: StudyState) -> list[Study]:
        """Studies in a state, oldest first."""
        return self._select(state)

    def latest(self, limit: int, offset: int = 0) -> list[Study]:
        """The studies received last, newest first."""
        rows = self.connection.execute(
            select(studies)
            .order_by(studies.c.received_at.desc(), studies.c.study_instance_uid)
            .limit(limit)
            .offset(offset)
        )
        return [_study(row) for row in rows]

    def counts(self) -> dict[StudyState, int]:
        """How many studies are in each state that has any."""
        rows = self.connection.execute(select(studies.c.state, func.count()).group_by(studies.c.state))
        return {StudyState(state): count for state, count in rows}

    def history(self, study_instance_uid: str) -> list[HistoryEntry]:
        """Every move of a study's state, oldest first."""
        rows = self.connection.execute(
            select(history).where(history.c.study_instance_uid == study_instance_uid).order_by(history.c.id)
        )
        return [HistoryEntry(r.at, r.revision, r.event, StudyState(r.state), r.reason) for r in rows]

    def _select(self, state: StudyState, *conditions: Any) -> list[Study]:
        rows = self.connection.execute(
            select(studies).where(studies.c.state == state, *conditions).order_by(studies.c.last_instance_at)
        )
        return [_study(row) for row in rows]

    def _update(self, study_instance_uid: str, **values: Any) -> None:
        self.connection.execute(
            update(studies).where(studies.c.study_instance_uid == study_instance_uid).values(values)
        )

    def _remember(
        self,
        study_instance_uid: str,
        revision: int,
        at: datetime,
        event: StudyEvent,
        state: StudyState,
        reason: str,
    ) -> None:
        self.connection.execute(
            insert(history).values(
                study_instance_uid=study_instance_uid,
                revision=revision,
                at=at,
                event=event,
                state=state,
                reason=reason,
            )
        )


def _one(study_instance_uid: str) -> Any:
    return select(studies).where(studies.c.study_instance_uid == study_instance_uid)


def _study(row: Row[Any]) -> Study:
    header = {name: getattr(row, name) for name in HEADER_FIELDS}
    return Study(
        study_instance_uid=row.study_instance_uid,
        revision=row.revision,
        state=StudyState(row.state),
        reason=row.reason,
        priority=Priority(row.priority),
        instance_count=row.instance_count,
        received_at=row.received_at,
        updated_at=row.updated_at,
        header=StudyHeader(**header | {"modalities": tuple(header["modalities"])}),
    )
