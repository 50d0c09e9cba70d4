"""The alert rules, tried by promtool: each fires when it should, and is quiet when it should."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.alert_cases import CASES, Case
from tests.servers.prometheus import promtool

pytestmark = pytest.mark.integration

RULES = Path(__file__).parents[2] / "deploy" / "helm" / "files" / "alerts.yaml"


def test_promtool_takes_the_rules() -> None:
    checked = promtool("check", "rules", str(RULES))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_has_a_case() -> None:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    assert {rule["alert"] for group in groups for rule in group["rules"]} == set(CASES)


def test_every_alert_fires_and_is_quiet(tmp_path: Path) -> None:
    tests = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "5m",
        "tests": [
            test
            for alert, case in CASES.items()
            for test in (
                _test(alert, case, case.firing, [{"labels": "{}", "value": case.count}]),
                _test(alert, case, case.quiet, []),
            )
        ],
    }
    (tmp_path / "tests.yaml").write_text(json.dumps(tests))
    tried = promtool("test", "rules", str(tmp_path / "tests.yaml"))
    assert tried.returncode == 0, tried.stdout + tried.stderr


def _test(alert: str, case: Case, series: dict[str, str], expected: list[dict[str, Any]]) -> dict[str, Any]:
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": firing, "eval_time": case.at, "exp_samples": expected}],
    }
