"""The object store, or the way to it, fails: what is told, and what is there afterwards."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.config.store import StoreSettings
from service.errors import StoreUnavailable
from service.storage.store.s3 import S3Store
from service.storage.store.s3.upload import PART_BYTES
from tests.contracts.store import KEY
from tests.faults.link import link
from tests.servers.process import HOST, free_port
from tests.servers.seaweedfs import ACCESS_KEY, SECRET_KEY, SeaweedFS, running_seaweedfs
from tests.unit.accept.doubles import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.fault]


@pytest.fixture(scope="module")
def server() -> Iterator[SeaweedFS]:
    """One of our own: it is killed."""
    with running_seaweedfs() as server:
        yield server


@pytest.fixture(scope="module")
def bucket(server: SeaweedFS) -> str:
    return server.create_bucket()


def opened(server: SeaweedFS, bucket: str, folder: Path, **settings: Any) -> S3Store:
    values = server.settings(bucket, attempts=1, prefix=folder.name) | settings
    return S3Store(StoreSettings.model_validate(values), folder / "uploading")


def assert_says(store: S3Store, advice: str) -> None:
    """Whatever is asked of it, it is away, and says this."""
    with pytest.raises(StoreUnavailable, match=advice):
        store.put(KEY, b"new")
    with pytest.raises(StoreUnavailable, match=advice):
        store.put_all([(KEY, (b"new",))])
    with pytest.raises(StoreUnavailable, match=advice), store.begin() as upload:
        upload.write(b"new")
        upload.commit(KEY)
    with pytest.raises(StoreUnavailable, match=advice), store.begin() as upload:
        upload.write(bytes(PART_BYTES + 1))
        upload.commit(KEY)
    with pytest.raises(StoreUnavailable, match=advice):
        store.get(KEY)
    with pytest.raises(StoreUnavailable, match=advice):
        store.open(KEY)
    with pytest.raises(StoreUnavailable, match=advice):
        store.exists(KEY)
    with pytest.raises(StoreUnavailable, match=advice):
        store.keys("")
    with pytest.raises(StoreUnavailable, match=advice):
        store.delete(KEY)
    with pytest.raises(StoreUnavailable, match=advice):
        store.move(KEY, "quarantine/1.dcm")
    assert store.free_bytes() > 0


def test_store_that_is_away_is_told_and_keeps_what_it_has_acknowledged(
    server: SeaweedFS, bucket: str, tmp_path: Path
) -> None:
    store = opened(server, bucket, tmp_path)
    kept = {f"instances/{number}": bytes([number]) * 20_000 for number in range(50)}
    store.put_all((key, (data,)) for key, data in kept.items())
    with store.begin() as upload:
        upload.write(bytes(PART_BYTES + 1))
        upload.commit("instances/large")
    server.kill()
    try:
        assert_says(store, r"does not answer .*store\.endpoint_url")
    finally:
        server.start()
    assert store.keys("") == sorted([*kept, "instances/large"])
    assert {key: store.get(key) for key in kept} == kept
    assert store.get("instances/large") == bytes(PART_BYTES + 1)


def test_store_that_is_killed_in_the_middle_of_an_upload_has_the_old_object(
    server: SeaweedFS, bucket: str, tmp_path: Path
) -> None:
    data = b"\1" * (3 * PART_BYTES)
    with link(server.port) as slow:
        store = opened(server, bucket, tmp_path, endpoint_url=f"http://{HOST}:{slow.port}")
        store.put(KEY, b"old")
        failures: list[Exception] = []

        def send() -> None:
            try:
                with store.begin() as upload:
                    upload.write(data)
                    upload.commit(KEY)
            except StoreUnavailable as failure:
                failures.append(failure)

        slow.slow(bytes_per_s=500_000)
        sending = threading.Thread(target=send)
        sending.start()
        wait_for(lambda: bool(server.client.list_multipart_uploads(Bucket=bucket).get("Uploads")))
        server.kill()
        sending.join()
        slow.mend()
        server.start()
        assert len(failures) == 1
        assert (store.keys(""), store.get(KEY)) == ([KEY], b"old")
        with store.begin() as upload:
            upload.write(data)
            upload.commit(KEY)
        assert store.get(KEY) == data


def test_store_that_is_silent_counts_as_away(server: SeaweedFS, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as silent:
        url = f"http://{HOST}:{silent.getsockname()[1]}"
        store = opened(server, "any-bucket", tmp_path, endpoint_url=url, timeout_s=0.2, attempts=2)
        with pytest.raises(StoreUnavailable, match=r"ReadTimeoutError.*check that it runs"):
            store.put(KEY, b"new")


def test_nobody_at_the_address_counts_as_away(server: SeaweedFS, tmp_path: Path) -> None:
    store = opened(server, "any-bucket", tmp_path, endpoint_url=f"http://{HOST}:{free_port()}")
    assert_says(store, "does not answer")


def test_missing_bucket_is_told(server: SeaweedFS, tmp_path: Path) -> None:
    store = opened(server, "no-such-bucket", tmp_path)
    assert_says(store, r"create the bucket, or correct store\.bucket")


def test_wrong_credentials_are_told_and_can_be_corrected_while_it_runs(
    server: SeaweedFS, bucket: str, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text(f"{ACCESS_KEY}\nanother secret\n")
    store = opened(server, bucket, tmp_path, credentials_file=str(credentials))
    assert_says(store, r"check store\.credentials_file")
    credentials.write_text(f"somebody\n{SECRET_KEY}\n")
    assert_says(store, r"check store\.credentials_file")
    credentials.unlink()
    assert_says(store, r"store\.credentials_file: cannot read")
    credentials.write_text(f"{ACCESS_KEY}\n{SECRET_KEY}\n")
    store.put(KEY, b"bytes")
    assert store.get(KEY) == b"bytes"
