from pathlib import Path

import pytest

from service.config import Settings
from service.errors import ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from tests.benchmarks.running_worker import RunningWorker, logs_to
from tests.unit.pipeline import assemble, phantom, receive


def test_a_worker_that_cannot_start_says_why(ledger: Ledger, store: MemoryStore, tmp_path: Path) -> None:
    study = receive(ledger, store, phantom())
    assemble(ledger, store)
    rule = {"name": "us", "when": {"Modality": "US"}, "classifiers": ["none-such"]}
    settings = Settings.model_validate({"data_folder": tmp_path, "rules": [rule]})

    with (
        logs_to(tmp_path / "log"),
        RunningWorker(settings, ledger, "none-such") as worker,
        pytest.raises(RuntimeError, match="has ended") as raised,
    ):
        worker.work([study])

    assert isinstance(raised.value.__cause__, ConfigurationError)
