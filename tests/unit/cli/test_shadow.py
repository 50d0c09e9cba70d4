import json
from pathlib import Path

from service.storage.filesystem import FilesystemStore
from service.storage.ledger import Ledger
from tests.unit.cli.conftest import Run
from tests.unit.enqueue.test_shadow import queued, read


def test_the_report_shows_it(run: Run, tmp_path: Path) -> None:
    ledger, store = (
        Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}"),
        FilesystemStore(tmp_path / "s"),
    )
    ledger.upgrade()
    uid = queued(ledger, store)
    read(ledger, store, uid, "us-mass")
    missing = run("shadow", "report", "us-next", "us-mass")
    assert "name it in rules[].shadow" in str(missing.exception)
    read(ledger, store, uid, "us-next")
    ledger.close()

    shown = run("shadow", "report", "us-next", "us-mass")
    assert shown.exit_code == 0, shown.output
    assert "20.0 percentage points" in shown.output
    assert json.loads(run("shadow", "report", "us-next", "us-mass", "--json").output)["studies"] == 1
