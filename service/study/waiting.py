"""A study that still receives, with all that a decision about its completeness may change by."""

from dataclasses import dataclass
from datetime import datetime

from service.study.model import Study


@dataclass(frozen=True, slots=True)
class WaitingStudy:
    """A study in the state `received`.

    `began_at`: when the instance was entered with which it began, or began again, to be received.
    `released_at`: when the last association that brought instances of it was released. `steps_changed_at`:
    when one of its procedure steps last did.
    """

    study: Study
    began_at: datetime
    last_instance_at: datetime
    released_at: datetime | None
    steps_changed_at: datetime | None

    @property
    def is_released(self) -> bool:
        """Whether the association that brought the last instance was released since."""
        return self.released_at is not None and self.released_at >= self.last_instance_at

    @property
    def last_sign_at(self) -> datetime:
        """When its sender last sent an instance or released."""
        return max(self.last_instance_at, self.released_at or self.last_instance_at)

    @property
    def signs(self) -> tuple[object, ...]:
        """What has come so far. While it is the same, only time can change a decision."""
        return (
            self.study.revision,
            self.study.instance_count,
            self.last_instance_at,
            self.released_at,
            self.steps_changed_at,
        )
