from pathlib import Path

import pytest

from service.errors import ConfigurationError, InvalidTransition
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.study.state import StudyEvent, StudyState
from tests.factories import STUDY, received
from tests.unit.cli.conftest import Run
from tests.unit.pipeline import study_of


@pytest.fixture
def failed(run: Run, tmp_path: Path) -> Ledger:
    run("status")  # makes the ledger
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    record_received(ledger, received())
    with ledger.begin() as tx:
        tx.studies.move(STUDY, StudyEvent.GAVE_UP, "the disk was full")
    return ledger


def test_failed_study_goes_its_way_again(run: Run, failed: Ledger) -> None:
    assert run("retry", STUDY).exit_code == 0
    assert study_of(failed, STUDY).state is StudyState.ASSEMBLED
    failed.close()


def test_prior_is_no_prior_any_more(run: Run, failed: Ledger) -> None:
    with failed.begin() as tx:
        tx.priors.mark(STUDY, "1.2.3")
    assert run("retry", STUDY).exit_code == 0
    with failed.read() as tx:
        assert tx.priors.prior_of(STUDY) == ""
    failed.close()


def test_study_that_is_on_its_way_is_left_alone(run: Run, failed: Ledger) -> None:
    run("retry", STUDY)
    assert isinstance(run("retry", STUDY).exception, InvalidTransition)
    failed.close()


def test_unknown_study_is_said(run: Run) -> None:
    result = run("retry", "1.2.3")
    assert isinstance(result.exception, ConfigurationError)
    assert "no study 1.2.3 was received" in str(result.exception)


def test_parked_study_goes_its_way_as_it_is(run: Run, failed: Ledger) -> None:
    record_received(failed, received())
    with failed.begin() as tx:
        tx.studies.move(STUDY, StudyEvent.PARKED, "waiting for views: R MLO")
    assert run("retry", STUDY).exit_code == 0
    assert study_of(failed, STUDY).state is StudyState.ASSEMBLED
    failed.close()
