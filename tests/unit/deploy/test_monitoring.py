"""Alerts and the dashboard are files; the chart hands them on as they are, where they are."""

import json
from pathlib import Path

import yaml

from tests.unit.deploy.chart import (
    CHART,
    Manifest,
    container_of,
    copy_with_files,
    named,
    of_kind,
    pod_of,
    render,
    rendered,
    values_of,
    workloads,
)

ALERTS = """\
groups:
  - name: preread
    rules:
      - alert: StudiesWait
        expr: some_metric > 1
        annotations: {summary: "{{ $labels.queue }} waits"}
"""
DASHBOARD = {"title": "Preread", "panels": [{"legendFormat": "{{queue}}"}]}


def monitored(folder: Path, files: dict[str, str]) -> tuple[Manifest, ...]:
    return render(values_of("operators"), copy_with_files(folder, files))


def test_alerts_and_dashboard_are_handed_on_as_they_are(tmp_path: Path) -> None:
    files = {"alerts.yaml": ALERTS, "dashboard.json": json.dumps(DASHBOARD, indent=2)}
    manifests = monitored(tmp_path, files)
    (rule,) = of_kind(manifests, "PrometheusRule")
    assert rule["spec"] == yaml.safe_load(ALERTS)
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    dashboard = named(manifests, "ConfigMap", "-dashboard")
    assert json.loads(dashboard["data"]["preread.json"]) == DASHBOARD
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_without_the_files_there_is_neither(tmp_path: Path) -> None:
    manifests = monitored(tmp_path, {})
    assert of_kind(manifests, "PrometheusRule") == []
    assert len(of_kind(manifests, "ConfigMap")) == 1


def test_the_files_of_the_chart_are_handed_on() -> None:
    kinds = {one["kind"] for one in rendered("operators")}
    assert ("PrometheusRule" in kinds) == (CHART / "files" / "alerts.yaml").exists()
    names = [one["metadata"]["name"] for one in of_kind(rendered("operators"), "ConfigMap")]
    assert ("site-preread-dashboard" in names) == (CHART / "files" / "dashboard.json").exists()


def test_every_pod_that_serves_metrics_is_read() -> None:
    (monitor,) = of_kind(rendered("operators"), "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    for workload in workloads(rendered("operators")):
        if workload["kind"] != "Job":
            labels = pod_of(workload)["metadata"]["labels"]
            assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
            assert endpoint["port"] in {port["name"] for port in container_of(workload)["ports"]}


def test_without_metrics_no_probe_asks_for_them() -> None:
    for workload in workloads(rendered("s3")):
        container = container_of(workload)
        ports = {port["name"] for port in container.get("ports", [])}
        probes = [container[name] for name in container if name.endswith("Probe")]
        for probe in probes:
            (where,) = [probe[how]["port"] for how in ("httpGet", "tcpSocket") if how in probe]
            assert where in ports
