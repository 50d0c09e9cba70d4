"""A process of an image in a container of runc: the image's user, read-only root, no capability."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.servers.images import Image
from tests.servers.process import ServerProcess
from tests.servers.programs import require


class Container:
    """One container on this machine's network. `folder` is for runc's files; `mounts` target to source.

    Sources ending in `:ro` are read-only, as with compose.
    """

    def __init__(self, image: Image, folder: Path, mounts: Mapping[str, str] | None = None) -> None:
        self._runc = require("runc", "runc")
        self._image = image
        self._folder = folder
        self._mounts = mounts or {}
        self._name = f"preread-test-{uuid4().hex[:12]}"

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the image's entry point with other arguments, and return its end and output."""
        arguments = self._prepared([*self._image.config["Entrypoint"], *command], environment)
        return subprocess.run(arguments, capture_output=True, text=True, check=False)

    def run_program(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run another program of the image."""
        arguments = self._prepared([*command], environment)
        return subprocess.run(arguments, capture_output=True, text=True, check=False)

    def start(self, *command: str, **environment: str) -> ServerProcess:
        """Start the image's entry point; its output goes to `container.log` in the folder."""
        arguments = self._prepared([*self._image.config["Entrypoint"], *command], environment)
        return ServerProcess(arguments, self._folder / "container.log")

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the container that `start` has started, as a health check is run."""
        arguments = [str(self._runc), *self._root, "exec", self._name, *command]
        return subprocess.run(arguments, capture_output=True, text=True, check=False)

    @property
    def _root(self) -> list[str]:
        return ["--root", str(self._folder / "runc")]

    def _prepared(self, command: list[str], environment: Mapping[str, str]) -> list[str]:
        bundle = self._folder / "bundle"
        bundle.mkdir(parents=True, exist_ok=True)
        specification = self._specification(command, {**self._image.environment, **environment})
        (bundle / "config.json").write_text(json.dumps(specification))
        return [str(self._runc), *self._root, "run", "--bundle", str(bundle), self._name]

    def _specification(self, command: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
        user, group = (int(number) for number in self._image.config["User"].split(":"))
        return {
            "ociVersion": "1.0.2",
            "process": {
                "args": command,
                "cwd": self._image.config["WorkingDir"],
                "env": [f"{name}={value}" for name, value in environment.items()],
                "user": {"uid": user, "gid": group},
                "noNewPrivileges": True,
                "capabilities": {},
            },
            "root": {"path": str(self._image.root), "readonly": True},
            "mounts": [*_SYSTEM_MOUNTS, *(_bind(target, source) for target, source in self._mounts.items())],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
        }


def _bind(target: str, source: str) -> dict[str, Any]:
    path, colon, mode = source.partition(":")
    return {
        "destination": target,
        "type": "bind",
        "source": path,
        "options": ["rbind", mode if colon else "rw"],
    }


def _tmpfs(target: str, *options: str) -> dict[str, Any]:
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", *options]}


_SYSTEM_MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    _tmpfs("/dev", "strictatime", "mode=755", "size=65536k"),
    _tmpfs("/dev/shm", "nodev", "noexec", "mode=1777", "size=65536k"),
    _tmpfs("/tmp", "nodev", "mode=1777", "size=256m"),
    _bind("/etc/resolv.conf", "/etc/resolv.conf:ro"),
]
