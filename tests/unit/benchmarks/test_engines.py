"""The quick version end to end: that it runs and what it reports, not how fast anything is."""

import pytest

from tests.benchmarks import engines_gpu
from tests.benchmarks.engines import main
from tests.benchmarks.harness.results import Result, read_results

STEPS = 7


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Result]]:
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines_gpu, "gpu_missing", lambda: "not in this test")
        assert main(["--quick", "--results", str(folder)]) == 0
    return {part: read_results(folder / f"engines-{part}.json") for part in ("cpu", "worker", "gpu")}


def named(results: list[Result], part: str) -> list[Result]:
    return [one for one in results if part in one.measure]


def test_every_backend_has_a_speed_and_a_ratio_to_pytorch(results: dict[str, list[Result]]) -> None:
    for batch in (1, 8):
        setting = f"tiny, 1 thread, batch {batch}"
        units = {one.measure: one.unit for one in named(results["cpu"], setting)}
        assert units[f"{setting}: torch eager fp32"] == "images/s"
        for backend in ("ONNX Runtime fp32", "ONNX Runtime int8"):
            assert units[f"{setting}: {backend}"] == "images/s"
            assert units[f"{setting}: {backend} over torch eager fp32"] == "x"


def test_the_heatmaps_cost_has_a_target_at_batch_eight_only(results: dict[str, list[Result]]) -> None:
    one, eight = named(results["cpu"], "heatmap over a forward pass")

    assert (one.target, one.holds) == ("", None)
    assert eight.target == "at most 1.1"
    assert eight.holds is (eight.value is not None and eight.value <= 1.1)


def test_each_worker_has_its_ratio_its_bound_and_its_steps(results: dict[str, list[Result]]) -> None:
    for worker in ("us-mass (onnxruntime)", "random-tiny (onnxruntime)"):
        (ratio,) = named(results["worker"], f"{worker}: worker throughput")
        (allowed,) = named(results["worker"], f"{worker}: ratio that processor time allows")
        steps = named(results["worker"], f"{worker}: step: ")
        assert ratio.target == "at least 0.9"
        assert allowed.value is not None and allowed.value > 0
        assert len(steps) == STEPS
        assert all(step.value is not None and step.value >= 0 for step in steps)


def test_a_cold_worker_loads_no_pytorch(results: dict[str, list[Result]]) -> None:
    (first,) = named(results["worker"], "cold start to first result")
    (torch,) = named(results["worker"], "PyTorch")

    assert first.value is not None and first.value > 0
    assert (torch.value, torch.holds) == (0, True)


def test_a_missing_gpu_is_said(results: dict[str, list[Result]]) -> None:
    skipped = results["gpu"][0]

    assert (skipped.value, skipped.holds) == (None, None)
    assert skipped.how.startswith("skipped: not in this test")


def test_every_part_says_what_else_ran(results: dict[str, list[Result]]) -> None:
    for part in results.values():
        load = part[-1].value
        assert load is not None and 0 <= load <= 1
