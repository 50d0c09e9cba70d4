"""The lock files of the images fit pyproject.toml, and hold a hash for every package."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.unit.docker.composition import FOLDER, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SERVICE_EXTRAS = ["rabbitmq", "postgres", "s3", "traces", "oidc", "pdf"]
CASES = [
    ("service", SERVICE_EXTRAS, {"onnxruntime"}),
    ("cpu", SERVICE_EXTRAS, set()),
    ("gpu", ["rabbitmq", "postgres", "s3", "traces", "gpu"], {"tensorrt-cu13"}),
]
LINE = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[\S+\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name: str) -> dict[str, set[Version]]:
    """Versions by package; where markers choose among several, all of them."""
    found: dict[str, set[Version]] = {}
    for match in LINE.finditer((FOLDER / "lock" / f"{name}.txt").read_text()):
        found.setdefault(normal(match["name"]), set()).add(Version(match["version"]))
    return found


@pytest.mark.parametrize(("name", "extras", "without"), CASES)
def test_lock_satisfies_what_the_project_asks_for(name: str, extras: list[str], without: set[str]) -> None:
    asked = [
        *PROJECT["dependencies"],
        *(one for extra in extras for one in PROJECT["optional-dependencies"][extra]),
    ]
    versions = locked(name)

    for requirement in map(Requirement, asked):
        package = normal(requirement.name)
        if package in without:
            assert package not in versions
            continue
        assert package in versions, f"{package} is not locked: make lock"
        unfit = {version for version in versions[package] if version not in requirement.specifier}
        assert unfit == set(), f"{requirement} does not fit docker/lock/{name}.txt: make lock"


@pytest.mark.parametrize("name", ["build", "service", "cpu", "gpu"])
def test_every_locked_package_has_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (FOLDER / "lock" / f"{name}.txt").read_text())
    packages = [entry for entry in entries if LINE.match(entry)]

    assert packages
    assert [entry.splitlines()[0] for entry in packages if "--hash=sha256:" not in entry] == []


def test_worker_runs_on_what_the_other_roles_run_on() -> None:
    """The CPU image is built over the other one: a package of both has one version."""
    service, cpu = locked("service"), locked("cpu")
    assert {name: cpu.get(name) for name in service} == service


def test_lock_names_no_index() -> None:
    texts = {path: path.read_text() for path in Path(FOLDER / "lock").glob("*.txt")}
    assert [path.name for path, text in texts.items() if "index-url" in text or "://" in text] == []


@pytest.mark.parametrize("failing", [None, "service.txt"])
def test_audit_asks_for_every_lock_and_fails_where_one_does(tmp_path: Path, failing: str | None) -> None:
    program, calls = tmp_path / "pip-audit", tmp_path / "calls"
    fails = f'case "$*" in *{failing}*) exit 1;; esac' if failing else "true"
    program.write_text(f'#!/bin/sh\necho "$*" >> {calls}\n{fails}\n')
    program.chmod(0o755)
    command = [str(FOLDER / "lock" / "audit"), str(program), "-s", "osv"]
    audit = subprocess.run(command, capture_output=True, timeout=60, check=False)
    asked = calls.read_text().splitlines()

    assert audit.returncode == (1 if failing else 0)
    locks = {path.name for path in (FOLDER / "lock").glob("*.txt")} - {"without-engine.txt", "gpu-engine.txt"}
    assert {name for name in locks if any(f"--requirement {name} " in line for line in asked)} == locks
    assert all("--strict" in line and line.endswith("-s osv") for line in asked)
