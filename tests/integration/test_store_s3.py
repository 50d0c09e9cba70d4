"""The instance store on a real object store: SeaweedFS."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from service.config.store import StoreSettings
from service.storage.s3 import S3Store
from tests.contracts.store import StoreContract
from tests.servers.seaweedfs import SeaweedFS

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def bucket(seaweedfs: SeaweedFS) -> str:
    return seaweedfs.create_bucket()


@pytest.fixture
def store(seaweedfs: SeaweedFS, bucket: str, tmp_path: Path) -> S3Store:
    """Empty: it has a prefix of its own."""
    return opened(seaweedfs, bucket, tmp_path, prefix=f"site/{uuid4().hex}")


def opened(server: SeaweedFS, bucket: str, folder: Path, **settings: Any) -> S3Store:
    return S3Store(StoreSettings.model_validate(server.settings(bucket, **settings)), folder / "uploading")


class TestS3Store(StoreContract):
    """The contract; the fixture `store` is the module's."""
