"""DCMTK's command line tools, and dciodvfy of dicom3tools: implementations of DICOM that are not ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.programs import SYSTEM_PATH, require


class Dcmtk:
    """DCMTK's programs by name."""

    def path(self, program: str) -> Path:
        """Where a program is, e.g. `path("storescp")`."""
        return require(program, "dcmtk")

    def run(self, program: str, *arguments: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; `stdout` holds everything it printed, errors too."""
        return subprocess.run(
            [str(self.path(program)), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    @property
    def environment(self) -> dict[str, str]:
        """For programs that a test starts itself: without TCP_NODELAY each instance waits about 40 ms."""
        return {**os.environ, "TCP_NODELAY": "1"}


class Dciodvfy:
    """The validator of DICOM objects against their IODs."""

    def __init__(self) -> None:
        beside_python = str(Path(sys.executable).parent)
        self._program = require("dciodvfy", "dicom3tools", f"{beside_python}:{SYSTEM_PATH}")

    def errors(self, path: Path) -> list[str]:
        """The lines that begin with `Error`; none for a valid file."""
        finished = subprocess.run(
            [str(self._program), "-new", str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=60,
        )
        return [line for line in finished.stdout.splitlines() if line.startswith("Error")]


@pytest.fixture(scope="session")
def dcmtk() -> Dcmtk:
    """DCMTK's programs."""
    tools = Dcmtk()
    tools.path("storescu")
    return tools


@pytest.fixture(scope="session")
def dciodvfy() -> Dciodvfy:
    """The validator of DICOM objects."""
    return Dciodvfy()
