import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from service.config import Settings
from service.wiring.doctor import checks as doctor_checks
from service.wiring.doctor.checks import Asked
from service.wiring.doctor.examine import Check
from service.wiring.doctor.finding import Finding, failed, ok, warning
from tests.unit.cli.conftest import Run

# pynetdicom leaves closing a socket that never connected to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)


def finding_only(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> list[Asked]:
    """Have the command find just these; what it was asked for."""
    seen: list[Asked] = []

    def checks(_settings: Settings, asked: Asked) -> Iterable[Check]:
        seen.append(asked)
        return [Check("broker", "broker", lambda: findings, "look")]

    monkeypatch.setattr(doctor_checks, "checks", checks)
    return seen


def test_what_is_wrong_is_told_with_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    finding_only(monkeypatch, ok("broker", "answers"), failed("alarm", "no memory [left]", "give it memory"))
    result = run("doctor")
    words = re.sub(r"\s+", " ", result.output)
    assert "failed alarm: no memory [left] → give it memory" in words
    assert "1 ok, 1 failed" in words
    assert result.exit_code == 1


def test_warnings_do_not_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    finding_only(monkeypatch, ok("broker", "answers"), warning("dead letters", "2", "look"))
    assert run("doctor").exit_code == 0


def test_machines_get_the_same(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    finding_only(monkeypatch, warning("dead letters", "2 at amqp://preread:secret@broker", "look"))
    said = json.loads(run("doctor", "--json").output)
    assert said["counts"] == {"ok": 0, "warning": 1, "failed": 0, "skipped": 0}
    (check,) = said["checks"]
    assert (check["check"], check["outcome"]) == ("broker", "warning")
    assert check["findings"] == [
        {
            "outcome": "warning",
            "about": "dead letters",
            "seen": "2 at amqp://preread:***@broker",
            "to_do": "look",
        }
    ]


def test_options_reach_the_checks(run: Run, monkeypatch: pytest.MonkeyPatch, configuration: Path) -> None:
    seen = finding_only(monkeypatch, ok("broker", "answers"))
    run("doctor", "--store-test", "--destination", "pacs")
    assert seen == [Asked(configuration, "pacs", store_test=True)]


def test_real_checks_end_in_time_and_hold_no_secret(run: Run) -> None:
    result = run("doctor", "--json", "--limit", "60")
    said = json.loads(result.output)
    outcomes = {check["check"]: check["outcome"] for check in said["checks"]}
    assert outcomes["configuration"] == "ok"
    assert outcomes["destinations"] == "failed"  # nobody listens on 127.0.0.1 port 104
    assert result.exit_code == 1
    assert "secret@" not in result.output
    for check in said["checks"]:
        assert check["findings"]
        assert all(one["seen"] for one in check["findings"])
