"""The images of docker/, really built by buildah, without a registry.

The base is a Debian made here by mmdebstrap under the name that the Dockerfile asks for. The layers stay in
build/images, so that only what has changed is built again.
"""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.programs import require, skip_or_fail

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "images"
BASE = "docker.io/library/debian:bookworm-slim"


@dataclass(frozen=True)
class Image:
    """A built image: where its root file system is mounted, and what it says of itself."""

    root: Path
    config: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sets."""
        return dict(variable.split("=", 1) for variable in self.config["Env"])


class Buildah:
    """buildah with a storage of its own."""

    def __init__(self) -> None:
        self._program = require("buildah", "buildah")
        self._mmdebstrap = require("mmdebstrap", "mmdebstrap")
        if os.geteuid() != 0:
            skip_or_fail("buildah mounts file systems here, so this test wants root")
        BUILD.mkdir(parents=True, exist_ok=True)

    def make_base(self) -> None:
        """A Debian under the name of the Dockerfile's base, unless it is there."""
        with _alone():
            if BASE not in self._run("images", "--format", "{{.Name}}:{{.Tag}}"):
                self._commit_base()

    def _commit_base(self) -> None:
        archive = BUILD / "base.tar"
        if not archive.is_file():
            made = archive.with_suffix(".part.tar")
            _checked([str(self._mmdebstrap), "--variant=minbase", "--quiet", "bookworm", str(made)])
            made.rename(archive)
        container = self._run("from", "scratch")
        self._run("add", "--quiet", container, str(archive), "/")
        self._run("commit", "--quiet", container, BASE)
        self._run("rm", container)

    def build(self, target: str) -> str:
        """Build a target of the Dockerfile as it is. Returns the image's name."""
        name = f"{target}:tested"
        with _alone():
            self._build(target, name)
        return name

    def _build(self, target: str, name: str) -> None:
        self._run(
            "bud",
            "--layers",
            "--isolation=chroot",
            "--network=host",
            "--pull-never",
            "--format=docker",  # the OCI format has no health check
            f"--file={ROOT / 'docker' / 'Dockerfile'}",
            f"--ignorefile={ROOT / 'docker' / 'Dockerfile.dockerignore'}",
            f"--target={target}",
            f"--tag={name}",
            *_certificates(),
            str(ROOT),
        )

    @contextmanager
    def mounted(self, name: str) -> Iterator[Image]:
        """The image, its root file system mounted."""
        container = self._run("from", "--pull-never", name)
        try:
            root = Path(self._run("mount", container)).resolve()  # runc takes no symbolic link
            described = json.loads(self._run("inspect", "--type=image", name))
            yield Image(root, described["Docker"]["config"])
        finally:
            self._run("rm", container)

    def _run(self, *arguments: str) -> str:
        storage = [
            f"--root={BUILD / 'storage'}",
            f"--runroot={BUILD / 'run'}",
            f"--storage-driver={os.environ.get('PREREAD_STORAGE_DRIVER', 'overlay')}",
        ]
        return _checked([str(self._program), *storage, *arguments]).strip()


@contextmanager
def _alone() -> Iterator[None]:
    """Tests in several processes build one after the other: the second one finds the first one's layers."""
    with (BUILD / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _checked(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def _certificates() -> list[str]:
    """Where this machine's certificates are not Debian's, as behind a proxy that ends TLS, pip takes them."""
    named = os.environ.get("PIP_CERT")
    if not named:
        return []
    pip = BUILD / "pip.conf"
    pip.write_text("[global]\ncert = /etc/ssl/host-certificates.crt\n")
    return [f"--volume={pip}:/etc/pip.conf:ro", f"--volume={named}:/etc/ssl/host-certificates.crt:ro"]


@pytest.fixture(scope="session")
def buildah() -> Buildah:
    """buildah, with the base made."""
    made = Buildah()
    made.make_base()
    return made


@pytest.fixture(scope="session")
def service_image(buildah: Buildah) -> Iterator[Image]:
    """The image `preread`."""
    with buildah.mounted(buildah.build("preread")) as image:
        yield image


@pytest.fixture(scope="session")
def cpu_image(buildah: Buildah) -> Iterator[Image]:
    """The image `preread-cpu`."""
    with buildah.mounted(buildah.build("preread-cpu")) as image:
        yield image
