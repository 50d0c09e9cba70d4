import threading
from pathlib import Path

import httpx
import pytest

from service.config import AcceptSettings, MetricsSettings, Settings
from service.config.metrics import ROLES
from service.config.peers import Peer
from service.telemetry.health import BEGUN, LOOPS
from service.wiring.observe import observed, scanners_of
from tests.servers.process import HOST, free_ports


def settings(tmp_path: Path, accept: AcceptSettings = AcceptSettings()) -> Settings:  # noqa: B008 - frozen
    metrics = MetricsSettings(port=free_ports(len(ROLES))[0], stuck_after_s=0.001)
    return Settings(data_folder=tmp_path, metrics=metrics, accept=accept)


def get(settings: Settings, role: str, path: str) -> tuple[int, str]:
    port = settings.metrics.port + ROLES.index(role)
    answer = httpx.get(f"http://{HOST}:{port}{path}")
    return answer.status_code, answer.text


def test_role_is_ready_from_its_beginning_until_it_is_told_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.telemetry.health.CHECK_EVERY_S", 0.0)
    chosen, stop = settings(tmp_path), threading.Event()
    with observed(chosen, "send", stop):
        assert get(chosen, "send", "/readyz") == (503, "the role has not begun, or has ended\n")
        BEGUN.tell()
        assert get(chosen, "send", "/readyz") == (200, "ok\n")
        stop.set()
        assert get(chosen, "send", "/readyz") == (503, "the process is stopping\n")
    assert not BEGUN


def test_stuck_loop_ends_the_process_of_an_orchestrator(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with observed(chosen, "infer", threading.Event()):
        assert get(chosen, "infer", "/livez") == (200, "ok\n")
        with LOOPS.running("study 1"):
            threading.Event().wait(0.01)
            assert get(chosen, "infer", "/livez") == (503, "stuck: study 1\n")
            assert "preread_loops_stuck 1.0" in get(chosen, "infer", "/metrics")[1]


def test_only_accept_tells_of_the_ledger(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    for role, tells in (("accept", True), ("worklist", False)):
        with observed(chosen, role, threading.Event()):  # type: ignore[arg-type]
            page = get(chosen, role, "/metrics")[1]
        assert ("preread_ledger_up 1.0" in page) is tells
        assert f'preread_role_info{{role="{role}"' in page


@pytest.mark.parametrize(("durability", "ready"), [("journal", True), ("direct", False)])
def test_accept_with_a_journal_is_ready_while_the_ledger_is_away(
    tmp_path: Path, durability: str, ready: bool
) -> None:
    (tmp_path / "ledger.sqlite3").mkdir()
    chosen = settings(tmp_path, accept=AcceptSettings(durability=durability))  # type: ignore[arg-type]
    with observed(chosen, "accept", threading.Event()):
        BEGUN.tell()
        assert (get(chosen, "accept", "/readyz")[0] == 200) is ready
        assert "preread_ledger_up 0.0" in get(chosen, "accept", "/metrics")[1]


def test_off_is_off(tmp_path: Path) -> None:
    chosen = Settings(data_folder=tmp_path, metrics=MetricsSettings(enabled=False, port=free_ports(4)[0]))
    with observed(chosen, "accept", threading.Event()), pytest.raises(httpx.ConnectError):
        get(chosen, "accept", "/metrics")


def test_scanners_are_those_of_the_configuration() -> None:
    accept = AcceptSettings(peers=(Peer(ae_title="US1"),), allowed_calling_ae_titles=("MG1",))
    assert scanners_of(Settings(accept=accept)) == {"US1", "MG1"}
