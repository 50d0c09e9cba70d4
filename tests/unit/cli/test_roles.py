import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", ["run", "worklist"])
def test_role_that_cannot_be_configured_ends_the_command_and_says_why(command: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        configuration = tmp_path / "preread.yaml"
        settings = {
            "data_folder": str(tmp_path / "data"),
            "accept": {"port": free.getsockname()[1]},
            "worklist": {"port": taken.getsockname()[1]},
            "metrics": {"enabled": False},
        }
        configuration.write_text(json.dumps(settings))
        free.close()

        ended = subprocess.run(
            [sys.executable, "-m", "service.cli.main", "--config", str(configuration), command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    assert ended.returncode == 2, ended.stderr
    assert "cannot listen" in ended.stderr


def test_configuration_that_names_what_is_not_there_starts_nothing(tmp_path: Path) -> None:
    configuration = tmp_path / "preread.yaml"
    rule = {"name": "a", "when": {"Modalty": "US"}, "classifiers": ["us-mass"], "destinations": []}
    configuration.write_text(json.dumps({"data_folder": str(tmp_path / "data"), "rules": [rule]}))

    ended = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "--config", str(configuration), "run"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "did you mean Modality" in " ".join(ended.stderr.split())
    assert not (tmp_path / "data").exists()
