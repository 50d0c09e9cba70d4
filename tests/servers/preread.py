"""The service itself as a process group, configured for a test."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from service.config.metrics import ROLES
from service.storage.ledger.ledger import Ledger
from service.study.model import Study
from tests.servers.process import HOST, ServerProcess, free_port, free_ports, listens

START_S = 180.0
"""Longest wait for the roles: a machine that runs several tests at a time may be slow."""
US_RULE = {
    "name": "breast-ultrasound",
    "when": {"Modality": "US"},
    "classifiers": ["us-mass"],
    "destinations": ["pacs"],
}


class Preread:
    """`preread run` in `folder`. `pacs_port` is where results go; further settings win over the defaults."""

    def __init__(self, folder: Path, pacs_port: int, pacs_ae_title: str, **settings: Any) -> None:
        self.folder = folder
        self.dicom_port, self.web_port = free_port(), free_port()
        self.metrics_ports = free_ports(len(ROLES))
        self.settings: dict[str, Any] = {
            "data_folder": str(folder / "data"),
            "log_format": "json",
            "accept": {"bind": HOST, "port": self.dicom_port, "min_free_bytes": 0},
            "assemble": {"quiet_period_s": 1.0, "poll_interval_s": 0.2},
            "broker": {"lease_s": 3.0, "retry_delays_s": [0.5]},
            "infer": {"threads": 1},
            "worklist": {"port": self.web_port},
            "metrics": {"port": self.metrics_ports[0]},
            "destinations": [{"name": "pacs", "host": HOST, "port": pacs_port, "ae_title": pacs_ae_title}],
            "rules": [US_RULE],
        }
        for section, values in settings.items():
            merge = isinstance(values, dict) and section in self.settings
            self.settings[section] = self.settings[section] | values if merge else values
        self.configuration = folder / "preread.yaml"
        self.configuration.write_text(json.dumps(self.settings))
        self.environment = {"PYTHONPATH": str(Path.cwd())}
        self._process: ServerProcess | None = None

    def command(self, *arguments: str) -> list[str]:
        """`preread` with this configuration."""
        return [sys.executable, "-m", "service.cli.main", "--config", str(self.configuration), *arguments]

    def start(self, timeout_s: float = START_S) -> None:
        """Start every role; return once scanners and browsers are answered. Raises RuntimeError."""
        self._process = ServerProcess(self.command("run"), self.folder / "preread.log", self.environment)
        self._process.wait_until(lambda: listens(self.dicom_port) and listens(self.web_port), timeout_s)

    @property
    def pid(self) -> int:
        """The supervisor's process id. Raises RuntimeError before `start`."""
        if self._process is None:
            raise RuntimeError("the service is not started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the supervisor was started and has not ended."""
        return self._process is not None and self._process.is_running

    def wait_for_end(self) -> int:
        """The supervisor's exit status, once it has ended."""
        if self._process is None:
            raise RuntimeError("the service is not started")
        return self._process.wait()

    def stop(self) -> None:
        """Drain and stop."""
        if self._process is not None:
            self._process.stop(signal.SIGTERM)
            self._process = None

    def kill(self) -> None:
        """SIGKILL to every role at once, as a loss of power would end them."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        deadline = time.monotonic() + 10
        # The supervisor is waited for, its roles are not: one that is dying may still take connections.
        while listens(self.dicom_port) and time.monotonic() < deadline:
            time.sleep(0.02)

    def kill_role(self, role: str) -> int:
        """SIGKILL to one role; the supervisor starts it again. Returns its process id."""
        pid = self.pid_of(role)
        os.kill(pid, signal.SIGKILL)
        return pid

    def pid_of(self, role: str) -> int:
        """The process id of a running role."""
        listing = subprocess.run(
            ["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True
        ).stdout
        (pid,) = [
            int(line.split()[0])
            for line in listing.splitlines()
            if line.split(maxsplit=1)[1].startswith(f"preread {role} --config {self.configuration}")
        ]
        return pid

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The service's ledger."""
        url = self.settings.get("ledger", {}).get("url") or f"sqlite:///{self.folder}/data/ledger.sqlite3"
        ledger = Ledger(url)
        try:
            yield ledger
        finally:
            ledger.close()

    def studies(self) -> dict[str, Study]:
        """Every study by its UID."""
        with self.ledger() as ledger, ledger.read() as tx:
            return {study.study_instance_uid: study for study in tx.studies.latest(1000)}

    def wait_for_state(self, study_instance_uid: str, *states: str, timeout_s: float = 120.0) -> Study:
        """The study, once it is in one of the states. Raises TimeoutError with its reason and the log."""
        deadline = time.monotonic() + timeout_s
        while True:
            study = self.studies().get(study_instance_uid)
            if study is not None and study.state in states:
                return study
            if time.monotonic() > deadline:
                log = (self.folder / "preread.log").read_text()[-4000:]
                raise TimeoutError(f"study is {study and (study.state, study.reason)}, not {states}\n{log}")
            time.sleep(0.1)

    def wait_for_log(self, event: str, timeout_s: float = 120.0) -> None:
        """Return once a role has logged this event. Raises TimeoutError with the log."""
        deadline = time.monotonic() + timeout_s
        while f'"event": "{event}"' not in (log := (self.folder / "preread.log").read_text()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing logged {event!r}\n{log[-4000:]}")
            time.sleep(0.05)

    def web(self, path: str) -> httpx.Response:
        """GET from the worklist. Raises on an error status."""
        return httpx.get(f"http://{HOST}:{self.web_port}{path}", timeout=30.0).raise_for_status()


@contextmanager
def running(preread: Preread) -> Iterator[Preread]:
    """Started, and stopped at the end."""
    preread.start()
    try:
        yield preread
    finally:
        preread.stop()
