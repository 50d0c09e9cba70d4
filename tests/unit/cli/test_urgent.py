from pathlib import Path

from service.config.load import load_settings
from service.errors import ConfigurationError
from service.storage.ledger.steps.receive import record_received
from service.study.model import Priority
from service.wiring.adapters import open_ledger
from tests.factories import STUDY, received
from tests.unit.cli.conftest import Run
from tests.unit.pipeline import study_of


def test_study_becomes_urgent_and_its_history_says_by_whom(run: Run, configuration: Path) -> None:
    ledger = open_ledger(load_settings(configuration))
    record_received(ledger, received())

    assert "before routine studies once it is queued" in run("urgent", STUDY).output
    assert "urgent already" in run("urgent", STUDY).output

    assert study_of(ledger, STUDY).priority is Priority.URGENT
    with ledger.read() as tx:
        assert "`preread urgent`" in tx.studies.history(STUDY)[-1].reason
    ledger.close()


def test_unknown_study_is_said(run: Run) -> None:
    assert isinstance(run("urgent", "1.2.3").exception, ConfigurationError)
