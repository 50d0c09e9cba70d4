from http import HTTPStatus

from service.errors import StoreUnavailable
from service.telemetry.endpoint import health_page
from service.telemetry.health import CHECK_EVERY_S, Loops, Readiness


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_loop_that_does_not_turn_is_stuck_until_it_turns_or_ends() -> None:
    clock = Clock()
    loops = Loops(clock)
    with loops.running("assemble", pause_s=5.0) as turn:
        clock.now_s += 14.0
        assert loops.stuck(10.0) == []
        clock.now_s += 2.0
        assert loops.stuck(10.0) == ["assemble"]
        turn()
        assert loops.stuck(10.0) == []
        clock.now_s += 100.0
    assert loops.stuck(10.0) == []


def test_threads_of_one_name_are_told_once() -> None:
    clock = Clock()
    loops = Loops(clock)
    with loops.running("study"), loops.running("study"):
        clock.now_s += 20.0
        assert loops.stuck(10.0) == ["study"]


def test_what_is_away_is_named_and_asked_again_after_a_while() -> None:
    asked: list[float] = []
    clock, away = Clock(), [True]

    def store() -> int:
        asked.append(clock.now_s)
        if away[0]:
            raise StoreUnavailable("gone")
        return 0  # as free space may be

    readiness = Readiness({"store": store, "begun": lambda: True}, clock)
    assert readiness.failing() == ["store"]
    away[0] = False
    assert readiness.failing() == ["store"]
    clock.now_s += CHECK_EVERY_S
    assert readiness.failing() == []
    assert len(asked) == 2


def test_check_that_gives_false_fails() -> None:
    assert Readiness({"begun": lambda: False}).failing() == ["begun"]


def test_page_says_what_fails() -> None:
    assert health_page([]).status == HTTPStatus.OK
    page = health_page(["the ledger does not answer"])
    assert (page.status, page.body) == (HTTPStatus.SERVICE_UNAVAILABLE, b"the ledger does not answer\n")
