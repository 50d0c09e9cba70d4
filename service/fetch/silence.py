"""A guard that cuts a connection on which nothing moves for too long."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_LOOK_EVERY_S = 0.05


class SilenceGuard:
    """Cuts connections after `timeout_s` of silence, or at `deadline`, on the clock `time.monotonic`.

    pynetdicom's own limit is for one whole message, which at a slow link may take an hour and be well.
    """

    def __init__(self, timeout_s: float, deadline: float | None = None) -> None:
        self._timeout_s = timeout_s
        self._on_cut: Callable[[], object] = lambda: None
        self._deadline = deadline
        self._heard_at = time.monotonic()
        self._busy = False
        self._ended = threading.Event()
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, name="silence", daemon=True)
        self.has_cut = False

    def watch(self, connection: socket.socket, on_cut: Callable[[], object]) -> None:
        """Watch this connection, too. It is closed by `end`; `on_cut` is called after the cut."""
        self._on_cut = on_cut
        self._connections.append(connection)
        if not self._thread.is_alive():
            self._thread.start()

    def heard(self) -> None:
        """Something came, or was taken."""
        self._heard_at = time.monotonic()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While we are the one that is waited for, silence is no fault."""
        self._busy = True
        try:
            yield
        finally:
            self.heard()
            self._busy = False

    def end(self) -> None:
        """Watch no longer; close what was watched."""
        self._ended.set()
        for connection in self._connections:
            connection.close()

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            if self._is_over(time.monotonic()):
                self.has_cut = True
                for connection in self._connections:
                    with suppress(OSError):  # the peer was faster
                        connection.shutdown(socket.SHUT_RDWR)
                self._on_cut()
                return

    def _is_over(self, now: float) -> bool:
        if self._deadline is not None and now > self._deadline:
            return True
        return not self._busy and now - self._heard_at > self._timeout_s
