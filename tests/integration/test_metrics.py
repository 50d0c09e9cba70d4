"""A real Prometheus scrapes a real service that has processed a study; nobody finds the patient in what it
tells.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydicom.dataset import Dataset

from service.config.metrics import ROLES
from service.study.state import StudyState
from tests.integration.scanner import new_study, store, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.preread import Preread, running
from tests.servers.process import HOST
from tests.servers.prometheus import Prometheus, scraping

pytestmark = pytest.mark.integration

FILES = Path(__file__).parents[2] / "deploy" / "helm" / "files"
SCANNER = "STORESCU"
"""DCMTK's own calling AE title."""
PLANTED = {
    "PatientName": "PLANTED^ALMA",
    "PatientID": "PL-771734",
    "PatientBirthDate": "19410203",
    "AccessionNumber": "ACC-991823",
    "StudyDescription": "PLANTED-DESCRIPTION",
    "StudyID": "SID-55281",
}


@dataclass(frozen=True)
class Run:
    """A service that has delivered one study of two images, and the Prometheus that watched."""

    service: Preread
    prometheus: Prometheus
    study: list[Dataset]

    @property
    def identifiers(self) -> set[str]:
        """What names the patient, the study, or any of its images."""
        first = self.study[0]
        uids = {str(first.StudyInstanceUID), str(first.SeriesInstanceUID)}
        return {*PLANTED.values(), "PLANTED", "ALMA", *uids, *(str(one.SOPInstanceUID) for one in self.study)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, orthanc_server: Orthanc, dcmtk: Dcmtk) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("metrics")
    service = Preread(
        folder,
        orthanc_server.dicom_port,
        orthanc_server.ae_title,
        accept={"peers": [{"ae_title": SCANNER}]},
        metrics={"ledger_every_s": 1.0},
    )
    study = new_study()
    for dataset in study:
        for keyword, text in PLANTED.items():
            setattr(dataset, keyword, text)
    with running(service), scraping(service.metrics_ports, FILES / "alerts.yaml") as prometheus:
        prometheus.wait_for("count(preread_role_info) == 4")
        store(dcmtk, service, write(study, folder / "study"))
        delivered = service.wait_for_state(str(study[0].StudyInstanceUID), "delivered", "failed")
        assert delivered.state is StudyState.DELIVERED, delivered.reason
        prometheus.wait_for('sum(preread_study_moves_total{state="delivered"}) == 1')
        yield Run(service, prometheus, study)


def test_study_is_in_the_counters_of_every_stage(run: Run) -> None:
    for expression, expected in {
        f'preread_instances_total{{scanner="{SCANNER}",status="success"}}': 2,
        f'preread_associations_total{{scanner="{SCANNER}",outcome="accepted"}}': 1,
        "preread_c_store_answer_seconds_count": 2,
        'sum(preread_study_moves_total{state="received"})': 1,
        'sum(preread_study_moves_total{state="assembled"})': 1,
        'sum(preread_study_moves_total{state="queued"})': 1,
        'sum(preread_study_moves_total{state="inferred"})': 1,
        'sum(preread_study_moves_total{state="reported"})': 1,
        'sum(preread_study_moves_total{state="failed"}) or vector(0)': 0,
        'preread_images_total{classifier="us-mass",outcome="scored"}': 2,
        "sum(preread_batch_images_sum)": 2,
        'preread_work_total{queue="inference.us-mass",outcome="done"}': 1,
        'preread_work_total{queue="report",outcome="done"}': 1,
        'preread_objects_sent_total{destination="pacs",outcome="accepted"}': 3,
        'sum(preread_study_result_seconds_count{priority="routine"})': 1,
        "sum(preread_dead_letters) or vector(0)": 0,
        "preread_ledger_up": 1,
        "sum(preread_loops_stuck)": 0,
    }.items():
        assert run.prometheus.value(expression) == expected, expression
    assert run.prometheus.query("sum(preread_engine_seconds_sum) > 0")
    assert run.prometheus.query("preread_space_free_bytes > 0")
    silent = f'time() - preread_scanner_last_received_timestamp_seconds{{scanner="{SCANNER}"}}'
    assert run.prometheus.query(f"{silent} < 600")


def test_every_role_lives_and_is_ready(run: Run) -> None:
    for role, port in zip(ROLES, run.service.metrics_ports, strict=True):
        for probe in ("livez", "readyz"):
            answer = httpx.get(f"http://{HOST}:{port}/{probe}", timeout=30.0)
            assert (answer.status_code, answer.text) == (200, "ok\n"), (role, probe)


def test_alert_rules_are_evaluated_and_none_fires(run: Run) -> None:
    rules = run.prometheus.rules()
    assert len(rules) > 20
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] == "err"} == {}
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []


def test_every_expression_of_the_dashboard_is_one(run: Run) -> None:
    dashboard = json.loads((FILES / "dashboard.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    shown = [
        expression
        for expression in expressions
        if run.prometheus.query(expression.replace("$__rate_interval", "5m"))
    ]
    assert len(shown) > len(expressions) / 2


def test_nothing_names_the_patient(run: Run) -> None:
    told = "".join(
        httpx.get(f"http://{HOST}:{port}/metrics", timeout=30.0).text for port in run.service.metrics_ports
    )
    assert "preread_study_moves_total" in told
    log = (run.service.folder / "preread.log").read_text()
    assert "study analysed" in log
    assert {word for word in run.identifiers if word in told} == set()
    assert {word for word in run.identifiers if word in log} == set()
