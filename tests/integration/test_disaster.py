"""The database is lost: what was acknowledged is in the store, and the PACS ends with each result once."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from service.study.state import StudyState
from tests.integration import accept_role
from tests.integration.accept_role import Scanner
from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, store, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.postgres import Postgres
from tests.servers.preread import Preread
from tests.servers.rabbitmq import empty_virtual_host
from tests.unit.accept.doubles import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.timeout(1200)]

OTHERS = 300
"""Images that no rule wants, each of a study of its own: making the ledger again takes long enough to be
killed.
"""
RULE = {
    "name": "breast-ultrasound",
    "when": {"Modality": "US", "BodyPartExamined": "BREAST"},
    "classifiers": ["us-mass"],
    "destinations": ["pacs"],
}


class Database:
    """The ledger's, which can be lost and restored."""

    def __init__(self, folder: Path, server: Postgres | None) -> None:
        self._file = folder / "data" / "ledger.sqlite3"
        self._server = server
        self._name = f"test_{uuid4().hex}"
        if server:
            server.create_database(self._name)

    def settings(self) -> dict[str, Any]:
        return {"ledger": {"url": self._server.url(self._name)}} if self._server else {}

    def lose(self) -> None:
        """There is an empty one afterwards, or none."""
        if self._server:
            self._server.drop_database(self._name)
            self._server.create_database(self._name)
        for path in self._file.parent.glob("ledger.sqlite3*"):
            path.unlink()

    def back_up(self, preread: Preread, copy: Path) -> None:
        """While the service runs, as BACKUP.md says."""
        if self._server:
            self._server.dump(self._name, copy)
        else:
            run(preread, "ledger", "backup", str(copy))

    def restore(self, preread: Preread, copy: Path) -> None:
        if self._server:
            self._server.restore(self._name, copy)
        else:
            run(preread, "ledger", "restore", str(copy))

    def close(self) -> None:
        if self._server:
            self._server.drop_database(self._name)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    is_server = request.param == "servers"
    database = Database(tmp_path, request.getfixturevalue("postgres_server") if is_server else None)
    yield database
    database.close()


@pytest.fixture
def preread(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path, orthanc: Orthanc
) -> Iterator[Preread]:
    settings = database.settings()
    with ExitStack() as resources:
        if settings:
            url = resources.enter_context(empty_virtual_host(request.getfixturevalue("rabbitmq")))
            settings |= {"broker": {"kind": "rabbitmq", "url": url}}
        service = Preread(tmp_path, orthanc.dicom_port, orthanc.ae_title, rules=[RULE], **settings)
        service.start()
        resources.callback(service.stop)
        yield service


