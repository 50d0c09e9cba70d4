"""docker/set-up makes secrets and folders, once, and each for whom it is for."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.docker.composition import FOLDER, WITH_S3, services

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="set-up hands files over to others, as root")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("lock", "*password*", "*pgpass*", "*users*", "*credentials*", ".env")
    return Path(shutil.copytree(FOLDER, tmp_path / "docker", ignore=ignore))


def set_up(folder: Path) -> None:
    data = folder.parent / "data"
    subprocess.run([str(folder / "set-up"), str(data)], check=True, capture_output=True)


def written(folder: Path, part: str) -> dict[str, Any]:
    """A part of compose.yaml and s3.yaml, as it stands there."""
    parts = [yaml.safe_load((folder / file).read_text())[part] for file in WITH_S3]
    return {name: one for found in parts for name, one in found.items()}


def secrets(folder: Path) -> dict[str, str]:
    files = [path for path in (folder / "secrets").iterdir() if path.name not in (".gitignore", "README.md")]
    return {path.name: path.read_text() for path in files}


def test_set_up_makes_every_secret_that_compose_names(folder: Path) -> None:
    set_up(folder)

    named = written(folder, "secrets")
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
    (identity,) = json.loads(made["s3-users.json"])["identities"]
    (key,) = identity["credentials"]
    assert made["s3-credentials"].split() == [key["accessKey"], key["secretKey"]]


def test_second_run_changes_nothing(folder: Path) -> None:
    set_up(folder)
    (folder / ".env").write_text("DATA=/elsewhere\n")
    before = secrets(folder)

    set_up(folder)

    assert secrets(folder) == before
    assert (folder / ".env").read_text() == "DATA=/elsewhere\n"


def test_secrets_and_folders_belong_to_who_reads_them_and_to_nobody_else(folder: Path) -> None:
    set_up(folder)
    data = folder.parent / "data"
    files = written(folder, "secrets")

    for settings in services(WITH_S3).values():
        user = int(settings["user"].split(":")[0])
        for secret in settings.get("secrets", []):
            source = secret["source"]
            status = (folder / files[source]["file"]).stat()
            assert (status.st_uid, status.st_mode & 0o777) == (user, 0o600), source
        for volume in settings.get("volumes", []):
            if volume["source"].startswith("/srv/preread/"):
                name = Path(volume["source"]).name
                assert (data / name).stat().st_uid == user, name
