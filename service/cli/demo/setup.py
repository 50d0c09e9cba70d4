"""The demonstration's own service: everything on loopback, on free ports, in a folder of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from service.config import Settings
from service.config.load import load_settings
from service.errors import PeerUnavailable

HOST = "127.0.0.1"
QUIET_PERIOD_S = 2.0
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 40.0


def configure(folder: Path, pacs_port: int, pacs_ae_title: str) -> Path:
    """Write a configuration that analyses ultrasound studies and sends results to the demo's PACS."""
    values = {
        "data_folder": str(folder / "data"),
        "accept": {"bind": HOST, "port": free_port(), "min_free_bytes": 0},
        "assemble": {"quiet_period_s": QUIET_PERIOD_S, "poll_interval_s": 0.2},
        "worklist": {"bind": HOST, "port": free_port()},
        "metrics": {"enabled": False},
        "destinations": [{"name": "demo-pacs", "host": HOST, "port": pacs_port, "ae_title": pacs_ae_title}],
        "rules": [
            {
                "name": "ultrasound",
                "when": {"Modality": "US"},
                "classifiers": ["us-mass"],
                "destinations": ["demo-pacs"],
            }
        ],
    }
    path = folder / "preread.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


@contextmanager
def running_service(configuration: Path, log: Path) -> Iterator[Settings]:
    """`preread run` in processes of its own, ready to receive; stopped at the end. Gives its settings.

    Raises PeerUnavailable, with the end of the log, when it does not come up.
    """
    settings = load_settings(configuration)
    command = [sys.executable, "-m", "service.cli.main", "--config", str(configuration), "run"]
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches the demo alone, which then stops the service in order.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_until_ready(process, settings, log)
        yield settings
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], settings: Settings, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    ports = (settings.accept.port, settings.worklist.port)
    while not all(_listens(port) for port in ports):
        if process.poll() is not None or time.monotonic() > deadline:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise PeerUnavailable(f"the service did not start; its log, {log}, ends:\n{last}")
        time.sleep(0.1)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
