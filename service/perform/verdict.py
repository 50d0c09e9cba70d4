"""What the state of a study means for a workitem about it. Pure: studies and analyses in, verdict out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from service.storage.ledger.tables.analyses import Analysis
from service.study.model import Study
from service.study.state import AnalysisState, StudyState

_NEVER_LOOKED_AT = (StudyState.PRIOR, StudyState.KEPT)
RESTING = (
    StudyState.DELIVERED,
    StudyState.NOT_ANALYSED,
    StudyState.FAILED,
    StudyState.PARKED,
    *_NEVER_LOOKED_AT,
)
"""States that a study does not leave by itself."""
PERCENT: Mapping[StudyState, int] = {
    StudyState.RECEIVED: 20,
    StudyState.ASSEMBLED: 30,
    StudyState.QUEUED: 40,
    StudyState.INFERRED: 70,
    StudyState.REPORTED: 85,
}
"""Procedure Step Progress by state: steps that are done, not time that has passed."""


class Next(Enum):
    """What to do."""

    WAIT = auto()
    SEND_ON = auto()
    """The study rests without having been analysed for this workitem: let it go its way again."""
    COMPLETE = auto()
    CANCEL = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`text` tells the manager, and a person, why."""

    next: Next
    text: str
    percent: int = 0


def judge(
    study: Study,
    analyses: Sequence[Analysis],
    classifiers: Collection[str],
    destinations: Collection[str],
    *,
    begins: bool,
) -> Verdict:
    """What to do about a workitem that asks for `classifiers`, and for their results at `destinations`.

    `analyses` are those of the study's revision. `begins`: the work on the workitem begins now, so that an
    end of before is none of this work.
    """
    found = {
        one.classifier: one
        for one in analyses
        if one.classifier in classifiers and not one.shadow and set(destinations) <= set(one.destinations)
    }
    scored = [one for one in found.values() if one.state is AnalysisState.SCORED]
    has_all = len(found) == len(set(classifiers))
    if study.state is StudyState.DELIVERED and has_all and scored:
        return Verdict(Next.COMPLETE, _told(found.values()), 100)
    if study.state not in RESTING:
        return Verdict(Next.WAIT, f"{study.state}: {study.reason}", PERCENT[study.state])
    if begins or study.state in _NEVER_LOOKED_AT or not (has_all or study.state is StudyState.PARKED):
        return Verdict(Next.SEND_ON, f"{study.state}: {study.reason}", 20)
    if study.state is StudyState.PARKED:  # a person may let it go on, and that may take days
        return Verdict(Next.CANCEL, f"waits for a person: {study.reason}")
    if study.state is StudyState.FAILED:
        return Verdict(Next.CANCEL, f"failed: {study.reason}")
    return Verdict(Next.CANCEL, f"not analysed: {_told(found.values())}")


def _told(analyses: Iterable[Analysis]) -> str:
    return "; ".join(f"{one.classifier}: {one.reason}" for one in analyses)
