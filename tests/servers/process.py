"""Server processes: start, wait until they listen, and stop them with everything they started."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"
PORTS = range(12_000, 32_000)
PROCESSES = 8
"""Of tests, side by side: so many shares the ports have."""
_GIVEN: set[int] = set()
"""Ports that this process has given: who got one may not listen on it yet."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on.

    Below those that Linux gives to outgoing connections: one of these could take it while its server is down.
    """
    ours = _ports_of_this_process()
    while True:
        port = ours.start + secrets.randbelow(len(ours))
        if port in _GIVEN:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            _give(port, ours)
            return port


def free_ports(count: int) -> list[int]:
    """Ports that follow each other."""
    while True:
        first = free_port()
        ports = list(range(first, first + count))
        if not _GIVEN.isdisjoint(ports[1:]):
            continue
        with suppress(OSError), ExitStack() as probes:
            for port in ports:
                probes.enter_context(socket.socket()).bind((HOST, port))
            _GIVEN.update(ports)
            return ports


def _ports_of_this_process() -> range:
    """What one process has given, and nobody listens on yet, is never another's."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
    share = len(PORTS) // PROCESSES
    return PORTS[worker * share : (worker + 1) * share]


def _give(port: int, ours: range) -> None:
    if len(_GIVEN) > len(ours) // 2:  # the first of them are free again long since
        _GIVEN.clear()
    _GIVEN.add(port)


@contextmanager
def temporary_folder(name: str) -> Iterator[Path]:
    """A new folder, deleted at the end. Not pytest's: other users, as servers may be, cannot enter that."""
    folder = Path(tempfile.mkdtemp(prefix=f"preread-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class ServerProcess:
    """A server in a process group of its own; its output goes to `log`.

    `user` runs it as another user; None as the one who runs the tests.
    """

    def __init__(
        self,
        command: list[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=log.parent,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )

    @property
    def pid(self) -> int:
        """The process that was started, which leads the group."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process that was started has not ended."""
        return self._process.poll() is None

    def wait_until(self, ready: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Return once `ready()` is true. Raises RuntimeError, with the log, if it ends or is too slow."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if self._process.poll() is not None:
                raise RuntimeError(f"ended with {self._process.returncode}:\n{self._last_output()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"not ready after {timeout_s} s:\n{self._last_output()}")
            time.sleep(0.05)

    def wait_for_port(self, port: int) -> None:
        """Return once `port` takes connections."""
        self.wait_until(lambda: listens(port))

    def wait(self) -> int:
        """The exit status, once the server has ended by itself."""
        return self._process.wait(60)

    def terminate(self) -> None:
        """SIGTERM, without waiting for the end."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = 30.0) -> None:
        """Signal the server, wait for its end, and kill what is left of its group."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, as a loss of power would end it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _last_output(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


def end_well_on_sigterm() -> None:
    """For a program that starts servers: SIGTERM ends it as Ctrl-C does, and the servers with it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def listens(port: int) -> bool:
    """Whether something takes connections on this port of the loopback interface."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False
