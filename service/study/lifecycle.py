"""The one table by which a study's state moves. README.md draws it; a test compares the two.

Every state but RECEIVED can be reopened: a late instance starts a new revision. So does trying a delivered
study again, of which a part was given up: what was delivered stays what its revision said. So does trying one
again that was found in the store, and so may have results of its revision. So does the
arrival of another study without which a classifier could not read this one. What an older revision still has
in flight finds its revision superseded and stops. A complete series closes a revision early: it is analysed
and reported as that revision, while the study goes on being received as the next one.
"""

from collections.abc import Collection

from service.errors import InvalidTransition
from service.study.state import AnalysisState
from service.study.state import StudyEvent as E
from service.study.state import StudyState as S

TRANSITIONS: dict[tuple[S, E], S] = {
    (S.RECEIVED, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.RECEIVED, E.SERIES_COMPLETE): S.RECEIVED,
    (S.RECEIVED, E.STUDY_COMPLETE): S.ASSEMBLED,
    (S.RECEIVED, E.CEILING_REACHED): S.ASSEMBLED,
    (S.RECEIVED, E.PARKED): S.PARKED,
    (S.RECEIVED, E.GAVE_UP): S.FAILED,
    (S.RECEIVED, E.FOUND_IN_STORE): S.KEPT,
    (S.ASSEMBLED, E.WORK_QUEUED): S.QUEUED,
    (S.ASSEMBLED, E.NOTHING_TO_ANALYSE): S.NOT_ANALYSED,
    (S.ASSEMBLED, E.CAME_AS_PRIOR): S.PRIOR,
    (S.ASSEMBLED, E.GAVE_UP): S.FAILED,
    (S.QUEUED, E.ANALYSES_FINISHED): S.INFERRED,
    (S.QUEUED, E.EVERYTHING_REFUSED): S.NOT_ANALYSED,
    (S.QUEUED, E.GAVE_UP): S.FAILED,
    (S.INFERRED, E.OBJECTS_WRITTEN): S.REPORTED,
    (S.INFERRED, E.GAVE_UP): S.FAILED,
    (S.REPORTED, E.ALL_DELIVERED): S.DELIVERED,
    (S.REPORTED, E.GAVE_UP): S.FAILED,
    (S.PARKED, E.RETRIED): S.ASSEMBLED,
    (S.FAILED, E.RETRIED): S.ASSEMBLED,
    (S.NOT_ANALYSED, E.RETRIED): S.ASSEMBLED,
    (S.PRIOR, E.RETRIED): S.ASSEMBLED,
    (S.KEPT, E.RETRIED): S.ASSEMBLED,
    (S.DELIVERED, E.RETRIED): S.ASSEMBLED,
    (S.QUEUED, E.COMPANION_ARRIVED): S.ASSEMBLED,
    (S.INFERRED, E.COMPANION_ARRIVED): S.ASSEMBLED,
    (S.REPORTED, E.COMPANION_ARRIVED): S.ASSEMBLED,
    (S.DELIVERED, E.COMPANION_ARRIVED): S.ASSEMBLED,
    (S.NOT_ANALYSED, E.COMPANION_ARRIVED): S.ASSEMBLED,
    (S.PARKED, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.ASSEMBLED, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.QUEUED, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.INFERRED, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.REPORTED, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.DELIVERED, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.NOT_ANALYSED, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.PRIOR, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.KEPT, E.INSTANCE_RECEIVED): S.RECEIVED,
    (S.FAILED, E.INSTANCE_RECEIVED): S.RECEIVED,
}


def next_state(state: S, event: E) -> S:
    """The state that `event` leads to from `state`. Raises InvalidTransition for an unknown pair."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise InvalidTransition(f"{event.name} is not valid in {state.name}") from None


def starts_revision(state: S, event: E) -> bool:
    """Whether `event` starts a new revision of a study in `state`."""
    reopens = event is E.INSTANCE_RECEIVED and state is not S.RECEIVED
    redoes = event is E.RETRIED and state in {S.DELIVERED, S.KEPT}
    return reopens or redoes or event in {E.SERIES_COMPLETE, E.COMPANION_ARRIVED}


def event_after(analyses: Collection[AnalysisState]) -> E | None:
    """What the analyses of a revision mean for the study; None while one of them is still to be done.

    One score is enough to report: what failed beside it is told in the reason, not hidden behind it.
    """
    if not all(state.is_final for state in analyses):
        return None
    if AnalysisState.SCORED in analyses:
        return E.ANALYSES_FINISHED
    if AnalysisState.FAILED in analyses:
        return E.GAVE_UP
    return E.EVERYTHING_REFUSED
