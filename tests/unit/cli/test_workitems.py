import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.config.load import load_settings
from service.storage.ledger.ledger import Ledger
from service.study.workitem import WorkitemInput, WorkitemState
from service.wiring.adapters import open_ledger
from tests.factories import STUDY
from tests.fakes.workitems import held
from tests.unit.cli.conftest import Run


@pytest.fixture
def ledger(configuration: Path) -> Iterator[Ledger]:
    ledger = open_ledger(load_settings(configuration))
    yield ledger
    ledger.close()


def test_nothing_is_listed_where_nothing_was_offered(run: Run) -> None:
    assert "no manager has had a workitem for us" in run("workitems").output


def test_workitems_are_listed_with_their_reason_and_without_their_lock(run: Run, ledger: Ledger) -> None:
    with ledger.begin() as tx:
        tx.workitems.add(held(reason="queued: waiting for us-mass"))
        ended = held(
            "1.9.2", input=WorkitemInput(""), state=WorkitemState.CANCELED, reason="it names no study"
        )
        tx.workitems.add(ended)
    output = run("workitems").output
    assert "queued: waiting for us-mass" in output
    assert "study not named" in output
    printed = run("workitems", "--open", "--json").stdout
    (entry,) = json.loads(printed)
    assert (entry["state"], entry["study_instance_uid"]) == ("working", STUDY)
    assert held().transaction_uid not in printed
