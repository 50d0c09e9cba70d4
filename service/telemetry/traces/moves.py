"""The way of studies through their states: told in the one place where a state changes."""

from collections.abc import Sequence
from datetime import datetime

from service.study.move import Move
from service.telemetry.traces.spans import BEGIN, IN_STATE
from service.telemetry.traces.tracing import TRACES

NS_PER_S = 1_000_000_000


def trace_moves(moves: Sequence[Move]) -> None:
    """Tell of moves that are in the ledger for good: the state that was left, the revision that began."""
    if not TRACES.is_on:
        return
    for move in moves:
        _tell_state(move)
        _tell_beginning(move)


def _tell_state(move: Move) -> None:
    definition = IN_STATE.get(move.before) if move.before else None
    if definition is not None:
        TRACES.tell(
            definition,
            move.study_instance_uid,
            move.revision_before,
            _ns(move.at, move.in_state_s),
            ended_ns=_ns(move.at),
            event=move.event.value,
            state=move.after.value,
            priority=move.priority.value,
        )


def _tell_beginning(move: Move) -> None:
    if move.before is not None and move.revision == move.revision_before:
        return
    # A new study is in its first state since its first image was received; a reopened one begins now.
    since_s = move.in_state_s if move.before is None else 0.0
    TRACES.tell_root(
        BEGIN,
        move.study_instance_uid,
        move.revision,
        _ns(move.at, since_s),
        ended_ns=_ns(move.at),
        event=move.event.value,
        priority=move.priority.value,
    )


def _ns(moment: datetime, before_s: float = 0.0) -> int:
    """So many seconds before a moment, in nanoseconds since 1970."""
    return int((moment.timestamp() - before_s) * NS_PER_S)
