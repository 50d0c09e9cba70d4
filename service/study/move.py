"""One move of a study's state, as it is told to whoever counts."""

from dataclasses import dataclass
from datetime import datetime

from service.study.model import Priority, Study
from service.study.state import StudyEvent, StudyState


@dataclass(frozen=True, slots=True)
class Move:
    """`before` is None for a study that has just begun. Times are in seconds, up to the move."""

    at: datetime
    event: StudyEvent
    before: StudyState | None
    after: StudyState
    priority: Priority
    in_state_s: float
    since_last_image_s: float
    study_instance_uid: str
    revision_before: int
    revision: int


def move_of(
    study: Study,
    last_instance_at: datetime,
    event: StudyEvent,
    after: StudyState,
    revision: int,
    now: datetime,
) -> Move:
    """The move of a study, as it was before, to `after` and `revision`."""
    return Move(
        at=now,
        event=event,
        before=study.state if study.instance_count else None,
        after=after,
        priority=study.priority,
        in_state_s=max(0.0, (now - study.updated_at).total_seconds()),
        since_last_image_s=max(0.0, (now - last_instance_at).total_seconds()),
        study_instance_uid=study.study_instance_uid,
        revision_before=study.revision,
        revision=revision,
    )
