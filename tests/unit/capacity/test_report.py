"""The report from made-up figures: that each stands where it belongs."""

import re
from pathlib import Path

import pytest

from tests.benchmarks.harness.results import write_results
from tests.capacity.model.inputs import Inputs, load_inputs
from tests.capacity.model.measured import Measured, loads, set_ups
from tests.capacity.report import __main__ as report
from tests.capacity.report import tables
from tests.capacity.report.compared import compared
from tests.capacity.report.page import filled
from tests.capacity.report.sizes import sizes
from tests.unit.capacity.builders import IMAGES, LOADS, figures


def small() -> Inputs:
    inputs = load_inputs()
    patient = inputs.objective.model_copy(update={"urgent_s": 600.0})
    return inputs.model_copy(update={"hospitals": (1, 2), "costs": (1.0, 100.0), "objective": patient})


def test_model_takes_work_and_delays_apart() -> None:
    found = Measured.of(figures(), "servers")
    assert found.infer_image_s == pytest.approx(1 / IMAGES)
    assert found.accept_image_s == pytest.approx(0.06 / IMAGES)
    assert found.accept_large_image_s == 0.1
    assert found.assembled_delay_s == pytest.approx(0.1)
    assert found.inferred_delay_s == pytest.approx(0.2)
    assert found.sent_delay_s == pytest.approx(0.2 + 0.3 - 0.06)


def test_missing_figure_is_named() -> None:
    some = [one for one in figures() if "images of a study" not in one.measure]
    with pytest.raises(KeyError, match="images of a study"):
        Measured.of(some, "servers")


def test_loads_and_set_ups_are_found_by_their_names() -> None:
    both = figures("embedded") + figures("servers")
    assert set_ups(both) == ["embedded", "servers"]
    assert loads(both, "embedded") == list(LOADS)


def test_model_is_compared_under_the_same_arrivals() -> None:
    low, high = compared(figures(), "servers")
    assert low.measured["p50"] == 3.0
    # 1.0 quiet, 0.1 + 0.1 + 0.2 + 0.44 of delays, 0.06 sent, and the work of 4 to 8 images.
    assert low.simulated["p50"] > 1.9 + 4 / IMAGES
    assert low.simulated["p95"] <= high.simulated["p95"]


def test_sizes_grow_with_hospitals_and_cost() -> None:
    found = sizes(Measured.of(figures(), "servers"), small())
    assert [(one.hospitals, one.cost) for one in found] == [(1, 1), (1, 100), (2, 1), (2, 100)]
    workers = [one.workers or 0 for one in found]
    assert 1 <= workers[0] <= workers[2] < workers[3]
    assert workers[0] < workers[1] <= workers[3]
    assert found[3].bottleneck == "workers"
    assert found[1].price > 0
    assert found[1].peak_images_per_hour == pytest.approx(found[0].peak_images_per_hour)


def test_page_has_each_part_between_its_marks() -> None:
    page = "a <!-- figures: one -->old<!-- end of figures --> b <!-- figures: two -->x<!-- end of figures -->"
    once = filled(page, {"one": "new", "two": "y"})
    assert "old" not in once
    assert once.count("new") == 1
    assert filled(once, {"one": "new", "two": "y"}) == once
    with pytest.raises(KeyError, match="two"):
        filled(page, {"one": "new"})


def test_command_writes_page_and_plots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "CAPACITY.md"
    page.write_text(report.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "PLOTS", tmp_path / "plots")
    monkeypatch.setattr(report, "KEPT", tmp_path / "kept" / "capacity.json")
    monkeypatch.setattr(report, "load_inputs", small)
    write_results(tmp_path / "capacity.json", figures("embedded") + figures("servers"))

    assert report.main(["--results", str(tmp_path)]) == 0

    text = page.read_text(encoding="utf-8")
    assert "other processes took 25% of the machine" in text
    assert "Measure again" in text
    assert "| 60% | 2,160 | 3.00 s /" in text
    assert "| `accept` | 60 ms | 60,000 |" in text
    plots = {path.name: path.read_text() for path in (tmp_path / "plots").iterdir()}
    assert set(plots) == {"latency.svg", "stages.svg", "day.svg", "workers.svg"}
    assert "last image to delivered" in plots["latency.svg"]
    assert report.main(["--kept"]) == 0
    assert page.read_text(encoding="utf-8") == text
    assert {path.name: path.read_text() for path in (tmp_path / "plots").iterdir()} == plots


def test_nothing_measured_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "KEPT", tmp_path / "none.json")
    assert report.main(["--results", str(tmp_path)]) == 1


def test_figure_that_was_not_measured_is_told_as_such() -> None:
    some = [one for one in figures() if one.measure != "servers: burst: engine"]
    assert re.search(r"\| engine \| not measured \|", tables.worker(some))


def test_page_is_made_of_the_kept_figures() -> None:
    """The measured tables; the simulated ones take longer than a test may."""
    from tests.benchmarks.harness.results import read_results

    kept, text = read_results(report.KEPT), report.PAGE.read_text(encoding="utf-8")
    for part in (tables.machine(kept), tables.per_stage(kept), tables.worker(kept)):
        assert part in text, "run `make capacity-report ARGS=--kept`"
    assert tables.assumptions(load_inputs()) in text
