"""PixelMed's validator of Structured Reports against their templates, as IHE's Connectathon uses it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.programs import missing, require

JAR = Path("/usr/share/java/pixelmed.jar")


class PixelMed:
    """Its validator, which starts when it is first asked."""

    def __init__(self) -> None:
        require("java", "default-jre-headless")
        if not JAR.exists():
            missing("pixelmed.jar", "libpixelmed-java")
        self._process: subprocess.Popen[str] | None = None

    def errors(self, path: Path) -> list[str]:
        """The lines that begin with `Error`; none for a valid report."""
        if self._process is None:
            command = [sys.executable, "-m", "tests.servers.pixelmed_process"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(path, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, "the validator has ended; what it said is in the test's output"
        said: str = json.loads(answer)
        assert "IOD" in said, said  # it has looked at all
        return [line for line in said.splitlines() if line.startswith("Error")]

    def close(self) -> None:
        """Let it end."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="session")
def pixelmed() -> Iterator[PixelMed]:
    """The validator of Structured Reports."""
    validator = PixelMed()
    yield validator
    validator.close()
