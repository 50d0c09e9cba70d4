import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from service.cli.supervise import EXIT_MISUSED, supervise

# Plays a role: notes its start, and ends as the test wants, or when its standard input does.
ROLE = """
import pathlib, sys
notes = pathlib.Path({notes!r})
with notes.open("a") as file:
    file.write(sys.argv[-2] + "\\n")
starts = notes.read_text().splitlines().count(sys.argv[-2])
{behaviour}
sys.stdin.buffer.read()
"""


class Roles:
    """Replaces `python -m service.cli.main` by a small script."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str) -> None:
        self.notes = folder / "notes"
        self.notes.touch()
        script = folder / "role.py"
        script.write_text(ROLE.format(notes=str(self.notes), behaviour=behaviour))
        start = subprocess.Popen

        def popen(command: list[str], **options: object) -> object:
            return start([sys.executable, str(script), *command[-2:]], **options)  # type: ignore[call-overload]

        monkeypatch.setattr(subprocess, "Popen", popen)

    def wait_for_starts(self, count: int) -> list[str]:
        for _ in range(600):
            started = self.notes.read_text().splitlines()
            if len(started) >= count:
                return started
            time.sleep(0.05)
        raise AssertionError(f"only {started} started")


def test_role_that_dies_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roles = Roles(tmp_path, monkeypatch, "if sys.argv[-2] == 'infer' and starts == 1: sys.exit(1)")
    stop, status = threading.Event(), []
    thread = threading.Thread(
        target=lambda: status.append(supervise(["accept", "infer"], None, stop, drain_s=30.0))
    )
    thread.start()

    started = roles.wait_for_starts(3)
    stop.set()
    thread.join()

    assert sorted(started) == ["accept", "infer", "infer"]
    assert status == [0]


def test_role_that_cannot_be_configured_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Roles(tmp_path, monkeypatch, f"if sys.argv[-2] == 'send': sys.exit({EXIT_MISUSED})")

    assert supervise(["accept", "send"], None, threading.Event(), 30.0) == EXIT_MISUSED


def test_role_that_ran_before_is_started_again_whatever_its_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour = f"if starts == 1: sys.exit(1)\nif starts == 2: sys.exit({EXIT_MISUSED})"
    roles = Roles(tmp_path, monkeypatch, behaviour)
    stop, status = threading.Event(), []
    thread = threading.Thread(target=lambda: status.append(supervise(["worklist"], None, stop, 30.0)))
    thread.start()

    roles.wait_for_starts(3)
    stop.set()
    thread.join()

    assert status == [0]
