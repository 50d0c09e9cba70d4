"""`preread run` stops cleanly when it is told to, and leaves nobody behind when it is killed."""

import os
import signal
import time
from pathlib import Path

import pytest

from service.config.metrics import ROLES
from tests.servers.preread import Preread
from tests.servers.process import free_port

pytestmark = pytest.mark.integration


@pytest.fixture
def preread(tmp_path: Path) -> Preread:
    service = Preread(tmp_path, free_port(), "PACS")
    service.start()
    return service


def wait_until_gone(pids: list[int]) -> None:
    for _ in range(600):
        if not any(is_alive(pid) for pid in pids):
            return
        time.sleep(0.1)
    raise AssertionError(f"still running: {[pid for pid in pids if is_alive(pid)]}")


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_role_ends_in_order_when_the_service_is_told_to_stop(
    preread: Preread, number: signal.Signals
) -> None:
    pids = [preread.pid_of(role) for role in ROLES]

    os.kill(preread.pid, number)

    assert preread.wait_for_end() == 0
    wait_until_gone(pids)
    assert "killed" not in (preread.folder / "preread.log").read_text()


def test_every_role_ends_when_the_supervisor_is_killed(preread: Preread) -> None:
    pids = [preread.pid_of(role) for role in ROLES]

    os.kill(preread.pid, signal.SIGKILL)

    wait_until_gone(pids)
    preread.kill()
