"""Workitems: what worklist managers ask us to do (PS3.4 annex CC, IHE AIW-I), and how far we are."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from service.study.model import Priority


class WorkitemState(StrEnum):
    """How far we are. The states of the manager (SCHEDULED, IN PROGRESS ...) are its own."""

    CLAIMING = "claiming"
    """We want it; whether it is ours is not known yet."""
    FETCHING = "fetching"
    """It is ours, and its input has to come."""
    WORKING = "working"
    """The input is here; the study goes its way."""
    COMPLETED = "completed"
    CANCELED = "canceled"
    LOST = "lost"
    """It is somebody else's, or was ended there without us."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is done about it."""
        return self in (WorkitemState.COMPLETED, WorkitemState.CANCELED, WorkitemState.LOST)


@dataclass(frozen=True, slots=True)
class WorkitemCode:
    """A code (PS3.3 section 8): what is to be done, or by which station. `meaning` is not compared."""

    value: str
    scheme: str
    meaning: str = ""

    def is_same(self, other: Self) -> bool:
        """Whether both say the same."""
        return (self.value, self.scheme) == (other.value, other.scheme)


@dataclass(frozen=True, slots=True)
class WorkitemInput:
    """What is to be analysed. Without series it is the whole study; `sop_instance_uids` are the images that
    the manager lists, none where it lists none. `ae_titles` and `urls` say where it can be had.
    """

    study_instance_uid: str
    series_instance_uids: tuple[str, ...] = ()
    sop_instance_uids: tuple[str, ...] = ()
    ae_titles: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workitem:
    """One workitem as its manager tells it. `fault` says why it cannot be done as it is; empty where it can.

    `stations` are those it is meant for, none where anybody may take it.
    """

    uid: str
    state: str
    code: WorkitemCode
    input: WorkitemInput
    priority: Priority = Priority.ROUTINE
    stations: tuple[WorkitemCode, ...] = ()
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        """This workitem as JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """The workitem that `to_json` wrote."""
        what = body["input"]
        return cls(
            uid=body["uid"],
            state=body["state"],
            code=WorkitemCode(**body["code"]),
            input=WorkitemInput(
                what["study_instance_uid"],
                tuple(what["series_instance_uids"]),
                tuple(what["sop_instance_uids"]),
                tuple(what["ae_titles"]),
                tuple(what["urls"]),
            ),
            priority=Priority(body["priority"]),
            stations=tuple(WorkitemCode(**one) for one in body["stations"]),
            fault=body["fault"],
        )


@dataclass(frozen=True, slots=True)
class HeldWorkitem:
    """A workitem in our ledger. Who knows `transaction_uid` may change it: it is drawn by chance, and is in
    the ledger before the manager hears of it.

    `cancel_asked` says why somebody wants it canceled, empty where nobody does. `tries` counts how often its
    study was sent its way for it; `told` is the progress that the manager knows, `reason` explains the state
    to a person. Until `due_at` nobody has to look at it.
    """

    workitem: Workitem
    manager: str
    transaction_uid: str
    state: WorkitemState
    classifiers: tuple[str, ...]
    destinations: tuple[str, ...]
    found_at: datetime
    due_at: datetime
    claimed_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_asked: str = ""
    tries: int = 0
    told: str = ""
    reason: str = ""

    @property
    def uid(self) -> str:
        """SOP Instance UID of the workitem."""
        return self.workitem.uid

    @property
    def study_instance_uid(self) -> str:
        """The study that it is about; empty where it names none."""
        return self.workitem.input.study_instance_uid
