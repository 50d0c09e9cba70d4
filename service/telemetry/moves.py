"""Who hears of studies that were moved."""

from collections.abc import Sequence

from service.study.move import Move
from service.telemetry.metrics.studies import count_moves
from service.telemetry.traces.moves import trace_moves


def tell_moves(moves: Sequence[Move]) -> None:
    """Count and trace moves that are in the ledger for good."""
    count_moves(moves)
    trace_moves(moves)
