"""What an upload leaves on this machine's disk. Uploads against a real store: tests/integration."""

import errno
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest

from service.errors import OutOfSpace, StoreUnavailable
from service.storage.store.s3.upload import PART_BYTES, S3Upload
from tests.unit.storage.s3.requests import Recorder


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_nothing_has_a_name_on_the_disk_and_nothing_is_asked_before_commit(
    tmp_path: Path, credentials: dict[str, Any], pool: Executor
) -> None:
    recorder = Recorder(**credentials)
    with S3Upload(recorder.bucket, tmp_path / "uploading", pool) as upload:
        upload.write(bytes(PART_BYTES + 1))
        assert list((tmp_path / "uploading").iterdir()) == []
        assert recorder.requests == []
        before = len(list(Path("/proc/self/fd").iterdir()))
    assert recorder.requests == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 1


@pytest.mark.parametrize(("number", "raised"), [(errno.ENOSPC, OutOfSpace), (errno.EIO, StoreUnavailable)])
def test_disk_that_fails_is_told(
    tmp_path: Path,
    credentials: dict[str, Any],
    pool: Executor,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    raised: type[Exception],
) -> None:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    recorder = Recorder(**credentials)
    upload = S3Upload(recorder.bucket, tmp_path, pool)
    upload.write(b"x")
    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(raised):
        upload.commit("instances/1")
    assert recorder.requests == []
    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    with pytest.raises(raised):
        S3Upload(recorder.bucket, tmp_path, pool)


def test_parts_of_an_upload_that_fails_are_dropped(
    tmp_path: Path, credentials: dict[str, Any], pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(**credentials)

    def refuse(*_: Any) -> NoReturn:
        raise StoreUnavailable("away")

    monkeypatch.setattr(recorder.bucket, "put_part", refuse)
    with S3Upload(recorder.bucket, tmp_path, pool) as upload:
        upload.write(bytes(PART_BYTES + 1))
        with pytest.raises(StoreUnavailable, match="away"):
            upload.commit("instances/1")
    assert [request.method for request in recorder.requests] == ["POST", "DELETE"]
    assert recorder.requests[1].url.endswith("?uploadId=7")
