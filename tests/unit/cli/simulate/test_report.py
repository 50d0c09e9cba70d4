from datetime import UTC, datetime, timedelta

import pytest

from service.cli.simulate.follow import Seen, followed
from service.cli.simulate.report import percentiles, result_seconds, step_seconds
from service.cli.simulate.tally import SentStudy, is_stored, is_worth_another_try
from service.study.state import StudyState as S

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WAY = (S.RECEIVED, S.ASSEMBLED, S.QUEUED, S.INFERRED, S.REPORTED, S.DELIVERED)


def sent(uid: str = "1", misbehaviour: str = "", acknowledged: int = 3) -> SentStudy:
    return SentStudy(uid, False, misbehaviour, 3, acknowledged, NOW.timestamp())


def seen(state: S = S.DELIVERED, instances: int = 3) -> Seen:
    """A study that takes two seconds to each state."""
    way = WAY[: WAY.index(state) + 1]
    return Seen(state, instances, tuple((NOW + timedelta(seconds=2 * n), one) for n, one in enumerate(way)))


def test_percentiles_are_values_that_were_measured() -> None:
    found = percentiles([float(number) for number in range(1, 101)])
    assert (found["p50"], found["p95"], found["p99"], found["max"]) == (50, 95, 99, 100)
    assert percentiles([7.0])["p50"] == percentiles([7.0])["p99"] == 7
    assert percentiles([]) == {"count": 0}


def test_result_is_timed_from_the_last_acknowledged_image() -> None:
    assert result_seconds([sent()], {"1": seen()}) == [10]
    assert result_seconds([sent()], {"1": seen(S.QUEUED)}) == []


def test_steps_add_up_to_the_whole_way() -> None:
    steps = step_seconds([sent()], {"1": seen()})
    assert steps == {one.value: [2.0] for one in WAY[1:]}


class Source:
    """Tells one study, a state further each time it is asked."""

    def __init__(self, *states: Seen) -> None:
        self._states = list(states)

    def seen(self, study_instance_uids: object) -> dict[str, Seen]:
        return {"1": self._states.pop(0) if len(self._states) > 1 else self._states[0]}


def test_follows_until_the_end() -> None:
    told: list[int] = []
    source = Source(seen(S.RECEIVED), seen(S.QUEUED), seen())
    found = followed([sent()], source, 60, told.append, lambda _s: None)
    assert found["1"].state is S.DELIVERED
    assert told == [0, 0, 1]


def test_result_without_the_late_image_is_not_the_end() -> None:
    source = Source(seen(instances=2), seen())
    assert followed([sent()], source, 60, lambda _n: None, lambda _s: None)["1"].instance_count == 3


def test_image_that_was_sent_wrongly_is_not_waited_for() -> None:
    told: list[int] = []
    followed([sent(misbehaviour="truncated")], Source(seen(instances=2)), 60, told.append, lambda _s: None)
    assert told == [1]


def test_what_never_ends_is_told_as_it_stands() -> None:
    assert followed([sent()], Source(seen(S.QUEUED)), 0, lambda _n: None)["1"].state is S.QUEUED


@pytest.mark.parametrize(
    ("status", "stored", "again"),
    [(0x0000, True, False), (0xB000, True, False), (0xA700, False, True), (0xA900, False, False)],
)
def test_statuses(status: int, stored: bool, again: bool) -> None:
    assert (is_stored(status), is_worth_another_try(status)) == (stored, again)
