"""A peer's connection: few system calls, one buffer, and no wait without an end."""

import select
import socket
import time
from contextlib import suppress

from service.accept.stop_signal import StopSignal

BUFFER_BYTES = 512 * 1024
"""What one connection holds at most. Pages of it that were never filled take no memory."""
LINGER_S = 1.0
"""How long a peer may take to close after our last PDU."""


class PeerGone(Exception):  # noqa: N818 - named for what has happened
    """The peer has closed the connection, or the network has."""


class TooSlow(Exception):  # noqa: N818
    """The peer has not sent, or not taken, what was waited for in time."""


class Wire:
    """Reads and writes one connection. `deadline` (of time.monotonic) bounds every wait; move it on.

    Views that are returned are good until the next call. The connection is closed by `close` only, so that
    another thread may `cut` it.
    """

    def __init__(self, connection: socket.socket, stopping: StopSignal) -> None:
        connection.setblocking(False)
        self.deadline = 0.0
        self._socket = connection
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._from = self._to = 0
        self._readable = _poll(connection, select.POLLIN)
        self._readable_or_stopping = _poll(connection, select.POLLIN)
        self._readable_or_stopping.register(stopping, select.POLLIN)
        self._stopping = stopping
        self._writable = _poll(connection, select.POLLOUT)

    def take(self, count: int) -> memoryview:
        """Exactly `count` bytes, at most BUFFER_BYTES. Raises PeerGone, TooSlow."""
        while self._to - self._from < count:
            self._receive()
        self._from += count
        return self._buffer[self._from - count : self._from]

    def some(self, most: int) -> memoryview:
        """At least one byte and at most `most`: what has come. Raises PeerGone, TooSlow."""
        self.wait()
        count = min(most, self._to - self._from)
        self._from += count
        return self._buffer[self._from - count : self._from]

    def wait(self) -> None:
        """Wait until at least one byte can be taken. Raises PeerGone, TooSlow."""
        if self._from == self._to:
            self._receive()

    def wait_unless_stopping(self) -> bool:
        """As `wait`; False when the service stops before the peer sends."""
        if self._from == self._to:
            ready = self._readable_or_stopping.poll(self._left_ms())
            if any(descriptor == self._stopping.fileno() for descriptor, _ in ready):
                return False
            self._receive()
        return True

    def send(self, data: bytes) -> None:
        """Send all of it. Raises PeerGone, TooSlow."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                if not self._writable.poll(self._left_ms()):
                    raise TooSlow("the peer does not take its answer") from None
            except OSError as error:
                raise PeerGone(_why(error)) from error

    def cut(self) -> None:
        """End the connection; whoever waits for the peer sees that it has gone. Any thread may call this."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self, *, linger: bool) -> None:
        """Close. With `linger` after the peer has, or has had LINGER_S to: else it may lose our last PDU."""
        with suppress(OSError, PeerGone, TooSlow):
            if linger:
                self._socket.shutdown(socket.SHUT_WR)
                self.deadline = time.monotonic() + LINGER_S
                while True:
                    self._from = self._to = 0
                    self._receive()
        self._socket.close()

    def _receive(self) -> None:
        if self._from == self._to:
            self._from = self._to = 0
        elif self._to == BUFFER_BYTES:
            kept = bytes(self._buffer[self._from : self._to])
            self._buffer[: len(kept)] = kept
            self._from, self._to = 0, len(kept)
        self._to += self._received()

    def _received(self) -> int:
        try:
            while (count := self._received_now()) is None:
                _acknowledge_at_once(self._socket)
                if not self._readable.poll(self._left_ms()):
                    raise TooSlow("the peer did not send in time")
        except OSError as error:
            raise PeerGone(_why(error)) from error
        if count == 0:
            raise PeerGone("the peer closed the connection")
        return count

    def _received_now(self) -> int | None:
        """None where nothing has come. What has come is never too late: the disk may have kept us waiting."""
        try:
            return self._socket.recv_into(self._buffer[self._to :])
        except BlockingIOError:
            return None

    def _left_ms(self) -> float:
        return max(0.0, (self.deadline - time.monotonic()) * 1000)


def _acknowledge_at_once(connection: socket.socket) -> None:
    """Linux: do not hold acknowledgements back, for which peers without TCP_NODELAY wait 40 ms each.

    The system forgets this again, so it is asked for before each wait.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _poll(connection: socket.socket, event: int) -> select.poll:
    poll = select.poll()
    poll.register(connection, event)
    return poll


def _why(error: OSError) -> str:
    return f"the connection has ended: {error.strerror}"
