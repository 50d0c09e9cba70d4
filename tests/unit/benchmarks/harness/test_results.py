import io
from pathlib import Path

from rich.console import Console

from tests.benchmarks.harness.results import Result, read_results, show, with_note, write_results

RESULTS = [
    Result("speed", 12.5, "images/s", "one round"),
    Result.at_least("ratio", 1.4, "x", "one round", 1.5),
    Result.at_most("time", 1.05, "x", "one round", 1.1),
    Result.skipped("GPU", "there is none"),
]


def test_a_target_holds_or_does_not_and_without_one_nothing_is_said() -> None:
    assert [one.holds for one in RESULTS] == [None, False, True, None]
    assert [one.target for one in RESULTS] == ["", "at least 1.5", "at most 1.1", ""]


def test_results_come_back_from_the_file(tmp_path: Path) -> None:
    write_results(tmp_path / "new" / "results.json", RESULTS)

    assert read_results(tmp_path / "new" / "results.json") == RESULTS


def test_a_note_goes_to_every_result() -> None:
    noted = with_note(RESULTS, "machine was busy")

    assert all(one.how.endswith("; machine was busy") for one in noted)
    assert [one.value for one in noted] == [one.value for one in RESULTS]


def test_the_table_shows_a_missed_target() -> None:
    console = Console(file=io.StringIO(), width=200)

    show(console, "measured", RESULTS)

    text = console.file.getvalue()  # type: ignore[attr-defined]
    (ratio,) = [line for line in text.splitlines() if "ratio" in line]
    assert "NO" in ratio
    assert "skipped: there is none" in text
