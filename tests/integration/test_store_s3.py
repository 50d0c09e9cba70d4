"""The instance store on a real object store: SeaweedFS."""

import hashlib
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from service.config.store import StoreSettings
from service.errors import StoreUnavailable
from service.storage.store.s3 import S3Store
from service.storage.store.s3.bucket import Bucket, Piece
from service.storage.store.s3.reading import BLOCK_BYTES
from service.storage.store.s3.upload import PART_BYTES
from tests.contracts.store import KEY, StoreContract
from tests.servers.certificates import Hospital
from tests.servers.seaweedfs import SeaweedFS, running_seaweedfs

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def bucket(seaweedfs: SeaweedFS) -> str:
    return seaweedfs.create_bucket()


@pytest.fixture(scope="module")
def shared(seaweedfs: SeaweedFS, bucket: str, tmp_path_factory: pytest.TempPathFactory) -> S3Store:
    return opened(seaweedfs, bucket, tmp_path_factory.mktemp("store"), prefix="preread/site-a")


@pytest.fixture
def store(shared: S3Store) -> S3Store:
    """Empty."""
    for key in shared.keys(""):
        shared.delete(key)
    return shared


def opened(server: SeaweedFS, bucket: str, folder: Path, **settings: Any) -> S3Store:
    return S3Store(StoreSettings.model_validate(server.settings(bucket, **settings)), folder / "uploading")


class TestS3Store(StoreContract):
    """The contract; the fixture `store` is the module's."""


def test_large_object_goes_in_parts_and_comes_back_whole(
    seaweedfs: SeaweedFS, bucket: str, store: S3Store
) -> None:
    data = random.Random(1).randbytes(2 * PART_BYTES + 1000)
    with store.begin() as upload:
        for at in range(0, len(data), 1_000_003):
            upload.write(data[at : at + 1_000_003])
        upload.commit(KEY)
    assert store.get(KEY) == data
    (entry,) = entries(seaweedfs, bucket, KEY)
    assert entry["ETag"].endswith('-3"')
    assert unfinished(seaweedfs, bucket) == []


def test_part_that_is_damaged_on_its_way_is_refused_and_the_others_are_dropped(
    seaweedfs: SeaweedFS, bucket: str, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, b"old")
    upload = store.begin()
    upload.write(bytes(PART_BYTES))
    upload.write(b"damaged")
    monkeypatch.setattr("service.storage.store.s3.bucket.md5", damaging(b"damaged"))
    with pytest.raises(StoreUnavailable, match="BadDigest; what arrived is not what was sent"):
        upload.commit(KEY)
    assert store.get(KEY) == b"old"
    assert unfinished(seaweedfs, bucket) == []


def test_object_that_is_damaged_on_its_way_does_not_replace_the_old_one(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, b"old")
    monkeypatch.setattr("service.storage.store.s3.bucket.md5", damaging(b"damaged"))
    with pytest.raises(StoreUnavailable, match="BadDigest"):
        store.put(KEY, b"damaged")
    with pytest.raises(StoreUnavailable, match="BadDigest"):
        store.put_all([("a", (b"good",)), (KEY, (b"dam", b"aged"))])
    assert store.get(KEY) == b"old"


def test_reading_fetches_what_is_asked_for_and_no_more(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = random.Random(2).randbytes(5 * BLOCK_BYTES + 7)
    store.put(KEY, data)
    fetched = record_pieces(monkeypatch)
    with store.open(KEY) as file:
        assert file.read(100) == data[:100]
        assert len(fetched) == 1
        file.seek(-9, io.SEEK_END)
        assert (file.tell(), file.read(), file.read()) == (len(data) - 9, data[-9:], b"")
        file.seek(3 * BLOCK_BYTES - 5)
        assert file.read(10) == data[3 * BLOCK_BYTES - 5 : 3 * BLOCK_BYTES + 5]
        assert sum(fetched) < 3 * BLOCK_BYTES
        file.seek(1)
        assert file.read() == data[1:]
        with pytest.raises(ValueError, match="before the object's first byte"):
            file.seek(-1)


def test_empty_object_is_read(store: S3Store) -> None:
    store.put(KEY, b"")
    with store.open(KEY) as file:
        assert (file.read(5), file.read()) == (b"", b"")


def test_object_that_is_replaced_or_deleted_while_it_is_read_is_not_mixed(store: S3Store) -> None:
    store.put(KEY, bytes(3 * BLOCK_BYTES))
    with store.open(KEY) as file:
        store.put(KEY, b"\1" * 3 * BLOCK_BYTES)
        with pytest.raises(OSError, match="replaced while it was read"):
            file.read()
    with store.open(KEY) as file:
        store.delete(KEY)
        with pytest.raises(OSError, match="deleted while it was read"):
            file.read()


def test_more_keys_than_a_page_are_all_listed(store: S3Store) -> None:
    keys = [f"instances/{number:05d}" for number in range(1_100)]
    store.put_all((key, (b"x",)) for key in reversed(keys))
    assert store.keys("instances/") == keys


def test_sites_in_one_bucket_do_not_see_each_other_nor_what_others_put_there(
    seaweedfs: SeaweedFS, bucket: str, tmp_path: Path
) -> None:
    one, two = (opened(seaweedfs, bucket, tmp_path, prefix=f"{site}-{uuid4().hex}") for site in "ab")
    one.put(KEY, b"one")
    assert (one.keys(""), two.keys("")) == ([KEY], [])
    assert not two.exists(KEY)
    prefix = one._bucket._prefix
    for name in (".hidden", "with blank"):
        seaweedfs.client.put_object(Bucket=bucket, Key=prefix + name, Body=b"")
    assert one.keys("") == [KEY]


def test_store_with_a_certificate_is_asked_over_tls(hospital: Hospital, tmp_path: Path) -> None:
    with running_seaweedfs(hospital) as server:
        bucket = server.create_bucket()
        store = opened(server, bucket, tmp_path, ca=hospital.authority.certificate)
        with store.begin() as upload:
            upload.write(bytes(PART_BYTES + 1))
            upload.commit(KEY)
        assert store.get(KEY) == bytes(PART_BYTES + 1)
        with pytest.raises(StoreUnavailable, match=r"certificate is not accepted; check store\.ca"):
            opened(server, bucket, tmp_path).get(KEY)


def entries(server: SeaweedFS, bucket: str, ending: str) -> list[Any]:
    listed = server.client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return [entry for entry in listed if entry["Key"].endswith(ending)]


def unfinished(server: SeaweedFS, bucket: str) -> list[Any]:
    return list(server.client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def damaging(bad: bytes) -> Callable[..., Any]:
    """MD5 of what is sent, but of `bad` that of something else, as if this had arrived in its place."""

    def digest(data: bytes, **_: Any) -> Any:
        return hashlib.md5(b"sent" if bytes(data) == bad else data, usedforsecurity=False)

    return digest


def record_pieces(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of each piece that is fetched."""
    fetched: list[int] = []
    get_piece = Bucket.get_piece

    def recorded(self: Bucket, *arguments: Any) -> Piece:
        piece = get_piece(self, *arguments)
        fetched.append(len(piece.data))
        return piece

    monkeypatch.setattr(Bucket, "get_piece", recorded)
    return fetched
