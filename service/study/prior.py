"""What is wanted of a patient's earlier studies, and how far having them fetched has come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, slots=True)
class PriorsWanted:
    """At most `count` studies of the `years` before, with images of one of `modalities` (empty: of any)."""

    count: int
    years: int
    modalities: tuple[str, ...] = ()

    @classmethod
    def united(cls, wishes: Iterable[Self]) -> Self | None:
        """What fulfils each of the wishes; None where there is none."""
        several = list(wishes)
        if not several:
            return None
        modalities = {name for one in several for name in one.modalities}
        any_will_do = not all(one.modalities for one in several)
        return cls(
            max(one.count for one in several),
            max(one.years for one in several),
            () if any_will_do else tuple(sorted(modalities)),
        )


class PriorFetchState(StrEnum):
    """How far it has come."""

    ASKED = "asked"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PriorFetch:
    """Priors that a study waits for, until `deadline` at most. Once ENDED, `reason` says how."""

    study_instance_uid: str
    wanted: PriorsWanted
    deadline: datetime
    state: PriorFetchState = PriorFetchState.ASKED
    reason: str = ""
