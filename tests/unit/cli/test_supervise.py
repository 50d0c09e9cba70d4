import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from service.cli.failure import EXIT_MISUSED
from service.cli.run.supervise import in_a_process_of_its_own, supervise
from service.config.metrics import Role
from service.errors import ConfigurationError


class Roles:
    """Plays roles: notes every start, does what the test wants, and waits for the end."""

    def __init__(self, notes: Path, behave: Callable[[Role, int], None]) -> None:
        self.notes = notes
        self.notes.touch()
        self.behave = behave

    @property
    def started(self) -> list[str]:
        return self.notes.read_text().splitlines()

    def play(self, role: Role, stop: threading.Event) -> None:
        with self.notes.open("a") as file:
            file.write(role + "\n")
        self.behave(role, self.started.count(role))
        stop.wait()


class StopAfter(threading.Event):
    """Is set once so many roles have started. No thread waits for that: the supervisor forks."""

    def __init__(self, roles: Roles, count: int) -> None:
        super().__init__()
        self.roles, self.count, self.pid = roles, count, os.getpid()

    def wait(self, timeout: float | None = None) -> bool:
        if os.getpid() == self.pid and len(self.roles.started) >= self.count:
            self.set()
        return super().wait(timeout)


def test_role_that_dies_is_started_again(tmp_path: Path) -> None:
    def behave(role: Role, starts: int) -> None:
        if role == "infer" and starts == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    roles = Roles(tmp_path / "notes", behave)

    assert supervise(["accept", "infer"], roles.play, "", StopAfter(roles, 3), drain_s=30.0) == 0
    assert sorted(roles.started) == ["accept", "infer", "infer"]


def test_role_that_cannot_be_configured_stops_everything(tmp_path: Path) -> None:
    def behave(role: Role, starts: int) -> None:
        if role == "send":
            raise ConfigurationError("a key is wrong")

    roles = Roles(tmp_path / "notes", behave)

    assert supervise(["accept", "send"], roles.play, "", threading.Event(), 30.0) == EXIT_MISUSED


def test_role_that_ran_before_is_started_again_whatever_its_exit_status(tmp_path: Path) -> None:
    def behave(role: Role, starts: int) -> None:
        if starts <= 2:
            sys.exit(starts)  # 2 is EXIT_MISUSED

    roles = Roles(tmp_path / "notes", behave)

    assert supervise(["worklist"], roles.play, "", StopAfter(roles, 3), 30.0) == 0


def test_roles_drain_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    drained = tmp_path / "drained"

    def play(role: Role, stop: threading.Event) -> None:
        (tmp_path / role).touch()
        stop.wait()
        with drained.open("a") as file:
            file.write(role + "\n")

    roles: list[Role] = ["accept", "infer", "send"]
    if (pid := os.fork()) == 0:
        supervise(roles, play, "", threading.Event(), 30.0)
    _wait(lambda: all((tmp_path / role).exists() for role in roles))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

    _wait(lambda: drained.exists() and sorted(drained.read_text().split()) == sorted(roles))


def test_role_that_hangs_is_killed(tmp_path: Path) -> None:
    def behave(role: Role, starts: int) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (tmp_path / "hangs").touch()
        while True:
            time.sleep(1)

    roles = Roles(tmp_path / "notes", behave)

    class OnceItHangs(StopAfter):
        def wait(self, timeout: float | None = None) -> bool:
            if (tmp_path / "hangs").exists():
                self.set()
            return super().wait(timeout)

    assert supervise(["send"], roles.play, "", OnceItHangs(roles, 99), drain_s=-5.0) == 0


def test_what_is_done_in_a_process_of_its_own_leaves_its_status_alone(tmp_path: Path) -> None:
    def fail() -> None:
        raise ConfigurationError("a key is wrong")

    assert in_a_process_of_its_own((tmp_path / "seen").touch) == 0
    assert (tmp_path / "seen").exists()
    assert in_a_process_of_its_own(fail) == EXIT_MISUSED


def _wait(until: Callable[[], bool]) -> None:
    for _ in range(600):
        if until():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")
