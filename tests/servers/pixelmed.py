"""PixelMed's validator of Structured Reports against their templates, as IHE's Connectathon uses it."""

import subprocess
from pathlib import Path

import pytest

from tests.servers.programs import missing, require

JAR = Path("/usr/share/java/pixelmed.jar")
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Half of the processor time: its compiler and collector are made for programs that run for longer."""
LIMITS = ("xpathExprOpLimit", "xpathTotalOpLimit", "xpathExprGrpLimit", "entityExpansionLimit")
"""Of Java's XML libraries, which the validator's style sheets exceed."""


class PixelMed:
    """Its validator."""

    def __init__(self) -> None:
        self._java = require("java", "default-jre-headless")
        if not JAR.exists():
            missing("pixelmed.jar", "libpixelmed-java")

    def errors(self, path: Path) -> list[str]:
        """The lines that begin with `Error`; none for a valid report."""
        lifted = [f"-Djdk.xml.{limit}=0" for limit in LIMITS]
        validator = "com.pixelmed.validate.DicomSRValidator"
        command = [str(self._java), *_SHORT_LIVED, *lifted, "-cp", str(JAR), validator, str(path)]
        finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        said = finished.stdout + finished.stderr
        assert "IOD" in said, said  # it has looked at all
        return [line for line in said.splitlines() if line.startswith("Error")]


@pytest.fixture(scope="session")
def pixelmed() -> PixelMed:
    """The validator of Structured Reports."""
    return PixelMed()
