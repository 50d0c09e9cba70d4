"""The quick version end to end: that it runs and what it reports, not how fast anything is."""

from pathlib import Path

import pytest

from tests.benchmarks.harness.results import read_results
from tests.benchmarks.live import main

pytestmark = pytest.mark.integration


def test_results_reach_every_page_and_the_screen(tmp_path: Path) -> None:
    assert main(["--quick", "--results", str(tmp_path)]) == 0
    results = read_results(tmp_path / "live.json")
    assert len(results) == 3
    assert all(one.unit == "s" and one.value and one.value > 0 for one in results)
