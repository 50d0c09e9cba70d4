"""What service/SECURITY.md names is there."""

import ast
import re
from pathlib import Path
from typing import Any

import typer

from service.cli.main import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "service" / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`((?:service|engines|tests|docker|deploy)/[^`\s]+)`")
ROW = re.compile(r"^\| (?!---|what may be tried)(.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def missing(named: str) -> str:
    path, _, function = named.partition("::")
    if not (ROOT / path).exists():
        return f"{path} is not there"
    return f"{path} has no {function}" if function and function not in functions(ROOT / path) else ""


def test_files_and_tests_that_the_page_names_are_there() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 80
    assert [problem for one in named if (problem := missing(one))] == []


def test_everything_that_may_be_tried_has_its_test() -> None:
    rows = ROW.findall(PAGE)
    assert len(rows) > 40
    assert [tried for tried, _, test in rows if "tests/" not in test and "as with" not in tried + test] == []
    assert [one for _, _, test in rows for one in NAMED.findall(test) if not one.startswith("tests/")] == []


def test_every_boundary_says_what_remains_and_what_to_ask() -> None:
    boundaries = [part for part in PAGE.split("\n## ")[1:] if "| what may be tried" in part]
    assert len(boundaries) == 12
    for boundary in boundaries:
        assert "Remains: " in boundary, boundary.splitlines()[0]
        assert "*Ask: " in boundary, boundary.splitlines()[0]


def test_readme_leads_to_the_page() -> None:
    assert "(service/SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def options(command: Any) -> list[str]:
    inner = getattr(command, "commands", {}).values()
    own = [name for parameter in command.params for name in parameter.opts if not _is_flag(parameter)]
    return [*own, *(name for one in inner for name in options(one))]


def _is_flag(parameter: Any) -> bool:
    return bool(getattr(parameter, "is_flag", False))


def test_no_command_takes_a_secret_as_an_argument() -> None:
    found = options(typer.main.get_command(app))
    assert "--token-file" in found
    secrets = [name for name in found if re.search("token|password|secret|key", name)]
    assert [name for name in secrets if not name.endswith("-file")] == []
