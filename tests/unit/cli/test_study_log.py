import json
from pathlib import Path

from service.errors import ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from tests.factories import STUDY, received
from tests.unit.cli.conftest import Run


def test_the_log_of_a_study_is_shown(run: Run, tmp_path: Path) -> None:
    run("status")  # makes the ledger
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    record_received(ledger, received())
    ledger.close()

    entries = json.loads(run("log", STUDY, "--json").output)

    assert {(one["role"], one["event"]) for one in entries} == {
        ("accept", "instance_received"),
        ("accept", "images"),
    }
    assert "quiet period" in run("log", STUDY).output


def test_a_study_that_never_came_is_told(run: Run) -> None:
    run("status")
    assert isinstance(run("log", "1.2.3").exception, ConfigurationError)
