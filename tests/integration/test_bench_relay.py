"""The quick version end to end: that it runs and what it reports, not how fast anything is."""

from pathlib import Path

import pytest

from tests.benchmarks.harness.results import read_results
from tests.benchmarks.relay import main

pytestmark = pytest.mark.integration


def test_both_ways_have_a_rate(tmp_path: Path) -> None:
    assert main(["--quick", "--results", str(tmp_path)]) == 0
    rates = {one.measure: one for one in read_results(tmp_path / "relay.json")}
    assert set(rates) == {"outbox drained", "fetched and acked"}
    assert all(one.unit == "messages/s" and one.value for one in rates.values())
