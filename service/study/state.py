"""The states of a study and of one analysis, and the events that move them."""

from enum import StrEnum


class StudyState(StrEnum):
    """Where a study stands. The reason beside it explains the state to a person."""

    RECEIVED = "received"
    PARKED = "parked"
    ASSEMBLED = "assembled"
    QUEUED = "queued"
    INFERRED = "inferred"
    REPORTED = "reported"
    DELIVERED = "delivered"
    NOT_ANALYSED = "not_analysed"
    PRIOR = "prior"
    KEPT = "kept"
    """Found in the store after the ledger was lost; nothing is done with it before somebody asks."""
    FAILED = "failed"


class StudyEvent(StrEnum):
    """What can happen to a study."""

    INSTANCE_RECEIVED = "instance_received"
    SERIES_COMPLETE = "series_complete"
    STUDY_COMPLETE = "study_complete"
    CEILING_REACHED = "ceiling_reached"
    PARKED = "parked"
    WORK_QUEUED = "work_queued"
    NOTHING_TO_ANALYSE = "nothing_to_analyse"
    CAME_AS_PRIOR = "came_as_prior"
    FOUND_IN_STORE = "found_in_store"
    ANALYSES_FINISHED = "analyses_finished"
    EVERYTHING_REFUSED = "everything_refused"
    OBJECTS_WRITTEN = "objects_written"
    ALL_DELIVERED = "all_delivered"
    GAVE_UP = "gave_up"
    RETRIED = "retried"
    COMPANION_ARRIVED = "companion_arrived"


class AnalysisState(StrEnum):
    """One classifier on one revision of a study."""

    QUEUED = "queued"
    SCORED = "scored"
    NOT_ANALYSED = "not_analysed"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to this analysis by itself."""
        return self is not AnalysisState.QUEUED
