import pytest

from tests.benchmarks.accept_cases import Case, cases
from tests.benchmarks.accept_measures import Measured, memory_results
from tests.benchmarks.accept_objects import CT, US
from tests.benchmarks.harness.results import Result
from tests.benchmarks.harness.rounds import Rounds
from tests.benchmarks.receivers.port import ORTHANC, PREREAD, STORESCP, UNSYNCED

CT_X1 = Case("ct1", "CT x1", CT, 200)
US_X4 = Case("us4", "US x4", US, 20, 4)
SMALL = Case("small", "small object", US, 15, one_by_one=True)
SECONDS = {PREREAD: [0.5, 0.4, 0.9], STORESCP: [0.4, 0.4, 0.4]}
LATER_S = 0.1


def measured(case: Case, seconds: dict[str, list[float]] | None = None) -> dict[str, Result]:
    acknowledged = seconds or SECONDS
    settled = {name: [one_s + LATER_S for one_s in taken_s] for name, taken_s in acknowledged.items()}
    one = Measured(case, 100_000_000, Rounds(acknowledged), Rounds(settled))
    return {result.measure: result for result in one.results()}


def test_a_rate_is_of_the_median_round() -> None:
    rate = measured(CT_X1)["CT x1: Preread"]

    assert rate.value == pytest.approx(200)
    assert rate.unit == "MB/s"
    assert "400/s" in rate.how
    assert "0.500 s (0.400 to 0.900)" in rate.how


def test_faster_than_the_peer_is_a_ratio_above_one() -> None:
    ratio = measured(CT_X1, {PREREAD: [0.2, 0.1], STORESCP: [0.4, 0.4]})["CT x1: Preread over storescp"]

    assert ratio.value == pytest.approx(3)
    assert (ratio.target, ratio.holds) == ("at least 1", True)
    assert "3.00 (2.00 to 4.00)" in ratio.how


def test_a_ratio_between_floor_and_target_holds_the_floor_only() -> None:
    results = measured(CT_X1)

    target, floor = (results[f"CT x1: Preread over storescp{end}"] for end in ("", ", floor"))
    assert target.value == pytest.approx(0.8)
    assert (target.target, target.holds) == ("at least 1", False)
    assert floor.value == pytest.approx(0.8)
    assert (floor.target, floor.holds) == ("at least 0.7", True)


def test_a_case_without_a_target_of_its_own_has_none() -> None:
    seconds = {UNSYNCED: [0.2], STORESCP: [0.4], ORTHANC: [0.4]}

    ratio = measured(US_X4, seconds)["US x4: Preread, syncing off over storescp"]

    assert ratio.value == pytest.approx(2)
    assert (ratio.target, ratio.holds) == ("", None)


def test_what_is_put_off_past_the_acknowledgement_is_shown() -> None:
    results = measured(CT_X1)

    assert results["CT x1: Preread, from the last acknowledgement until settled"].value == pytest.approx(100)
    # 0.4/0.6, 0.4/0.5 and 0.4/1.0
    assert results["CT x1: Preread, settled, over storescp"].value == pytest.approx(2 / 3)


def test_an_association_with_a_small_object_is_compared_by_its_time() -> None:
    results = measured(SMALL, {PREREAD: [0.06, 0.06], STORESCP: [0.03, 0.03]})

    ratio = results["small object: time of Preread over storescp"]
    assert ratio.value == pytest.approx(2)
    assert (ratio.target, ratio.holds) == ("at most 1.5", False)
    assert results["small object: Preread"].value == pytest.approx(60)
    assert not any(result.unit == "MB/s" for result in results.values())


def test_only_our_own_memory_has_a_target() -> None:
    ours, theirs = memory_results(CT_X1, {PREREAD: 40.0, ORTHANC: 400.0})

    assert (ours.measure, ours.target, ours.holds) == ("CT x1: Preread, extra memory", "at most 32", False)
    assert (theirs.value, theirs.target, theirs.holds) == (400.0, "", None)


def test_the_sizes_are_those_that_are_promised() -> None:
    sizes_mb = {case.name: case.count * case.kind.pixel_bytes / 1e6 for case in cases(quick=False)}

    promised = {"ct": 100, "us": 48, "mf": 200}
    for name, total_mb in promised.items():
        assert sizes_mb[f"{name}1"] == pytest.approx(total_mb, rel=0.05)
        assert sizes_mb[f"{name}4"] == pytest.approx(total_mb, rel=0.05)
