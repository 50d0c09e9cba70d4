import pytest

from tests.benchmarks.engines_gpu import FASTEST, latencies, throughputs
from tests.benchmarks.gpu_floor import Floor
from tests.benchmarks.gpu_sides import COMPILED_FP16, EAGER_FP32
from tests.benchmarks.harness.rounds import Rounds
from tests.benchmarks.kept import document

FLOOR = Floor(flop_per_s=1e12, bytes_per_s=1e9, flop=1e9, weights_bytes=5e6, image_bytes=0)
MEASURED = {
    1: Rounds({EAGER_FP32: [0.02, 0.02], FASTEST: [0.010, 0.010]}),
    8: Rounds({EAGER_FP32: [0.08, 0.08], FASTEST: [0.016, 0.016]}),
}


def test_the_floor_is_traffic_for_one_image_and_arithmetic_for_many() -> None:
    assert FLOOR.seconds(1) == pytest.approx(0.005)
    assert FLOOR.seconds(8) == pytest.approx(0.008)


def test_latency_is_of_one_image() -> None:
    found = latencies("net", MEASURED[1], FLOOR)

    assert [one.measure for one in found] == [f"net, batch 1: {EAGER_FP32}", f"net, batch 1: {FASTEST}"]
    assert [one.value for one in found] == pytest.approx([20, 10])
    assert "2.0 times the floor" in found[1].how


def test_throughput_is_at_the_best_batch_and_compared_there() -> None:
    eager, fastest, ratio = throughputs("net", MEASURED, FLOOR)

    assert [eager.value, fastest.value] == pytest.approx([100, 500])
    assert "best batch 8, 50% of the floor's rate" in fastest.how
    assert ratio.measure == f"net: {FASTEST} over {EAGER_FP32}"
    assert ratio.value == pytest.approx(5)
    assert ratio.target == "at least 5"


def test_without_tensorrt_nothing_is_compared() -> None:
    found = throughputs("net", {8: Rounds({COMPILED_FP16: [0.1]})}, FLOOR)

    assert [one.unit for one in found] == ["images/s"]


def test_kept_results_say_when_where_and_with_what() -> None:
    kept = document(latencies("net", MEASURED[1], FLOOR), "2026-11-21", "NVIDIA H200", {"torch": "2.13"})

    assert (kept["date"], kept["gpu"], kept["versions"]) == ("2026-11-21", "NVIDIA H200", {"torch": "2.13"})
    assert kept["results"][0]["unit"] == "ms"
