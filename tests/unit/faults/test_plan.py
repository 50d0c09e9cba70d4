from collections import Counter

import pytest

from tests.faults.plan import plan

PARTS = {"accept killed": "accept", "accept stalled": "accept", "pacs down": "pacs", "disk full": "disk"}


def test_the_same_seed_plans_the_same_rounds() -> None:
    assert plan(PARTS, 50, "7") == plan(PARTS, 50, "7")
    assert plan(PARTS, 50, "7") != plan(PARTS, 50, "8")


def test_every_fault_is_brought_in_about_as_often_as_the_others() -> None:
    singles = Counter(one.faults[0] for one in plan(PARTS, 200, "1"))

    assert singles.keys() == PARTS.keys()
    assert max(singles.values()) - min(singles.values()) <= 1


def test_there_are_as_many_faults_as_were_asked_for_and_some_are_mixed() -> None:
    rounds = plan(PARTS, 50, "1")

    assert 50 <= sum(len(one.faults) for one in rounds) <= 51
    assert any(len(one.faults) == 2 for one in rounds)


def test_faults_of_one_part_are_not_mixed() -> None:
    for one in plan(PARTS, 200, "1"):
        assert len({PARTS[name] for name in one.faults}) == len(one.faults)


def test_one_fault_alone_is_never_mixed() -> None:
    assert all(len(one.faults) == 1 for one in plan({"pacs down": "pacs"}, 10, "1"))


def test_a_site_without_faults_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault"):
        plan({}, 1, "1")
