from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    SSLError,
)

from service.errors import OutOfSpace, PrereadError, StoreUnavailable
from service.storage.store.s3.failures import translated
from tests.unit.storage.s3.requests import Recorder

KEY = "instances/1.2.840.99/3.dcm"
URL = f"https://s3.hospital/images/{KEY}"
SETTINGS: dict[str, Any] = {"endpoint_url": "https://s3.hospital"}


def answer(code: str) -> ClientError:
    """As a store gives it: its text quotes the key."""
    return ClientError({"Error": {"Code": code, "Message": f"not allowed on {KEY}"}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (answer("NoSuchBucket"), r"create the bucket, or correct store\.bucket"),
        (answer("AccessDenied"), "s3:ListBucket .* s3:AbortMultipartUpload"),
        (answer("403"), r"check store\.credentials_file"),
        (answer("SignatureDoesNotMatch"), r"check store\.credentials_file"),
        (answer("RequestTimeTooSkewed"), "set the clock"),
        (answer("PermanentRedirect"), r"correct store\.region"),
        (answer("SlowDown"), "fewer requests"),
        (answer("InternalError"), "the object store's own log"),
        (EndpointConnectionError(endpoint_url=URL), r"store\.endpoint_url"),
        (ConnectionClosedError(endpoint_url=URL), "does not answer"),
        (SSLError(endpoint_url=URL, error="unknown authority"), r"check store\.ca"),
        (NoCredentialsError(), r"name a file in store\.credentials_file"),
        (BotoCoreError(), "the request failed"),
    ],
)
def test_what_fails_is_unavailable_and_says_what_to_do_and_never_names_a_study(
    error: Exception, advice: str
) -> None:
    with pytest.raises(StoreUnavailable, match=advice) as raised, translated("the bucket x", "keep it"):
        raise error
    assert str(raised.value).startswith("the bucket x cannot keep it: ")
    assert "1.2.840.99" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("code", ["XMinioStorageFull", "QuotaExceeded"])
def test_store_that_is_full_is_out_of_space(code: str) -> None:
    with pytest.raises(OutOfSpace, match="raise its quota"), translated("the bucket x", "keep it"):
        raise answer(code)


def test_missing_key_is_a_key_error_only_where_a_key_is_asked_for() -> None:
    with pytest.raises(KeyError, match=KEY), translated("the bucket x", "give it", KEY):
        raise answer("NoSuchKey")
    with pytest.raises(StoreUnavailable), translated("the bucket x", "keep it"):
        raise answer("NoSuchKey")


def test_copy_that_fails_after_it_was_answered_with_200_is_a_failure(credentials: dict[str, Any]) -> None:
    body = b"<Error><Code>InternalError</Code><Message>later</Message></Error>"
    recorder = Recorder(body=body, **SETTINGS, **credentials)
    with pytest.raises(PrereadError, match="cannot copy an object"):
        recorder.bucket.copy(KEY, "quarantine/1.dcm")
    with pytest.raises(PrereadError, match="cannot put an object together"):
        recorder.bucket.end_parts(KEY, "7", ["1"])
