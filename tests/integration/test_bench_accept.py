"""The quick version of `make bench-accept`: that it runs and what it reports, not how fast anything is."""

import pytest

from tests.benchmarks.accept import main
from tests.benchmarks.harness.results import Result, read_results
from tests.servers.dcmtk import Dcmtk

pytestmark = pytest.mark.integration

RECEIVERS = ("Preread", "Preread, syncing off", "storescp")


@pytest.fixture(scope="module")
def results(dcmtk: Dcmtk, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder = tmp_path_factory.mktemp("results")
    arguments = ["--quick", "--only", "mf1,ct4,small", "--receivers", "preread,unsynced,storescp"]
    assert main([*arguments, "--results", str(folder)]) == 0
    return {result.measure: result for result in read_results(folder / "accept.json")}


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_each_receiver_has_a_rate_in_each_case(results: dict[str, Result], receiver: str) -> None:
    units = {
        case: results[f"{case}: {receiver}"].unit for case in ("multi-frame x1", "CT x4", "small object")
    }
    values = [results[f"{case}: {receiver}"].value for case in units]

    assert list(units.values()) == ["MB/s", "MB/s", "ms"]
    assert all(value is not None and value > 0 for value in values)


def test_the_ratios_have_their_targets(results: dict[str, Result]) -> None:
    assert results["CT x4: Preread over storescp"].target == "at least 1"
    assert results["CT x4: Preread over storescp, floor"].target == "at least 0.8"
    assert results["multi-frame x1: Preread, syncing off over storescp"].target == "at least 2"
    assert results["small object: time of Preread over storescp"].target == "at most 1.5"
    assert results["multi-frame x1: Preread, extra memory"].target == "at most 32"


def test_what_is_settled_later_is_measured(results: dict[str, Result]) -> None:
    later = results["CT x4: Preread, from the last acknowledgement until settled"].value

    assert later is not None and later >= 0


def test_the_disk_and_the_rest_of_the_machine_are_measured_too(results: dict[str, Result]) -> None:
    recycled = results["durable write: recycled file overwritten, fdatasync"].value
    load = results["load by other processes meanwhile"].value

    assert recycled is not None and recycled > 0
    assert load is not None and 0 <= load <= 1
