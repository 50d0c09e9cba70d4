"""One move of a study's state, as it is told to whoever counts."""

from dataclasses import dataclass

from service.study.model import Priority
from service.study.state import StudyEvent, StudyState


@dataclass(frozen=True, slots=True)
class Move:
    """`before` is None for a study that has just begun. Times are in seconds, up to the move."""

    event: StudyEvent
    before: StudyState | None
    after: StudyState
    priority: Priority
    in_state_s: float
    since_last_image_s: float
