"""Values that were written for earlier versions of the chart, as they lie in `earlier`, one folder a version.

When a version is released, its values.yaml and the examples of `ci` are copied there.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.chart import CHART, Values, of_kind, render, template, workloads
from tests.unit.deploy.test_configuration import settings_of

EARLIER = Path(__file__).parent / "earlier"
FILES = sorted(EARLIER.glob("*/*-values.yaml"))
NO_LONGER = {
    "first/s3-values.yaml": ("store.s3.prefix", "breast", "store.s3.prefix begins or ends with a slash")
}
"""Files that are refused: which value has to be changed, to what, and the words that say so."""


def loaded(path: Path) -> Values:
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(values, dict)
    return values


def merged(below: Values, above: Values) -> Values:
    """As Helm puts values over defaults."""
    both = dict(below)
    for name, value in above.items():
        is_section = isinstance(value, dict) and isinstance(both.get(name), dict)
        both[name] = merged(both[name], value) if is_section else value
    return both


def with_value(values: Values, path: str, value: Any) -> Values:
    for name in reversed(path.split(".")):
        value = {name: value}
    return merged(values, value)


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
@pytest.mark.parametrize("copied", ["own values", "all values"])
def test_values_of_an_earlier_version_work_or_say_what_to_change(
    file: Path, copied: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = loaded(file)
    if copied == "all values":  # many copy the whole values.yaml, and keep the defaults of then
        values = merged(loaded(file.parent / "values.yaml"), values)
    if change := NO_LONGER.get(f"{file.parent.name}/{file.name}"):
        path, value, words = change
        refused = template(values)
        assert refused.returncode != 0
        assert words in refused.stderr
        values = with_value(values, path, value)
    manifests = render(values)
    for workload in workloads(manifests):
        with monkeypatch.context() as environment:
            settings_of(workload, manifests, tmp_path, environment)
    assert of_kind(manifests, "ConfigMap")


@pytest.mark.parametrize("version", sorted(path.name for path in EARLIER.iterdir()))
def test_every_default_that_has_changed_is_told(version: str) -> None:
    then, now = flat(loaded(EARLIER / version / "values.yaml")), flat(loaded(CHART / "values.yaml"))
    upgrading = (CHART / "UPGRADING.md").read_text(encoding="utf-8")
    changed = [path for path, value in then.items() if path not in now or now[path] != value]
    assert [path for path in changed if f"`{path}`" not in upgrading] == []


def flat(values: Values, before: str = "") -> dict[str, Any]:
    """Every value by its dotted path."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{before}{name}"
        found |= flat(value, f"{path}.") if isinstance(value, dict) and value else {path: value}
    return found
