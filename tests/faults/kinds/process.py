"""Processes of the service that die or stall."""

import os
import random
import signal
from contextlib import suppress

import httpx

from tests.faults.kinds.fault import Fault
from tests.faults.site import LEASE_S, Site
from tests.servers.process import ServerProcess


class RoleKilled(Fault):
    """SIGKILL to one role. The supervisor starts it again."""

    def __init__(self, site: Site, role: str) -> None:
        super().__init__(f"{role} killed", role, (0.0, 0.5))
        self._site, self._role = site, role

    def begin(self, rng: random.Random) -> None:
        if (pid := _pid_of(self._site, self._role)) is not None:
            _signal(pid, signal.SIGKILL)

    def end(self) -> None:
        """Nothing: starting it again is the supervisor's."""


class RoleStalled(Fault):
    """SIGSTOP to one role for longer than a lease."""

    def __init__(self, site: Site, role: str) -> None:
        super().__init__(f"{role} stalled", role, (LEASE_S + 1.0, LEASE_S + 4.0))
        self._site, self._role = site, role
        self._pid: int | None = None

    def begin(self, rng: random.Random) -> None:
        self._pid = _pid_of(self._site, self._role)
        if self._pid is not None:
            _signal(self._pid, signal.SIGSTOP)

    def end(self) -> None:
        if self._pid is not None:
            _signal(self._pid, signal.SIGCONT)


class WorkerOvertaken(RoleStalled):
    """The worker stalls, another one does its work meanwhile, and then it goes on."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, "infer")
        self.name = "infer overtaken"
        self.lasts_s = (LEASE_S + 8.0, LEASE_S + 12.0)  # the other one has to start first
        self._other: ServerProcess | None = None

    def begin(self, rng: random.Random) -> None:
        super().begin(rng)
        preread, broker = self._site.preread, self._site.servers.broker
        if broker is not None:
            # RabbitMQ would notice after two lost heartbeats, which is a minute.
            with suppress(httpx.HTTPError):  # it is away just now
                broker.node.close_connections("infer")
        self._other = ServerProcess(
            preread.command("infer"), preread.folder / "other-infer.log", preread.environment
        )

    def end(self) -> None:
        super().end()
        if self._other is not None:
            self._other.stop()
            self._other = None


class ServiceKilled(Fault):
    """SIGKILL to every process of the service at once; later it is started again."""

    def __init__(self, site: Site) -> None:
        super().__init__("service killed", "service", (1.0, 3.0))
        self._preread = site.preread

    def begin(self, rng: random.Random) -> None:
        self._preread.kill()

    def end(self) -> None:
        self._preread.start()


def _pid_of(site: Site, role: str) -> int | None:
    """None while the role is not running: another fault has ended it."""
    with suppress(ValueError):
        return site.preread.pid_of(role)
    return None


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
