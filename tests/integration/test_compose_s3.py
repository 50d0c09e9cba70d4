"""The object store of docker/s3.yaml: its users and its bucket, and the keys that the roles are given."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.config.store import StoreSettings
from service.storage.store.s3 import S3Store
from tests.servers.process import HOST
from tests.servers.seaweedfs import SeaweedFS, running_seaweedfs
from tests.unit.docker.composition import FOLDER, WITH_S3, services

pytestmark = pytest.mark.integration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SeaweedFS]:
    """With the users that `docker/set-up` makes."""
    ignored = shutil.ignore_patterns("lock", ".env", "*password*", "*pgpass*", "*users*", "*credentials*")
    folder = Path(shutil.copytree(FOLDER, tmp_path / "docker", ignore=ignored))
    subprocess.run([folder / "set-up", tmp_path / "data"], check=os.geteuid() == 0, capture_output=True)
    secrets = folder / "secrets"
    with running_seaweedfs(secrets=(secrets / "s3-users.json", secrets / "s3-credentials")) as server:
        yield server


def make_bucket(server: SeaweedFS) -> subprocess.CompletedProcess[str]:
    """As the service s3-bucket does."""
    making = services(WITH_S3)["s3-bucket"]
    ports = f"{server.ports['master.port']}.{server.ports['master.port.grpc']}"
    command = [word.replace("-master=s3:9333", f"-master={HOST}:{ports}") for word in making["command"]]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*making["entrypoint"], *command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": path},
        timeout=60,
    )


def test_roles_keep_what_they_keep_in_the_bucket_that_is_made_once(server: SeaweedFS, tmp_path: Path) -> None:
    given = services(WITH_S3)["send"]["environment"]
    bucket = given["PREREAD_STORE__BUCKET"]

    first, second = make_bucket(server), make_bucket(server)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert bucket in [one["Name"] for one in server.client.list_buckets()["Buckets"]]
    store = S3Store(StoreSettings.model_validate(server.settings(bucket)), tmp_path / "look")
    store.put("instances/one", b"image")
    assert store.get("instances/one") == b"image"
