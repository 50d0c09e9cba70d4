"""The way of studies through their states: counted in the one place where a state changes."""

from collections.abc import Sequence

from service.study.model import Priority
from service.study.move import Move
from service.study.state import StudyEvent, StudyState
from service.telemetry.metrics.definition import STUDY_S, Stage

STAGE = Stage("Studies (every role: each counts the moves that it makes)")

STATES = tuple(state.value for state in StudyState)

MOVES = STAGE.counter(
    "preread_study_moves_total",
    "Moves of studies, by the state that they came into and the event that moved them.",
    {"state": STATES, "event": "a name of `StudyEvent` in service/study/state.py"},
)
STATE_SECONDS = STAGE.histogram(
    "preread_study_state_seconds",
    "Time that a study was in the state that it left, in seconds.",
    STUDY_S,
    {"state": STATES},
)
RESULT_SECONDS = STAGE.histogram(
    "preread_study_result_seconds",
    "From a study's last image until all its results were proven to be delivered, in seconds. One that a "
    "person tried again counts from its last image, too.",
    STUDY_S,
    {"priority": tuple(priority.value for priority in Priority)},
)


def count_moves(moves: Sequence[Move]) -> None:
    """Count moves that are in the ledger for good."""
    for move in moves:
        MOVES.labels(move.after.value, move.event.value).inc()
        if move.before is not None and move.before is not move.after:
            STATE_SECONDS.labels(move.before.value).observe(move.in_state_s)
        if move.event is StudyEvent.ALL_DELIVERED:
            RESULT_SECONDS.labels(move.priority.value).observe(move.since_last_image_s)
