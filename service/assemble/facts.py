"""What a decision about completeness is made from. Plain values: no pixels, no datasets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from service.dicom.mammography import MammographyView
from service.study.model import InstanceHeader, StudyHeader
from service.study.procedure_step import ProcedureStep
from service.study.waiting import WaitingStudy


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """What is kept of one instance's header."""

    header: InstanceHeader
    """The attributes that the predicates of the rules look at."""
    study: StudyHeader
    view: MammographyView | None = None
    announced_count: int | None = None
    """Number of Study Related Instances (0020,1208), where it is a positive number."""
    announced_in_series: int | None = None
    """Number of Series Related Instances (0020,1209), where it is a positive number."""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What is known of one study at one moment."""

    waiting: WaitingStudy
    received: frozenset[str]
    """SOP Instance UIDs of all instances that are here, readable or not."""
    instances: tuple[InstanceFacts, ...]
    """Those whose header can be read."""
    steps: tuple[ProcedureStep, ...] = ()
    count_in_pacs: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What is known of one series at one moment."""

    series_instance_uid: str
    count: int
    """How many instances of it are here."""
    unchanged_since: datetime
    """When this number of them was seen first."""
    announced_count: int | None = None
    """How many its newest image says there are."""
    is_released: bool = False
    """Whether an association that brought images of the study was released after its last one."""


def united(headers: Iterable[StudyHeader]) -> StudyHeader:
    """One header of a study from those of its instances: for each attribute, the first value that any has.

    `modalities` are all that occur, sorted.
    """
    seen = list(dict.fromkeys(headers))
    names = [name for name in StudyHeader.__dataclass_fields__ if name != "modalities"]
    return StudyHeader(
        **{name: next(filter(None, (getattr(one, name) for one in seen)), "") for name in names},
        modalities=tuple(sorted({modality for one in seen for modality in one.modalities})),
    )
