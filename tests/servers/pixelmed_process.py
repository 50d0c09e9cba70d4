"""PixelMed's validator in a process of its own, which compiles its style sheets once for all reports.

Reads paths from its input, one on each line; answers each with what is said of it, as one line of JSON.
"""

import json
import sys

import jpype

from tests.servers.pixelmed import JAR

_SERIAL = "-XX:+UseSerialGC"
"""Tests fill the processors already."""
_LIMITS = ("xpathExprOpLimit", "xpathTotalOpLimit", "xpathExprGrpLimit", "entityExpansionLimit")
"""Of Java's XML libraries, which the validator's style sheets exceed."""


def main() -> None:
    """Answer until the input ends."""
    jpype.startJVM(_SERIAL, *(f"-Djdk.xml.{limit}=0" for limit in _LIMITS), classpath=[str(JAR)])
    validator = jpype.JClass("com.pixelmed.validate.DicomSRValidator")()
    for line in sys.stdin:
        try:
            said = str(validator.validate(line.rstrip("\n")))
        except jpype.JException as exc:
            said = f"Error: {exc}"
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
