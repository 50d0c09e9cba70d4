"""What docker-compose makes of docker/compose.yaml with every profile, as the machine would get it."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.servers.programs import skip_or_fail

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docker"
PROGRAM = ROOT / "build" / "docker-compose" / "docker-compose"


def compose(*arguments: str, folder: Path = FOLDER, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run docker-compose, which validates the file. Skips where it is missing."""
    if not PROGRAM.is_file():
        skip_or_fail("docker-compose is not there: `make build/docker-compose/.installed` brings it")
    return subprocess.run(
        [
            str(PROGRAM),
            "--project-directory",
            str(folder),
            "--file",
            str(folder / "compose.yaml"),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment,
    )


@cache
def composition() -> dict[str, Any]:
    """The whole of it, settled."""
    done = compose("--profile", "*", "config", DATA="/srv/preread")
    assert done.returncode == 0, done.stderr
    settled: dict[str, Any] = yaml.safe_load(done.stdout)
    return settled


def services() -> dict[str, dict[str, Any]]:
    """By name."""
    found: dict[str, dict[str, Any]] = composition()["services"]
    return found
