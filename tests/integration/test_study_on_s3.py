"""Studies whose instances, heatmaps and result objects lie in a bucket."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from service.config.load import load_settings
from service.config.store import StoreSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.s3 import S3Store
from service.study.state import StudyState
from service.wiring.recover import open_rebuild
from tests.integration.accept_role import AcceptRole, Scanner
from tests.integration.balancer import balancer
from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, store, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.preread import Preread, running
from tests.servers.seaweedfs import SeaweedFS, running_seaweedfs
from tests.unit.accept.doubles import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.fault]


@pytest.fixture(scope="module")
def server() -> Iterator[SeaweedFS]:
    """One of our own: it is killed."""
    with running_seaweedfs() as server:
        yield server


@pytest.fixture
def bucket(server: SeaweedFS) -> str:
    return server.create_bucket()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends what a test has started."""
    with ExitStack() as stack:
        yield stack


def opened(server: SeaweedFS, bucket: str, folder: Path) -> S3Store:
    return S3Store(StoreSettings.model_validate(server.settings(bucket)), folder / "look")


def assert_nothing_is_lost(ledger: Ledger, kept: S3Store, acknowledged: dict[str, bytes]) -> None:
    with ledger.read() as tx:
        entries = {uid: tx.instances.find(uid) for uid in acknowledged}
    for uid, data in acknowledged.items():
        entry = entries[uid]
        assert entry is not None, "acknowledged and lost"
        assert kept.get(entry.key).endswith(data)


def test_study_goes_the_whole_way_and_leaves_nothing_on_the_disk(
    server: SeaweedFS, bucket: str, orthanc: Orthanc, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    files = write(new_study(), tmp_path / "study")
    uid = str(dcmread(files[0]).StudyInstanceUID)
    port, title = orthanc.dicom_port, orthanc.ae_title
    service = Preread(tmp_path, port, title, store=server.settings(bucket, prefix="preread"))
    with running(service):
        store(dcmtk, service, files)
        delivered = service.wait_for_state(uid, "delivered", "failed", "not_analysed")
        assert delivered.state is StudyState.DELIVERED, delivered.reason
        assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 2}
        (heatmap, *_) = [key for key in keys(server, bucket) if "analyses/" in key]
        page = service.web(f"/studies/{uid}").text
        assert uid in page
    found = [key.split("/")[:3] for key in keys(server, bucket)]
    assert found.count(["preread", "instances", uid]) == 2
    assert ["preread", "objects", uid] in found
    assert heatmap.startswith(f"preread/analyses/{uid}/")
    assert not (tmp_path / "data" / "store").exists()
    assert list((tmp_path / "data" / "uploading").iterdir()) == []
    log = (tmp_path / "preread.log").read_text()
    assert not {word for word in (uid, "PHANTOM", "a secret of tests only") if word in log}


def test_receiving_goes_on_while_the_bucket_is_away_and_catches_up(
    server: SeaweedFS, bucket: str, tmp_path: Path, stack: ExitStack
) -> None:
    settings = server.settings(bucket, attempts=1)
    server.kill()
    try:
        accept = AcceptRole(tmp_path, store=settings, assemble={"quiet_period_s": 600.0})
        stack.callback(accept.stop)
        scanner = Scanner(accept.port)
        scanner.send(12)
        # What is too large for the journal is refused for now, and a scanner sends it again.
        assert 0 < len(scanner.acknowledged) < 12
        wait_for(lambda: "wait in the journal" in accept.log())
        accept.kill_and_start()
        scanner.send(6)
    finally:
        server.start()
    ledger = Ledger(f"sqlite:///{tmp_path}/data/ledger.sqlite3")
    wait_for(lambda: entered(ledger, scanner) == len(scanner.acknowledged), timeout_s=60.0)
    assert_nothing_is_lost(ledger, opened(server, bucket, tmp_path), scanner.acknowledged)
    ledger.close()
    assert "does not answer" in accept.log()


def test_ledger_that_is_lost_is_made_again_from_the_bucket(
    server: SeaweedFS, bucket: str, tmp_path: Path, stack: ExitStack
) -> None:
    settings = server.settings(bucket)
    accept = AcceptRole(tmp_path, store=settings, assemble={"quiet_period_s": 600.0})
    stack.callback(accept.stop)
    scanner = Scanner(accept.port)
    scanner.send(12)
    accept.stop()
    for path in (tmp_path / "data").glob("ledger.sqlite3*"):
        path.unlink()

    loaded = load_settings(tmp_path / "preread.yaml")
    with open_rebuild(loaded, datetime.now(UTC) - timedelta(days=1), adds_missing=False, dry=False) as run:
        found = run.run()

    assert (found.instances_entered, found.analysed_again, found.fault_count) == (12, 12, 0)
    ledger = Ledger(f"sqlite:///{tmp_path}/data/ledger.sqlite3")
    assert_nothing_is_lost(ledger, opened(server, bucket, tmp_path), scanner.acknowledged)
    ledger.close()


@pytest.mark.parametrize("durability", ["journal", "direct"])
def test_study_that_is_split_over_replicas_behind_a_balancer_is_one_and_whole(
    server: SeaweedFS, bucket: str, postgres_url: str, tmp_path: Path, stack: ExitStack, durability: str
) -> None:
    replicas = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        replicas.append(
            AcceptRole(
                tmp_path / name,
                accept={"durability": durability},
                store=server.settings(bucket),
                ledger={"url": postgres_url},
                assemble={"quiet_period_s": 6.0},
                rules=[],
            )
        )
        stack.callback(replicas[-1].stop)
    study_uid = generate_uid()
    with balancer([replica.port for replica in replicas]) as front:
        # Each keeps its association, and they go to the replicas in turn: so each has two scanners.
        scanners = [Scanner(front.port, seed, study_uid) for seed in range(4)]
        for scanner in scanners:
            stack.callback(scanner.stop)
            scanner.start()
        wait_for(lambda: min(len(scanner.acknowledged) for scanner in scanners) >= 4, timeout_s=60.0)
        assert min(front.connections[replica.port] for replica in replicas) >= 2
        replicas[0].kill_and_start()
        counts = [len(scanner.acknowledged) for scanner in scanners]
        wait_for(lambda: all(len(s.acknowledged) > n for s, n in zip(scanners, counts, strict=True)), 60.0)
        for scanner in scanners:
            scanner.stop()
    acknowledged = {uid: data for scanner in scanners for uid, data in scanner.acknowledged.items()}
    ledger = Ledger(postgres_url)
    ledger.upgrade()
    wait_for(lambda: sum(entered(ledger, one) for one in scanners) == len(acknowledged), timeout_s=90.0)
    wait_for(lambda: state(ledger, study_uid) is StudyState.NOT_ANALYSED, timeout_s=90.0)
    assert_nothing_is_lost(ledger, opened(server, bucket, tmp_path), acknowledged)
    with ledger.read() as tx:
        (study,) = tx.studies.latest(10)
    ledger.close()
    # Instances that were kept when their replica was killed, before it had answered, count too.
    assert study.instance_count >= len(acknowledged)
    assert len([key for key in keys(server, bucket) if "instances/" in key]) >= study.instance_count


def keys(server: SeaweedFS, bucket: str) -> list[str]:
    pages = server.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


def entered(ledger: Ledger, scanner: Scanner) -> int:
    with ledger.read() as tx:
        return sum(tx.instances.find(uid) is not None for uid in scanner.acknowledged)


def state(ledger: Ledger, study_uid: str) -> StudyState | None:
    with ledger.read() as tx:
        study = tx.studies.find(study_uid)
    return None if study is None else study.state
