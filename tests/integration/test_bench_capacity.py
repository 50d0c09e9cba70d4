"""The quick version end to end: that every figure the report needs is there, not how large any is."""

from pathlib import Path

import pytest

from tests.benchmarks.capacity import QUICK, main
from tests.benchmarks.harness.results import read_results
from tests.capacity.model.measured import Measured
from tests.capacity.report.compared import compared

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def test_figures_are_those_that_the_model_asks_for(tmp_path: Path) -> None:
    assert main(["--quick", "--set-up", "embedded", "--results", str(tmp_path)]) == 0
    results = read_results(tmp_path / "capacity.json")
    measured = Measured.of(results, "embedded")
    assert min(measured.infer_image_s, measured.send_image_s, measured.accept_image_s) > 0
    side_by_side = compared(results, "embedded")
    assert [one.share for one in side_by_side] == list(QUICK.shares)
    assert all(one.simulated["p50"] > 0 for one in side_by_side)
