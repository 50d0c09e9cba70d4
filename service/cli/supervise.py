"""Keep the roles running: a process that dies is started again; when told to stop, all drain."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from service.cli.drain import SUPERVISOR_GRACE_S

log = structlog.get_logger()

EXIT_MISUSED = 2
POLL_INTERVAL_S = 0.2
# A role that dies at once again and again is started more and more seldom.
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
# After this long a role counts as running well, and its pause starts afresh.
SETTLED_S = 60.0


@dataclass
class _Child:
    role: str
    command: list[str]
    process: subprocess.Popen[bytes] = field(init=False)
    started_s: float = field(init=False)
    pause_s: float = FIRST_PAUSE_S
    due_s: float | None = None
    was_restarted: bool = False

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the process; it ends by itself when its standard input does, so it never outlives us."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE)
        self.started_s = time.monotonic()
        self.due_s = None

    def plan_restart(self) -> None:
        """Start again after a pause, which grows while the role keeps dying."""
        if self.process.stdin:
            self.process.stdin.close()
        now = time.monotonic()
        settled = now - self.started_s > SETTLED_S
        self.pause_s = FIRST_PAUSE_S if settled else min(self.pause_s * 2, LONGEST_PAUSE_S)
        self.due_s = now + self.pause_s
        self.was_restarted = True


def supervise(roles: Sequence[str], config: Path | None, stop: threading.Event, drain_s: float) -> int:
    """Run every role until `stop` is set, then let them finish for `drain_s` seconds.

    Returns 0, or exit status 2 when a role cannot be configured.
    """
    options = ["--config", str(config)] if config else []
    base = [sys.executable, "-m", "service.cli.main", *options]
    children = [_Child(role, [*base, role, "--stop-with-parent"]) for role in roles]
    status = 0
    while not stop.wait(POLL_INTERVAL_S):
        if any([_look_after(child) for child in children]):
            status = EXIT_MISUSED
            break
    _drain(children, drain_s)
    return status


def _look_after(child: _Child) -> bool:
    """Restart a dead child when its pause is over. Returns whether its configuration cannot be used.

    One that could be used stays: what a role complains of at a restart, such as a port that is taken just
    now, is no reason to end the others.
    """
    if child.due_s is not None:
        if time.monotonic() >= child.due_s:
            child.start()
        return False
    code = child.process.poll()
    if code is None:
        return False
    if code == EXIT_MISUSED and not child.was_restarted:
        return True
    child.plan_restart()
    log.error("a role ended and is started again", role=child.role, exit_status=code, pause_s=child.pause_s)
    return False


def _drain(children: Sequence[_Child], drain_s: float) -> None:
    """Let every role finish what it has in hand; kill what is not done in time."""
    deadline = time.monotonic() + drain_s + SUPERVISOR_GRACE_S
    for child in children:
        if child.process.stdin:
            child.process.stdin.close()
        child.process.terminate()
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error("a role did not end in time and is killed; its work is done again", role=child.role)
            child.process.kill()
            child.process.wait()
