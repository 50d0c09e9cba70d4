"""preread-health, the images' health check."""

import importlib.util
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from service.config import Settings
from service.config.load import load_settings
from service.config.metrics import Role
from service.telemetry.health import LOOPS
from service.wiring.accept import run_accept
from service.wiring.adapters import open_ledger
from service.wiring.observe import observed
from service.wiring.worklist import run_worklist
from tests.servers.process import free_port, free_ports, listens
from tests.unit.docker.composition import FOLDER

# pynetdicom leaves the socket of a connection that failed to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def health() -> ModuleType:
    specification = importlib.util.spec_from_file_location("preread_health", FOLDER / "health.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.TIMEOUT_S = 60.0  # type: ignore[attr-defined]  # the machine of the tests may be busy
    return module


@pytest.fixture
def ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """DICOM and web port of a configuration in force."""
    dicom, web = free_port(), free_port()
    path = tmp_path / "preread.toml"
    path.write_text(
        f'data_folder = "{tmp_path}"\n[accept]\nport = {dicom}\nbind = "0.0.0.0"\n[worklist]\nport = {web}\n'
        f'[metrics]\nport = {free_ports(4)[0]}\nbind = "0.0.0.0"\n'
    )
    monkeypatch.setenv("PREREAD_CONFIG", str(path))
    return dicom, web


@contextmanager
def playing(role: Role, runs: Callable[[Settings, threading.Event], None], port: int) -> Iterator[None]:
    """A role in a thread of this process, once it listens."""
    stop, settings = threading.Event(), load_settings()
    thread = threading.Thread(target=runs, args=(settings, stop))
    with observed(settings, role, stop):
        thread.start()
        try:
            while thread.is_alive() and not listens(port):
                stop.wait(0.02)
            yield
        finally:
            stop.set()
            thread.join()


def status(health: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str | int | None:
    """What `preread-health` ends with; None is health."""
    monkeypatch.setattr(sys, "argv", ["preread-health", *arguments])
    try:
        health.main()
    except SystemExit as end:
        return end.code
    return None


def test_accept_is_healthy_while_it_answers_associations(
    health: ModuleType, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no answer to an association" in str(status(health, monkeypatch, "accept"))
    with playing("accept", run_accept, ports[0]):
        assert status(health, monkeypatch, "accept") is None


def test_accept_that_takes_connections_and_says_nothing_is_not_healthy(
    health: ModuleType, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", ports[0])):
        assert "no answer to an association" in str(status(health, monkeypatch, "accept"))


def test_accept_that_rejects_the_check_is_healthy(
    health: ModuleType, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREREAD_ACCEPT__ALLOWED_CALLING_AE_TITLES", '["US1"]')
    with playing("accept", run_accept, ports[0]):
        assert status(health, monkeypatch, "accept") is None


def test_worklist_is_healthy_while_its_page_answers(
    health: ModuleType, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "worklist: " in str(status(health, monkeypatch, "worklist"))
    with playing("worklist", run_worklist, ports[1]):
        assert status(health, monkeypatch, "worklist") is None


@pytest.mark.parametrize("role", ["infer", "send"])
def test_workers_are_healthy_while_they_reach_the_ledger(
    health: ModuleType, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    open_ledger(load_settings()).close()
    with observed(load_settings(), role, threading.Event()):
        assert status(health, monkeypatch, role) is None

        monkeypatch.setenv(
            "PREREAD_LEDGER__URL", f"postgresql+psycopg://preread@127.0.0.1:{ports[0]}/preread"
        )
        assert f"{role}: " in str(status(health, monkeypatch, role))


@pytest.mark.parametrize("role", ["infer", "send"])
def test_a_worker_of_which_a_loop_hangs_is_not_healthy(
    health: ModuleType, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    monkeypatch.setenv("PREREAD_METRICS__STUCK_AFTER_S", "0.01")
    open_ledger(load_settings()).close()
    with observed(load_settings(), role, threading.Event()), LOOPS.running("the relay"):
        time.sleep(0.02)
        assert status(health, monkeypatch, role) == f"{role}: stuck: the relay"


def test_a_worker_that_is_not_there_is_not_healthy(
    health: ModuleType, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ledger(load_settings()).close()
    assert "send: " in str(status(health, monkeypatch, "send"))

    monkeypatch.setenv("PREREAD_METRICS__ENABLED", "false")
    assert status(health, monkeypatch, "send") is None, "nobody can be asked"


@pytest.mark.parametrize(
    ("command", "role"),
    [
        (("/opt/preread/bin/python", "/opt/preread/bin/preread", "accept"), "accept"),
        (("/sbin/docker-init", "--", "preread", "infer"), "infer"),
        (("python", "preread", "--config", "/etc/preread.toml", "run"), "run"),
        (("python", "preread", "--help"), None),
    ],
)
def test_role_is_the_one_that_the_container_runs(
    health: ModuleType, command: tuple[str, ...], role: str | None
) -> None:
    assert health.role_of("\0".join(command) + "\0") == role


def test_a_role_that_is_none_is_said(health: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "say which role" in str(status(health, monkeypatch, "assemble"))
