"""A day of simulated scanners, well and badly behaved, through the real service."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.cli.demo.pacs import DemoPacs
from tests.servers.preread import Preread, running

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

SCENARIO = f"""
hours = 0.0025
late_after_s = 4
repeat_after_s = 2
retry_after_s = 0.2

[[scanners]]
name = "us"
ae_title = "SIM-US"
modality = "US"
studies_by_hour = {[3600.0] * 24}
images = [2, 3]
rows = 300
columns = 400
compression = "jpeg"
associations = 2

[scanners.misbehaviour]
abort = 0.25
repeat = 0.25
late = 0.25
no_release = 0.1
truncated = 0.05
wrong_syntax = 0.05

[[scanners]]
name = "mr"
ae_title = "SIM-MR"
modality = "MR"
studies_by_hour = {[800.0] * 24}
images = [5, 5]
rows = 64
columns = 64
"""


def test_every_image_is_kept_once_and_every_study_comes_to_its_end(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(SCENARIO)
    with DemoPacs(tmp_path / "pacs") as pacs, running(Preread(tmp_path, pacs.port, "PACS")) as service:
        told = simulate(service, str(scenario), "--seed", "6", "--follow", "--wait-s", "200")
        asked = simulate(
            service, str(scenario), "--seed", "33", "--worklist", f"http://127.0.0.1:{service.web_port}"
        )
        studies = service.studies()
    for one in (told, asked):
        assert one["results"]["not_ended"] == 0
        assert one["results"]["ended"]["delivered"] > 0
        assert one["results"]["last_image_to_delivered_s"]["routine"]["p50"] > 0
    assert set(told["misbehaviour"]) >= {"abort", "repeat", "late"}
    assert told["images"]["given_up"] == 0
    assert len(studies) == told["studies"]["sent"] + asked["studies"]["sent"]
    once = told["images"]["acknowledged"] - told["images"]["repeated"]
    assert sum(one.instance_count for one in studies.values()) <= once + asked["images"]["acknowledged"]
    assert all("SIMULATED" in one.header.patient_name for one in studies.values())


def simulate(service: Preread, *arguments: str) -> Any:
    """`preread simulate` against the service; its report."""
    command = service.command(
        "simulate", *arguments, "--to", f"PREREAD@127.0.0.1:{service.dicom_port}", "--json"
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
