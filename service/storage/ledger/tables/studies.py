"""Studies and the one function that moves their state."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from service.storage.ledger.schema.statements import insert_if_absent, one_by_one
from service.storage.ledger.schema.tables import history, studies
from service.storage.ledger.tables.search_terms import index_header
from service.study.lifecycle import next_state, starts_revision
from service.study.model import Priority, ReceivedInstance, Study, StudyHeader
from service.study.move import Move, move_of
from service.study.state import StudyEvent, StudyState

IMAGES_REMOVED = "images_removed"
"""Event of a study's history that moves no state: what was received of this revision is here no more."""
IMAGES_ARE_REMOVED = one_by_one(
    select(history.c.id).where(
        history.c.study_instance_uid == studies.c.study_instance_uid,
        history.c.revision == studies.c.revision,
        history.c.event == IMAGES_REMOVED,
    )
)
"""Condition on the table of studies."""
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
    moves: list[Move] = field(default_factory=list)
    """Of this transaction, for whoever counts them once it is committed."""

    def find(self, study_instance_uid: str) -> Study | None:
        """The study, if any instance of it was received."""
        row = self.connection.execute(_one(study_instance_uid)).one_or_none()
        return study_of(row) if row else None

    def lock(self, study_instance_uid: str) -> Study:
        """The study, held until the transaction ends: what is decided about it is decided by one process.

        Raises KeyError for an unknown study.
        """
        return study_of(self._locked(study_instance_uid))

    def ensure(self, instance: ReceivedInstance) -> bool:
        """Make the study's row exist before its first instance is entered. Returns whether it was new."""
        return insert_if_absent(
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
                "changed_at": datetime.now(UTC),
            },
        )

    def forget_empty(self, study_instance_uid: str) -> None:
        """Take back a study's row that was made for an instance which was not entered."""
        self.connection.execute(
            delete(studies).where(
                studies.c.study_instance_uid == study_instance_uid, studies.c.instance_count == 0
            )
        )

    def instances_received(self, study_instance_uid: str, count: int, at: datetime) -> None:
        """Count new instances; a study that had gone on already is reopened as a new revision."""
        self.move(
            study_instance_uid,
            StudyEvent.INSTANCE_RECEIVED,
            "receiving: completeness rules and the quiet period decide when the study is complete",
        )
        self._update(study_instance_uid, instance_count=studies.c.instance_count + count, last_instance_at=at)

    def move(self, study_instance_uid: str, event: StudyEvent, reason: str) -> StudyState:
        """Move a study's state by the table of transitions: the only place where a state changes.

        Raises InvalidTransition for an event that the state does not know, KeyError for an unknown study.
        """
        row = self._locked(study_instance_uid)
        study = study_of(row)
        state = next_state(study.state, event)
        revision = study.revision + 1 if starts_revision(study.state, event) else study.revision
        now = datetime.now(UTC)
        self._update(study_instance_uid, state=state, revision=revision, reason=reason, updated_at=now)
        if (state, revision) != (study.state, study.revision) or study.instance_count == 0:
            self._remember(study_instance_uid, revision, now, event, state, reason)
            self.moves.append(move_of(study, row.last_instance_at, event, state, revision, now))
        return state

    def describe(self, study_instance_uid: str, header: StudyHeader) -> None:
        """Keep the header's values, and let the study be found by them."""
        self._update(study_instance_uid, **asdict(header) | {"modalities": list(header.modalities)})
        index_header(self.connection, study_instance_uid, header)

    def set_priority(self, study_instance_uid: str, priority: Priority) -> None:
        """Make a study urgent or routine."""
        self._update(study_instance_uid, priority=priority)

    def explain(self, study_instance_uid: str, reason: str, state: StudyState = StudyState.RECEIVED) -> None:
        """Say why a study still waits in `state`; one that has left it keeps the reason of its state."""
        self.connection.execute(
            update(studies)
            .where(
                studies.c.study_instance_uid == study_instance_uid,
                studies.c.state == state,
                studies.c.reason != reason,
            )
            .values(reason=reason, changed_at=datetime.now(UTC))
        )

    def note(self, study_instance_uid: str, event: str, reason: str) -> None:
        """Remember in the study's history what moves no state; once, however often it is told.

        Nothing happens for an unknown study.
        """
        study = self.find(study_instance_uid)
        known = select(history.c.id).where(
            history.c.study_instance_uid == study_instance_uid,
            history.c.event == event,
            history.c.reason == reason,
        )
        if study is not None and self.connection.execute(known).first() is None:
            self._remember(study_instance_uid, study.revision, datetime.now(UTC), event, study.state, reason)

    def images_removed(self, study_instance_uid: str, reason: str) -> None:
        """Remember that the images of the present revision are here no more, and why."""
        self.note(study_instance_uid, IMAGES_REMOVED, reason)
        self._update(study_instance_uid, images_removed_of=studies.c.revision)

    def notes(self, study_instance_uids: Sequence[str], event: str) -> dict[str, int]:
        """How many entries of the history of each study have this event; studies without any are left out."""
        rows = self.connection.execute(
            select(history.c.study_instance_uid, func.count())
            .where(history.c.study_instance_uid.in_(study_instance_uids), history.c.event == event)
            .group_by(history.c.study_instance_uid)
        )
        return {uid: count for uid, count in rows}

    def association_released(self, study_instance_uid: str, at: datetime) -> None:
        """Remember that an association that brought instances of the study was released; the last one counts.

        Enter its instances first, and give a moment after that: a release before the last instance was
        entered is taken for one of another association. Nothing happens for an unknown study.
        """
        self.connection.execute(
            update(studies)
            .where(
                studies.c.study_instance_uid == study_instance_uid,
                or_(studies.c.released_at.is_(None), studies.c.released_at < at),
            )
            .values(released_at=at)
        )

    def in_state(self, state: StudyState) -> list[Study]:
        """Studies in a state, oldest first."""
        rows = self.connection.execute(
            select(studies).where(studies.c.state == state).order_by(studies.c.last_instance_at)
        )
        return [study_of(row) for row in rows]

    def of_patient(self, patient_id: str, *conditions: Any) -> list[Study]:
        """The studies with this Patient ID that fulfil conditions on the table, oldest first."""
        rows = self.connection.execute(
            select(studies)
            .where(studies.c.patient_id == patient_id, *conditions)
            .order_by(studies.c.received_at, studies.c.study_instance_uid)
        )
        return [study_of(row) for row in rows]

    def others_of_patient(self, study_instance_uid: str, patient_id: str, limit: int) -> list[Study]:
        """The newest other studies with this Patient ID; none where it is empty."""
        if not patient_id:
            return []
        rows = self.connection.execute(
            select(studies)
            .where(studies.c.patient_id == patient_id, studies.c.study_instance_uid != study_instance_uid)
            .order_by(studies.c.received_at.desc(), studies.c.study_instance_uid.desc())
            .limit(limit)
        )
        return [study_of(row) for row in rows]

    def received_since(self, moment: datetime) -> list[Study]:
        """Studies of which the first image came at `moment` or later, newest first."""
        rows = self.connection.execute(
            select(studies).where(studies.c.received_at >= moment).order_by(studies.c.received_at.desc())
        )
        return [study_of(row) for row in rows]

    def oldest(self, limit: int, *conditions: Any) -> list[Study]:
        """The studies whose last image came first, of those that fulfil conditions on the table."""
        rows = self.connection.execute(
            select(studies)
            .where(*conditions)
            .order_by(studies.c.last_instance_at, studies.c.study_instance_uid)
            .limit(limit)
        )
        return [study_of(row) for row in rows]

    def latest(self, limit: int) -> list[Study]:
        """The studies received last, newest first."""
        rows = self.connection.execute(
            select(studies)
            .order_by(studies.c.received_at.desc(), studies.c.study_instance_uid.desc())
            .limit(limit)
        )
        return [study_of(row) for row in rows]

    def named(self, study_instance_uids: Collection[str]) -> list[Study]:
        """The studies with these UIDs, newest first; those that are not there are left out."""
        rows = self.connection.execute(
            select(studies)
            .where(studies.c.study_instance_uid.in_(study_instance_uids))
            .order_by(studies.c.received_at.desc(), studies.c.study_instance_uid.desc())
        )
        return [study_of(row) for row in rows]

    def history(self, study_instance_uid: str) -> list[HistoryEntry]:
        """Every move of a study's state, oldest first."""
        rows = self.connection.execute(
            select(history).where(history.c.study_instance_uid == study_instance_uid).order_by(history.c.id)
        )
        return [HistoryEntry(r.at, r.revision, r.event, StudyState(r.state), r.reason) for r in rows]

    def _locked(self, study_instance_uid: str) -> Row[Any]:
        row = self.connection.execute(_one(study_instance_uid).with_for_update()).one_or_none()
        if row is None:
            raise KeyError(study_instance_uid)
        return row

    def _update(self, study_instance_uid: str, **values: Any) -> None:
        self.connection.execute(
            update(studies)
            .where(studies.c.study_instance_uid == study_instance_uid)
            .values(changed_at=datetime.now(UTC), **values)
        )

    def _remember(
        self,
        study_instance_uid: str,
        revision: int,
        at: datetime,
        event: str,
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


def study_of(row: Row[Any]) -> Study:
    """What a row of the table tells of."""
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
