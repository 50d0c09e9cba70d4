"""docker/set-up makes secrets and folders, once, and each for whom it is for."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.unit.docker.composition import FOLDER

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="set-up hands files over to others, as root")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("lock", "*password*", "*pgpass*", "*users*", ".env")
    return Path(shutil.copytree(FOLDER, tmp_path / "docker", ignore=ignore))


def set_up(folder: Path) -> None:
    data = folder.parent / "data"
    subprocess.run([str(folder / "set-up"), str(data)], check=True, capture_output=True)


def secrets(folder: Path) -> dict[str, str]:
    files = [path for path in (folder / "secrets").iterdir() if path.name not in (".gitignore", "README.md")]
    return {path.name: path.read_text() for path in files}


def test_set_up_makes_every_secret_that_compose_names(folder: Path) -> None:
    set_up(folder)

    named = yaml.safe_load((folder / "compose.yaml").read_text())["secrets"]
    assert {Path(one["file"]).name for one in named.values()} == set(secrets(folder))
    assert all(name in (folder / "secrets" / "README.md").read_text() for name in secrets(folder))


def test_passwords_are_random_and_differ(folder: Path) -> None:
    set_up(folder)
    made = secrets(folder)
    words = {
        made["ledger-password"].strip(),
        made["broker-password"].strip(),
        made["grafana-password"].strip(),
    }

    assert {len(word) for word in words} == {32}
    assert len(words) == 3
    assert made["ledger-pgpass"].strip().endswith(f":preread:preread:{made['ledger-password'].strip()}")
    assert f"default_pass = {made['broker-password'].strip()}\n" in made["rabbitmq-user.conf"]
    assert len(json.loads(made["orthanc-users.json"])["RegisteredUsers"]["admin"]) == 32
    assert json.loads(made["s3-users.json"])["identities"][0]["credentials"]


def test_second_run_changes_nothing(folder: Path) -> None:
    set_up(folder)
    (folder / ".env").write_text("DATA=/elsewhere\n")
    before = secrets(folder)

    set_up(folder)

    assert secrets(folder) == before
    assert (folder / ".env").read_text() == "DATA=/elsewhere\n"


def test_secrets_and_folders_belong_to_who_reads_them_and_to_nobody_else(folder: Path) -> None:
    set_up(folder)
    composition = yaml.safe_load((folder / "compose.yaml").read_text())
    data = folder.parent / "data"

    for service in composition["services"].values():
        settings = service.get("<<", {}) | service
        user = int(settings["user"].split(":")[0])
        for secret in settings.get("secrets", []):
            source = secret if isinstance(secret, str) else secret["source"]
            status = (folder / composition["secrets"][source]["file"]).stat()
            assert (status.st_uid, status.st_mode & 0o777) == (user, 0o600), source
        for volume in settings.get("volumes", []):
            if volume.startswith("${DATA"):
                name = volume.partition("}/")[2].partition(":")[0]
                assert (data / name).stat().st_uid == user, name
