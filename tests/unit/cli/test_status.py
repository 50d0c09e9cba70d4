import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.storage.store.memory import MemoryStore
from tests.factories import STUDY, received
from tests.unit.cli.conftest import Run
from tests.unit.outgoing_study import HEATMAP, SR, report_study


def test_status_of_an_empty_ledger(run: Run) -> None:
    assert "no studies yet" in run("status").output


def test_status_tells_every_study_and_why(run: Run, tmp_path: Path) -> None:
    run("status")  # makes the ledger
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    record_received(ledger, received())
    ledger.close()

    told = json.loads(run("status", "--json").output)

    assert told["counts"] == {"received": 1}
    (study,) = told["studies"]
    assert (study["study_instance_uid"], study["state"]) == (STUDY, "received")
    assert "quiet period" in study["reason"]
    assert "1 received" in run("status").output


def test_status_lists_overdue_studies(run: Run, tmp_path: Path) -> None:
    run("status")  # makes the ledger
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    assert "no study is overdue" in run("status", "--overdue").output
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    record_received(ledger, received(received_at=long_ago))
    record_received(ledger, received(study_instance_uid="1.2"))
    ledger.close()

    (study,) = json.loads(run("status", "--overdue", "--json").output)["studies"]
    assert study["study_instance_uid"] == STUDY


def test_status_tells_what_is_wrong_with_the_service(run: Run, tmp_path: Path) -> None:
    run("status")  # makes the ledger
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    with ledger.begin() as tx:
        tx.notices.put("accept@host/space", "The disk is [nearly] full", datetime.now(UTC))
    ledger.close()

    assert "The disk is [nearly] full" in run("status").output
    (notice,) = json.loads(run("status", "--json").output)["notices"]
    assert notice["source"] == "accept@host/space"


def test_status_tells_for_machines_what_proves_that_each_object_arrived(run: Run, tmp_path: Path) -> None:
    run("status")  # makes the ledger
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    report_study(ledger, MemoryStore())
    with ledger.begin() as tx:
        tx.deliveries.mark(SR, "pacs", DeliveryState.DELIVERED, Proof.COMMITMENT, "kept")
    ledger.close()

    (study,) = json.loads(run("status", "--json").output)["studies"]
    assert {one["sop_instance_uid"]: (one["state"], one["proof"]) for one in study["deliveries"]} == {
        SR: ("delivered", "storage commitment"),
        HEATMAP: ("waiting", "none"),
    }
