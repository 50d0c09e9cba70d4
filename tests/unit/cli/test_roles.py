import json
import socket
import subprocess
import sys
from pathlib import Path


def test_role_that_cannot_be_configured_says_so_to_its_supervisor(tmp_path: Path) -> None:
    """Its exit status tells; the thread that waits for the supervisor's end must not spoil it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        configuration = tmp_path / "preread.yaml"
        worklist = {"bind": "127.0.0.1", "port": taken.getsockname()[1]}
        configuration.write_text(json.dumps({"data_folder": str(tmp_path / "data"), "worklist": worklist}))
        command = ["--config", str(configuration), "worklist", "--stop-with-parent"]

        role = subprocess.Popen(
            [sys.executable, "-m", "service.cli.main", *command],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with role:
            said = role.stderr.read() if role.stderr else ""
            status = role.wait(60)

    assert status == 2, said
    assert "cannot listen" in said
