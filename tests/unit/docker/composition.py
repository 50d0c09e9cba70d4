"""What docker-compose makes of docker/compose.yaml and s3.yaml with every profile."""

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


ALONE, WITH_S3 = ("compose.yaml",), ("compose.yaml", "s3.yaml")


def compose(
    *arguments: str, folder: Path = FOLDER, files: tuple[str, ...] = ALONE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run docker-compose, which validates the files. Skips where it is missing."""
    if not PROGRAM.is_file():
        skip_or_fail("docker-compose is not there: `make build/docker-compose/.installed` brings it")
    return subprocess.run(
        [
            str(PROGRAM),
            "--project-directory",
            str(folder),
            *(word for name in files for word in ("--file", str(folder / name))),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment,
    )


@cache
def composition(files: tuple[str, ...] = ALONE) -> dict[str, Any]:
    """The whole of it, settled."""
    done = compose("--profile", "*", "config", files=files, DATA="/srv/preread")
    assert done.returncode == 0, done.stderr
    settled: dict[str, Any] = yaml.safe_load(done.stdout)
    return settled


def services(files: tuple[str, ...] = ALONE) -> dict[str, dict[str, Any]]:
    """By name."""
    found: dict[str, dict[str, Any]] = composition(files)["services"]
    return found
