"""Prometheus, scraping a service, and promtool, its checker of rules."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.servers.process import HOST, ServerProcess, free_port, temporary_folder
from tests.servers.programs import require

PACKAGE = "prometheus"


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it. A missing one skips the test, and fails it in CI."""
    program = require("promtool", PACKAGE)
    return subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, check=False, timeout=300
    )


class Prometheus:
    """A running server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an instant query. Fails where the expression is none."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=30.0)
        assert answer.status_code == 200, f"{expression}: {answer.text}"
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def value(self, expression: str) -> float | None:
        """The only sample's value; None where there is none yet."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def wait_for(self, expression: str, timeout_s: float = 60.0) -> list[dict[str, Any]]:
        """The samples, once there are any. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while not (found := self.query(expression)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing fulfils {expression}")
            time.sleep(0.2)
        return found

    def rules(self) -> list[dict[str, Any]]:
        """The alert rules and how their evaluation went."""
        groups = httpx.get(f"{self.url}/api/v1/rules", timeout=30.0).json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


@contextmanager
def scraping(ports: Sequence[int], rules: Path) -> Iterator[Prometheus]:
    """A server that scrapes these ports every second, and evaluates these rules."""
    program = require("prometheus", PACKAGE)
    port = free_port()
    with temporary_folder("prometheus") as folder:
        targets = [f"{HOST}:{one}" for one in ports]
        configuration = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "preread", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(configuration))  # JSON is YAML
        command = [
            str(program),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={HOST}:{port}",
        ]
        server = ServerProcess(command, folder / "prometheus.log")
        try:
            server.wait_until(lambda: _is_ready(port))
            yield Prometheus(f"http://{HOST}:{port}")
        finally:
            server.stop()


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/-/ready", timeout=5.0).is_success
    except httpx.TransportError:
        return False
