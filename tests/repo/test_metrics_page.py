import json
import re
from pathlib import Path

import yaml

from service.telemetry.metrics.page import STAGES, metrics_page

ROOT = Path(__file__).parents[2]
TELEMETRY = ROOT / "service" / "telemetry"
FILES = ROOT / "deploy" / "helm" / "files"
NAME = re.compile(r"preread_[a-z0-9_]+")
DEFINED = {one.name: one for stage in STAGES for one in stage.definitions}
RULES = [
    rule
    for group in yaml.safe_load((FILES / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]


def unknown(text: str) -> set[str]:
    """Metrics in the text that are not defined, those of histograms by their series."""
    series = {
        f"{name}_{part}"
        for name, one in DEFINED.items()
        if one.kind == "histogram"
        for part in ("bucket", "sum", "count")
    }
    return set(NAME.findall(text)) - set(DEFINED) - series


def test_metrics_page_is_the_one_that_the_definitions_make() -> None:
    assert (TELEMETRY / "METRICS.md").read_text(encoding="utf-8") == metrics_page(), "run `make docs`"


def test_names_say_kind_and_unit() -> None:
    assert {
        name for name, one in DEFINED.items() if name.endswith("_total") != (one.kind == "counter")
    } == set()
    assert {name for name in DEFINED if re.search(r"_(ms|minutes|hours|mb|mib|kb)(_|$)", name)} == set()
    assert all(one.meaning.endswith(".") for one in DEFINED.values())


def test_no_label_can_hold_what_is_received() -> None:
    allowed = {
        "check",
        "classifier",
        "destination",
        "device",
        "event",
        "outcome",
        "priority",
        "queue",
        "reason",
        "role",
        "scanner",
        "state",
        "status",
        "version",
        "work",
    }
    assert {label for one in DEFINED.values() for label in one.labels} <= allowed


def test_alerts_use_metrics_that_exist_and_say_what_they_must() -> None:
    for rule in RULES:
        assert unknown(rule["expr"]) == set(), rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert rule["annotations"]["runbook"] == f"service/telemetry/RUNBOOK.md#{rule['alert'].lower()}"


def test_runbook_has_a_section_for_every_alert_and_for_nothing_else() -> None:
    text = (TELEMETRY / "RUNBOOK.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [rule["alert"] for rule in RULES]
    assert unknown(text) == set()


def test_dashboard_uses_metrics_that_exist() -> None:
    dashboard = json.loads((FILES / "dashboard.json").read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    assert len(expressions) > 40
    assert unknown(" ".join(expressions)) == set()


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    shown = (FILES / "dashboard.json").read_text(encoding="utf-8") + (FILES / "alerts.yaml").read_text(
        encoding="utf-8"
    )
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for name in NAME.findall(shown)}
    assert set(DEFINED) - used == set()
