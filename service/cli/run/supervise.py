"""Keep the roles running: a process that dies is started again; when told to stop, all drain."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess

import structlog
from setproctitle import setproctitle

from service.cli.failure import EXIT_MISUSED, told_to_the_person
from service.cli.run.drain import SUPERVISOR_GRACE_S
from service.config.metrics import Role

log = structlog.get_logger()

Play = Callable[[Role, threading.Event], None]
"""Plays the role of this name until the event is set."""

# Forked, not started anew: what the supervisor has imported serves all roles, so that four of them start in
# the time of one and share that memory. The supervisor itself opens nothing and runs no thread: of a GPU,
# a connection or a lock that is held, a fork would get half.
FORK = multiprocessing.get_context("fork")
POLL_INTERVAL_S = 0.2
# A role that dies at once again and again is started more and more seldom.
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
# After this long a role counts as running well, and its pause starts afresh.
SETTLED_S = 60.0


class _Lifeline:
    """A pipe whose writing end only the supervisor holds: its end means that the supervisor is gone."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()

    def hold(self, stop: threading.Event) -> None:
        """In a role: set `stop` when the supervisor is gone, so that no role outlives it."""
        os.close(self._writer)
        threading.Thread(target=self._wait, args=(stop,), name="lifeline", daemon=True).start()

    def _wait(self, stop: threading.Event) -> None:
        os.read(self._reader, 1)
        stop.set()

    def close(self) -> None:
        """In the supervisor, once all roles have ended."""
        os.close(self._reader)
        os.close(self._writer)


@dataclass
class _Child:
    role: Role
    begin: Callable[[Role], None]
    process: ForkProcess = field(init=False)
    started_s: float = field(init=False)
    pause_s: float = FIRST_PAUSE_S
    due_s: float | None = None
    was_restarted: bool = False

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the process."""
        self.process = FORK.Process(target=self.begin, args=(self.role,), name=self.role)
        self.process.start()
        self.started_s = time.monotonic()
        self.due_s = None

    def plan_restart(self) -> None:
        """Start again after a pause, which grows while the role keeps dying."""
        now = time.monotonic()
        settled = now - self.started_s > SETTLED_S
        self.pause_s = FIRST_PAUSE_S if settled else min(self.pause_s * 2, LONGEST_PAUSE_S)
        self.due_s = now + self.pause_s
        self.was_restarted = True


def in_a_process_of_its_own(do: Callable[..., None], *arguments: object) -> int:
    """Do it where it leaves nothing behind. Returns the exit status; what failed was told to the person."""

    def begin() -> None:
        with told_to_the_person():
            do(*arguments)

    process = FORK.Process(target=begin)
    process.start()
    process.join()
    return process.exitcode or 0


def supervise(roles: Sequence[Role], play: Play, title: str, stop: threading.Event, drain_s: float) -> int:
    """Run every role until `stop` is set, then let them finish for `drain_s` seconds.

    `title` follows the role's name in the list of processes. Returns 0, or exit status 2 when a role cannot
    be configured.
    """
    lifeline = _Lifeline()

    def begin(role: Role) -> None:
        lifeline.hold(stop)
        setproctitle(f"preread {role} {title}".strip())
        with told_to_the_person():
            play(role, stop)

    children = [_Child(role, begin) for role in roles]
    status = 0
    while not stop.wait(POLL_INTERVAL_S):
        if any([_look_after(child) for child in children]):
            status = EXIT_MISUSED
            break
    _drain(children, drain_s)
    lifeline.close()
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
    code = child.process.exitcode
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
        child.process.terminate()
    for child in children:
        child.process.join(max(0.0, deadline - time.monotonic()))
        if child.process.exitcode is None:
            log.error("a role did not end in time and is killed; its work is done again", role=child.role)
            child.process.kill()
            child.process.join()
