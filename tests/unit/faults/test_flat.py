import pytest

from tests.faults.soak.flat import fifths, judged
from tests.faults.soak.sample import Sample

MIB = 1024**2


def sample(number: int, memory_mib: float = 100, handles: int = 20, per_study: float = 4096) -> Sample:
    return Sample(
        number * 10, {"infer": int(memory_mib * MIB)}, {"infer": handles}, int(number * 10 * per_study)
    )


FLAT = [sample(number) for number in range(20)]
LATENCIES_S = [3.0] * 200


def broken(samples: list[Sample], latencies_s: list[float] = LATENCIES_S) -> list[str]:
    return [one.measure for one in judged(samples, latencies_s, "in a test") if one.holds is False]


def test_what_stays_as_it_was_is_flat() -> None:
    assert broken(FLAT) == []


def test_memory_that_grows_is_found() -> None:
    assert broken([sample(n, memory_mib=100 + 2 * n) for n in range(20)]) == [
        "memory of infer: last over first"
    ]


def test_handles_that_are_never_closed_are_found() -> None:
    assert broken([sample(n, handles=20 + n) for n in range(20)]) == ["file handles of infer: more"]


def test_a_database_that_grows_faster_and_faster_is_found() -> None:
    samples = [sample(n, per_study=4096 + 400 * n) for n in range(20)]

    assert broken(samples) == ["database per study: last over first"]


def test_studies_that_take_longer_and_longer_are_found() -> None:
    slower = [3.0 + number / 100 for number in range(200)]

    assert broken(FLAT, slower) == ["acknowledged to delivered: last over first"]


def test_a_run_of_less_than_five_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        fifths([1.0] * 4)
