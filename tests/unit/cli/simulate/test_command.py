import json
from pathlib import Path

import pytest

from service.cli.demo.pacs import DemoPacs
from service.errors import ConfigurationError
from tests.unit.cli.conftest import Run

SCENARIO = f"""
hours = 0.001
[[scanners]]
name = "us"
ae_title = "SIM-US"
modality = "US"
studies_by_hour = {[3600.0] * 24}
images = [1, 2]
rows = 96
columns = 128
pictures = 1
"""


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO)
    return str(path)


def test_report_names_the_seed_that_gives_it_again(run: Run, tmp_path: Path, scenario: str) -> None:
    with DemoPacs(tmp_path / "pacs") as pacs:
        to = f"PACS@127.0.0.1:{pacs.port}"
        first = run("simulate", scenario, "--to", to, "--speed-up", "10", "--json")
        count = len(pacs.stored)
        told = json.loads(first.stdout)
        again = run("simulate", scenario, "--to", to, "--speed-up", "10", "--json", "--seed", told["seed"])
        assert (len(pacs.stored), pacs.duplicates) == (count, count)
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert told["images"]["acknowledged"] == count > 0


def test_table_is_for_people(run: Run, tmp_path: Path, scenario: str) -> None:
    with DemoPacs(tmp_path / "pacs") as pacs:
        result = run("simulate", scenario, "--to", f"PACS@127.0.0.1:{pacs.port}", "--speed-up", "10")
    assert result.exit_code == 0
    assert "C-STORE answers" in result.output


def test_plan_is_shown_and_nothing_sent(run: Run) -> None:
    result = run("simulate", "--plan", "--seed", "1")
    assert result.exit_code == 0
    assert "SIM-MR" in result.output


def test_node_has_to_be_named(run: Run, scenario: str) -> None:
    assert isinstance(run("simulate", scenario).exception, ConfigurationError)


def test_results_are_asked_for_in_one_place(run: Run, tmp_path: Path, scenario: str) -> None:
    with DemoPacs(tmp_path / "pacs") as pacs:
        to = f"PACS@127.0.0.1:{pacs.port}"
        result = run("simulate", scenario, "--to", to, "--follow", "--worklist", "http://127.0.0.1:1")
    assert isinstance(result.exception, ConfigurationError)


def test_service_without_any_of_the_studies_has_no_results(run: Run, tmp_path: Path, scenario: str) -> None:
    assert run("ledger", "upgrade").exit_code == 0
    with DemoPacs(tmp_path / "pacs") as pacs:
        to = f"PACS@127.0.0.1:{pacs.port}"
        result = run(
            "simulate", scenario, "--to", to, "--follow", "--wait-s", "0", "--json", "--speed-up", "10"
        )
    told = json.loads(result.stdout)
    assert told["results"]["not_ended"] == told["studies"]["sent"] > 0
