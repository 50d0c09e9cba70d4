import base64
import hashlib
from pathlib import Path

import pytest

from tests.unit.storage.s3.requests import Recorder

KEY = "instances/1.2/3.dcm"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of the environment, and nothing of whoever runs the tests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ours")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_without_an_endpoint_it_is_the_bucket_of_a_region_at_aws_over_https() -> None:
    recorder = Recorder(region="eu-central-1", prefix="preread/site-a")
    recorder.bucket.put(KEY, b"bytes")
    (request,) = recorder.requests
    assert request.url == f"https://images.s3.eu-central-1.amazonaws.com/preread/site-a/{KEY}"
    assert "Credential=ours/" in recorder.headers[0]["authorization"]


def test_with_an_endpoint_the_bucket_is_in_the_path() -> None:
    recorder = Recorder(endpoint_url="https://s3.hospital:9000/")
    recorder.bucket.put(KEY, b"bytes")
    assert recorder.requests[0].url == f"https://s3.hospital:9000/images/{KEY}"


def test_every_write_carries_the_digest_that_every_store_verifies() -> None:
    recorder = Recorder()
    recorder.bucket.put(KEY, memoryview(b"bytes"))
    recorder.bucket.put_part(KEY, "7", 1, b"bytes")
    digest = base64.b64encode(hashlib.md5(b"bytes", usedforsecurity=False).digest()).decode()
    assert [headers["content-md5"] for headers in recorder.headers] == [digest, digest]
    assert not [name for headers in recorder.headers for name in headers if name.startswith("x-amz-checksum")]
    assert not [headers for headers in recorder.headers if "x-amz-trailer" in headers]


def test_encryption_is_asked_for_whenever_an_object_is_made() -> None:
    recorder = Recorder(encryption="aws:kms", kms_key_id="key-1")
    recorder.bucket.put(KEY, b"bytes")
    assert recorder.bucket.begin_parts(KEY) == "7"
    recorder.bucket.copy(KEY, "quarantine/1.dcm")
    asked = [
        (headers["x-amz-server-side-encryption"], headers["x-amz-server-side-encryption-aws-kms-key-id"])
        for headers in recorder.headers
    ]
    assert asked == [("aws:kms", "key-1")] * 3


def test_encryption_is_left_to_the_bucket_unless_it_is_set() -> None:
    recorder = Recorder()
    recorder.bucket.put(KEY, b"bytes")
    assert "x-amz-server-side-encryption" not in recorder.headers[0]
