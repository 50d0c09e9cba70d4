"""Finding the programs that tests talk to: one place decides whether a missing one skips or fails."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
"""Not the virtual environment: pynetdicom installs a `storescu` of its own there."""


def require(name: str, package: str, path: str = SYSTEM_PATH) -> Path:
    """The program `name`. Where it is missing the test skips, and in CI it fails."""
    found = shutil.which(name, path=path)
    if found is None:
        missing(name, package)
    return Path(found)


def missing(program: str, package: str) -> NoReturn:
    """Skip the test, or fail it in CI, and say which Debian package has the program."""
    skip_or_fail(f"{program} is not installed: run `make servers`, or install the Debian package {package}")


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
