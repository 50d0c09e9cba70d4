"""A network link that can fail: a TCP proxy between the service and a server."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.process import HOST

PIECE_BYTES = 4096
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with which close() sends RST: the peer learns at once."""


class Link:
    """Passes connections on to `target_port`, unless it is told otherwise."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self._bytes_per_s: float | None = None
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Reset every connection, and each new one, until `mend`."""
        self._is_cut = True
        self.reset()

    def slow(self, bytes_per_s: float) -> None:
        """Pass on no more than this on each connection and direction, until `mend`."""
        self._bytes_per_s = bytes_per_s

    def mend(self) -> None:
        """Pass everything on again, as fast as it comes."""
        self._is_cut, self._bytes_per_s = False, None

    def lead_to(self, target_port: int) -> None:
        """Lead to another server from now on; connections with the one before are reset."""
        self.target_port = target_port
        self.reset()

    def reset(self) -> None:
        """Reset every connection there is."""
        with self._lock:
            there = list(self._open)
        for one in there:
            self._close(one)

    def close(self) -> None:
        """End."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _target(self) -> int:
        return self.target_port

    def _connect(self, client: socket.socket) -> None:
        if self._is_cut:
            self._close(client)
            return
        try:
            server = socket.create_connection((HOST, self._target()), 5.0)
        except OSError:
            self._close(client)
            return
        server.settimeout(None)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open.add(server)
        threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()
        self._pass_on(client, server)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                if (bytes_per_s := self._bytes_per_s) is not None:
                    time.sleep(len(piece) / bytes_per_s)
                target.sendall(piece)
        self._close(source)
        self._close(target)

    def _close(self, one: socket.socket) -> None:
        with self._lock:
            self._open.discard(one)
        with contextlib.suppress(OSError):
            if self._is_cut:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def link(target_port: int) -> Iterator[Link]:
    """A link that passes on, closed at the end."""
    proxy = Link(target_port)
    try:
        yield proxy
    finally:
        proxy.close()
