"""Loops go on, and say once what keeps them from it."""

import threading
from collections.abc import Callable
from functools import partial

from structlog.testing import capture_logs

from service.errors import LedgerUnavailable
from service.wiring.loops import repeat


def turns(*outcomes: Exception | None) -> tuple[Callable[[], None], threading.Event]:
    """Work that has these outcomes, one a turn, and then stops its loop."""
    stop, left = threading.Event(), list(outcomes)

    def work() -> None:
        outcome = left.pop(0)
        if not left:
            stop.set()
        if outcome is not None:
            raise outcome

    return work, stop


def test_what_passes_by_itself_is_logged_once_and_when_it_is_over() -> None:
    away = LedgerUnavailable("the database does not answer")
    work, stop = turns(away, away, away, None, None)
    with capture_logs() as logs:
        repeat("a loop", work, 0.0, stop)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("a loop waits", "error"),
        ("a loop goes on", "info"),
    ]


def test_a_turn_that_fails_for_another_reason_is_logged_each_time() -> None:
    work, stop = turns(ValueError("a mistake"), ValueError("a mistake"), None)
    with capture_logs() as logs:
        repeat("a loop", work, 0.0, stop)
    assert [entry["event"] for entry in logs] == ["a turn of a loop failed; it is tried again"] * 2


def test_work_of_any_kind_can_be_repeated() -> None:
    """A partial has no name of its own."""
    work, stop = turns(None, LedgerUnavailable("away"), ValueError("a mistake"), None)
    with capture_logs() as logs:
        repeat("partly", partial(work), 0.0, stop)
    assert {entry["loop"] for entry in logs} == {"partly"}
