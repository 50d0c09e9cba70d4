"""What a check has told, short."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from service.config import Settings
from service.wiring.doctor.finding import Finding

PACS = {"name": "pacs", "host": "127.0.0.1", "port": 1, "ae_title": "ARCHIVE"}
RULE = {"name": "us", "when": {"Modality": "US"}, "classifiers": ["us-mass"], "destinations": []}


def settings_in(folder: Path, **values: Any) -> Settings:
    """With the data folder `data` in `folder`."""
    return Settings.model_validate({"data_folder": str(folder / "data")} | values)


def outcomes(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """By what was looked at, how it stands."""
    found: dict[str, list[str]] = {}
    for one in findings:
        found.setdefault(one.about, []).append(str(one.outcome))
    return found


def only(findings: Iterable[Finding]) -> Finding:
    """The one finding that there is."""
    (found,) = findings
    return found


def check_words(findings: Iterable[Finding]) -> list[Finding]:
    """Whoever is told of something wrong is told what to do."""
    found = list(findings)
    for one in found:
        assert one.seen
        assert bool(one.to_do) == (one.outcome in ("failed", "warning")), one
    return found
