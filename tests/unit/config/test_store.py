from typing import Any

import pytest
from pydantic import ValidationError

from service.config import AcceptSettings, RetentionSettings, Settings, StoreSettings


def test_usual_store_is_a_folder() -> None:
    assert Settings().store.kind == "filesystem"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"kind": "s3"}, "bucket is empty: name the bucket"),
        ({"bucket": "images"}, 'bucket is of no use with kind = "filesystem": set kind = "s3" or remove it'),
        ({"attempts": 5}, "attempts is of no use"),
        ({"kind": "s3", "bucket": "Images"}, "pattern"),
        ({"kind": "s3", "bucket": "images", "prefix": "a/"}, "pattern"),
        ({"kind": "s3", "bucket": "images", "prefix": "../a"}, "pattern"),
        ({"kind": "s3", "bucket": "images", "endpoint_url": "s3.hospital"}, "is no endpoint"),
        ({"kind": "s3", "bucket": "images", "endpoint_url": "https://s3.hospital/images"}, "is no endpoint"),
        ({"kind": "s3", "bucket": "images", "endpoint_url": "https://a:b@s3.hospital"}, "holds no password"),
        ({"kind": "s3", "bucket": "images", "kms_key_id": "1"}, 'needs encryption = "aws:kms"'),
        ({"kind": "s3", "bucket": "images", "encryption": "AES256", "kms_key_id": "1"}, "needs encryption"),
    ],
)
def test_store_that_does_not_go_together_is_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        StoreSettings.model_validate(settings)


def test_usual_values_written_out_are_no_complaint() -> None:
    assert StoreSettings.model_validate(StoreSettings().model_dump()) == StoreSettings()


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({"retention": RetentionSettings(keep_free_bytes=1)}, r"use retention\.images_days"),
        ({"accept": AcceptSettings(max_instance_bytes=6 * 1024**3)}, "max_instance_bytes is above"),
    ],
)
def test_what_a_bucket_cannot_do_is_refused(other: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Settings(store=StoreSettings(kind="s3", bucket="images"), **other)
    assert Settings(**other)
