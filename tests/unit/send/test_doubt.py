from datetime import UTC, datetime, timedelta

from service.send.doubt import REMEMBERED, Doubt


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_second_abort_is_a_refusal_and_so_is_every_later_one() -> None:
    clock = Clock()
    doubt = Doubt(clock)
    assert not doubt.is_refusal("query")
    for _ in range(3):
        clock.now += REMEMBERED / 2
        assert doubt.is_refusal("query")


def test_each_question_is_doubted_by_itself() -> None:
    doubt = Doubt(Clock())
    assert not doubt.is_refusal("query")
    assert not doubt.is_refusal("commitment")


def test_abort_of_long_ago_says_nothing() -> None:
    clock = Clock()
    doubt = Doubt(clock)
    doubt.is_refusal("query")
    clock.now += REMEMBERED + timedelta(seconds=1)
    assert not doubt.is_refusal("query")