def run(preread: Preread, *arguments: str) -> str:
    """Run a command to its end. Returns what it says."""
    done = subprocess.run(
        preread.command(*arguments),
        env=os.environ | preread.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def killed_in_between(preread: Preread, *arguments: str) -> int:
    """Start a command and SIGKILL it once some studies are entered. Returns how many were by then."""
    process = subprocess.Popen(preread.command(*arguments), env=os.environ | preread.environment)
    deadline = time.monotonic() + 120
    while not (entered := count(preread)) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL, "it had ended before it was killed"
    return entered


def count(preread: Preread) -> int:
    try:
        return len(preread.studies())
    except Exception:  # the tables are being made
        return 0


def sent(preread: Preread, dcmtk: Dcmtk, folder: Path, images: int = 2) -> str:
    """Send a new study. Returns its UID."""
    study = new_study(images)
    store(dcmtk, preread, write(study, folder / study[0].StudyInstanceUID))
    return str(study[0].StudyInstanceUID)


def results(orthanc: Orthanc, studies: Sequence[str] = ()) -> set[str]:
    """UIDs of the result objects in the PACS, of some studies or of all."""
    return {
        one["SOPInstanceUID"]
        for one in orthanc.instances()
        if not studies or one["StudyInstanceUID"] in studies
    }


@pytest.mark.parametrize(
    "database", ["embedded", pytest.param("servers", marks=pytest.mark.long)], indirect=True
)
def test_ledger_is_made_again_from_the_store_and_every_study_ends_delivered_once(
    preread: Preread,
    database: Database,
    orthanc_server: Orthanc,
    orthanc: Orthanc,
    dcmtk: Dcmtk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accept_role, "SIZES", (2_000,))
    others = Scanner(preread.dicom_port)
    others.send(OTHERS)
    delivered = sent(preread, dcmtk, tmp_path)
    revised = new_study()
    store(dcmtk, preread, write(revised[:1], tmp_path / "first"))
    preread.wait_for_state(delivered, "delivered")
    preread.wait_for_state(revised[0].StudyInstanceUID, "delivered")
    store(dcmtk, preread, write(revised, tmp_path / "both"))
    wait_for(lambda: orthanc.count_by_sop_class() == {SR_CLASS: 3, SC_CLASS: 4}, timeout_s=300.0)
    preread.wait_for_state(revised[0].StudyInstanceUID, "delivered")
    before = results(orthanc)
    orthanc_server.stop()
    try:
        waiting = sent(preread, dcmtk, tmp_path)
        preread.wait_for_state(waiting, "reported")
        under_way = [sent(preread, dcmtk, tmp_path, images) for images in (12, 1)]
        preread.kill()
        database.lose()

        entered = killed_in_between(preread, "ledger", "rebuild")
        assert 0 < entered < OTHERS
        said = run(preread, "ledger", "rebuild")
        assert "entered and analysed" in said
    finally:
        orthanc_server.start()
    preread.start()

    studies = [delivered, revised[0].StudyInstanceUID, waiting, *under_way]
    for uid in studies:
        study = preread.wait_for_state(uid, "delivered", "failed", timeout_s=240.0)
        assert study.state is StudyState.DELIVERED, study.reason
    # What was there is the same, and what was not is there once: one report and one heatmap an image.
    assert results(orthanc, studies[:2]) == before
    assert orthanc.count_by_sop_class() == {SR_CLASS: 3 + 3, SC_CLASS: 4 + 2 + 12 + 1}
    with preread.ledger() as ledger, ledger.read() as tx:
        for uid in others.acknowledged:
            assert tx.instances.find(uid) is not None, "acknowledged and lost"
    assert '"fault_count": 0' in run(preread, "ledger", "rebuild", "--add-missing", "--json")
    assert "ledger and store agree" in run(preread, "ledger", "check", "--all")


@pytest.mark.parametrize(
    "database", [pytest.param("embedded", marks=pytest.mark.long), "servers"], indirect=True
)
def test_backup_that_is_older_than_the_last_studies_is_made_whole(
    preread: Preread,
    database: Database,
    orthanc_server: Orthanc,
    orthanc: Orthanc,
    dcmtk: Dcmtk,
    tmp_path: Path,
) -> None:
    before = sent(preread, dcmtk, tmp_path)
    preread.wait_for_state(before, "delivered")
    orthanc_server.stop()
    try:
        under_way = sent(preread, dcmtk, tmp_path)
        preread.wait_for_state(under_way, "reported")
        preread.wait_for_log("handler failed")  # its message has left the ledger
        database.back_up(preread, tmp_path / "backup")
    finally:
        orthanc_server.start()
    afterwards = sent(preread, dcmtk, tmp_path)
    for uid in (under_way, afterwards):
        preread.wait_for_state(uid, "delivered")
    held = results(orthanc)
    preread.kill()
    database.lose()

    database.restore(preread, tmp_path / "backup")
    run(preread, "ledger", "rebuild", "--add-missing")
    preread.start()

    for uid in (before, under_way, afterwards):
        assert preread.wait_for_state(uid, "delivered", "failed").state is StudyState.DELIVERED
    assert results(orthanc) == held
    assert preread.studies()[before].revision == 1
