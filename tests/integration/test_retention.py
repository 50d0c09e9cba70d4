"""A running service removes the images of delivered studies when their time is over."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.tables import studies
from service.storage.store.filesystem import FilesystemStore
from tests.factories import STUDY
from tests.integration.accept_role import AcceptRole
from tests.unit.accept.doubles import wait_for
from tests.unit.storage.retention.test_images import deliver, now, receive, report


def test_accept_removes_what_is_due(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    ledger.upgrade()
    store = FilesystemStore(tmp_path / "data" / "store")
    receive(ledger, store, 1)
    report(ledger)
    deliver(ledger)
    with ledger.begin() as tx:
        tx.connection.execute(update(studies).values(updated_at=now() - timedelta(days=2)))
    accept = AcceptRole(tmp_path, retention={"images_days": 1})
    try:
        wait_for(lambda: "1 image was removed here, 1 day or more" in last_reason(ledger))
        assert accept.is_running()
        assert "failed" not in accept.log()
    finally:
        accept.stop()
    assert not store.keys(f"instances/{STUDY}/")
    ledger.close()


def last_reason(ledger: Ledger) -> str:
    with ledger.read() as tx:
        return tx.studies.history(STUDY)[-1].reason
