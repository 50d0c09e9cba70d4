"""Pages and schema say what values.yaml says."""

import json
import re
import tomllib

import yaml

from deploy.helm import write_pages
from tests.unit.deploy.chart import CHART, EXAMPLES, ROOT


def leaves(value: object, path: str = "") -> list[str]:
    """Paths of all values, without looking into those that are empty or documented as a whole."""
    if isinstance(value, dict) and value and path not in write_pages.comments(VALUES):
        return [leaf for key, one in value.items() for leaf in leaves(one, f"{path}.{key}".lstrip("."))]
    return [path]


VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")


def test_the_table_is_the_one_that_the_comments_make() -> None:
    assert (CHART / "README.md").read_text(encoding="utf-8") == write_pages.readme(), "run `make docs`"


def test_the_schema_is_the_one_that_comments_and_settings_make() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert schema == write_pages.schema(), "run `make docs`"


def test_every_value_has_a_comment() -> None:
    assert set(leaves(yaml.safe_load(VALUES))) == set(write_pages.comments(VALUES))


def test_the_chart_is_for_the_version_of_the_service_beside_it() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert chart["appVersion"] == project["version"]


def test_values_that_the_pages_name_are_there() -> None:
    values = set(write_pages.comments(VALUES))
    sections = {path.rpartition(".")[0] for path in values} | set(yaml.safe_load(VALUES))
    for page in ("README.md", "UPGRADING.md"):
        text = (CHART / page).read_text(encoding="utf-8").partition(write_pages.BEGIN)[0]
        for name in re.findall(
            r"`((?:accept|infer|send|worklist|store|postgresql|rabbitmq|metrics)\.[\w.]+)`", text
        ):
            assert name in values | sections, f"{page}: {name}"


def test_every_example_is_named_in_the_readme() -> None:
    text = (CHART / "README.md").read_text(encoding="utf-8")
    assert [name for name in EXAMPLES if f"ci/{name}-values.yaml" not in text] == []
