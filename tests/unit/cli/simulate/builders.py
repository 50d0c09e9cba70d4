"""Scenarios of a few small studies."""

from typing import Any

from service.cli.simulate.scenario import Scenario

ALWAYS = (3600.0,) * 24


def scanner(**values: Any) -> dict[str, Any]:
    """One ultrasound scanner that sends small images, a study a second."""
    return {
        "name": "us",
        "ae_title": "SIM-US",
        "modality": "US",
        "studies_by_hour": ALWAYS,
        "images": (2, 3),
        "rows": 96,
        "columns": 128,
        "pictures": 2,
    } | values


def scenario(*scanners: dict[str, Any], **values: Any) -> Scenario:
    """Pauses of a second or less, four seconds of a day."""
    defaults: dict[str, Any] = {
        "hours": 4 / 3600,
        "late_after_s": 1.0,
        "repeat_after_s": 1.0,
        "retry_after_s": 0.1,
    }
    return Scenario(**defaults | values | {"scanners": scanners or (scanner(),)})
